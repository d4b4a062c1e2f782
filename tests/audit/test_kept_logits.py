import json

import numpy as np
import pytest
from datasets import Dataset, Features, Value
from ready_classifiers import text_classifier

from abstain import InputError, SelectiveClassifier, read_predictions, released_checkpoint
from abstain.audit import Data, Kept, Run, kept_logits, run_model
from abstain.audit.kept_logits import made_by, made_of

KEY = {"weights": "w", "samples": "s"}
CHECKPOINT = str(released_checkpoint("mlp_noisy_digits_a0_s0"))


def said_of(rows):
    """Logits, labels and images of some samples, which tell their numbers."""
    numbers = np.array(rows)
    return np.eye(3, dtype=np.float32)[numbers % 3] * (1 + numbers[:, None]), numbers % 3, numbers // 2


class Maker:
    """Makes the logits of rows, and counts what it made."""

    def __init__(self, stops_at=None):
        self.made, self.stops_at = [], stops_at

    def __call__(self, rows):
        if rows.start == self.stops_at:
            raise KeyboardInterrupt
        self.made.append(rows.start)
        return said_of(rows)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_logits_are_made_once_of_the_same(tmp_path):
    told, make = [], Maker()
    kept = Kept(tmp_path, tell=told.append)
    for _ in range(2):
        assert_same(kept.of("runs/a b", "test", KEY, 10, make), said_of(range(10)))
    (sentence,) = told
    assert make.made == [0] and "of runs/a b on 10 of 10 samples of test are read from" in sentence
    kept.of("runs/a b", "test", KEY | {"weights": "others"}, 10, make)
    kept.of("runs/a b", "validation", KEY, 10, make)
    assert make.made == [0, 0, 0] and names_in(kept.of_model("runs/a b")) == ["test.parquet", "validation.parquet"]


def test_what_is_damaged_or_was_written_by_another_is_made_again(tmp_path):
    kept, make = Kept(tmp_path), Maker()
    path = kept.of_model("m") / "test.parquet"
    said = kept.of("m", "test", KEY, 10, make)
    path.write_bytes(path.read_bytes()[:-20])
    assert_same(kept.of("m", "test", KEY, 10, make), said)
    kept.write("m", "test", read_predictions({"logits": np.zeros((10, 3)), "label": np.zeros(10, int)}))
    assert_same(kept.of("m", "test", KEY, 10, make), said)
    assert make.made == [0, 0, 0]


def test_pieces_that_are_whole_are_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_logits, "PIECE", 4)
    told, make = [], Maker(stops_at=8)
    kept = Kept(tmp_path, tell=told.append)
    with pytest.raises(KeyboardInterrupt):
        kept.of("m", "test", KEY, 10, make)
    assert names_in(tmp_path / "m") == [".test-0.parquet", ".test-4.parquet"]
    again = Maker()
    assert_same(kept.of("m", "test", KEY, 10, again), said_of(range(10)))
    assert (make.made, again.made) == ([0, 4], [8]) and names_in(tmp_path / "m") == ["test.parquet"]
    assert [sentence.split(" are read")[0] for sentence in told] == ["the logits of m on 8 of 10 samples of test"]
    (tmp_path / "m" / ".test-4.parquet").write_bytes(b"left by a run that was stopped at the end")
    kept.of("m", "test", KEY, 10, again)
    assert again.made == [8] and names_in(tmp_path / "m") == ["test.parquet"]


def test_no_samples_are_asked_for_once(tmp_path):
    with pytest.raises(ZeroDivisionError):
        Kept(tmp_path).of("m", "test", KEY, 0, lambda rows: 1 // len(rows))


def test_what_is_kept_of_other_data_does_not_stay_beside(tmp_path):
    kept = Kept(tmp_path)
    for part in ("test", "validation"):
        kept.of("m", part, KEY, 10, Maker())
    kept.leave_only("m", ["test"])
    assert names_in(tmp_path / "m") == ["test.parquet"]


def test_a_model_that_does_not_run_costs_nothing_that_is_kept(tmp_path):
    kept = Kept(tmp_path)
    for part in ("test", "validation"):
        kept.of("no/such-model", part, KEY, 10, Maker())
    data = {"test": Data(name="noisy_digits_rows", max_samples=5).read()["test"]}
    with pytest.raises(InputError):
        run_model("no/such-model", data, None, Run(kept=kept))
    assert names_in(kept.of_model("no/such-model")) == ["test.parquet", "validation.parquet"]


def test_no_two_models_share_a_folder(tmp_path):
    kept = Kept(tmp_path)
    names = ("runs/a b", "runs_a_b", "runs/a_b", "../runs_a_b", "/", "größe")
    folders = {kept.of_model(name) for name in names}
    assert len(folders) == len(names) and {folder.parent for folder in folders} == {tmp_path}
    assert kept.of_model("runs_a_b") == tmp_path / "runs_a_b"


def test_every_cell_name_and_weight_tells_what_logits_are_made_of():
    samples = Data(name="noisy_digits_rows", max_samples=2000).read()["test"]
    one, other = (
        SelectiveClassifier.from_pretrained(str(released_checkpoint(f"mlp_noisy_digits_{alpha}_s0")), device="cpu")
        for alpha in ("a0", "a0.4")
    )
    of = made_of(samples)
    assert json.loads(json.dumps(of)) == of
    assert made_by(one) == made_by(SelectiveClassifier.from_pretrained(CHECKPOINT)) != made_by(other)
    labels = list(samples["label"])
    labels[1] = (labels[1] + 1) % 10  # between the rows of a sample of them
    changed = samples.remove_columns("label").add_column("label", labels)
    told = [of, made_of(changed), made_of(samples.rename_column("label", "digit"))]
    assert len({json.dumps(one, sort_keys=True) for one in told}) == len(told)


def test_two_tokenizers_of_as_many_words_are_told_apart():
    one, other = text_classifier(), text_classifier()
    backend = json.loads(other.processor.backend_tokenizer.to_str())
    words = backend["model"]["vocab"]
    first, second = list(words)[-2:]
    words[first], words[second] = words[second], words[first]
    other.processor._tokenizer = type(other.processor.backend_tokenizer).from_str(json.dumps(backend))
    assert repr(one.processor) == repr(other.processor)
    assert made_by(one)["processor"] != made_by(other)["processor"]


def test_another_column_of_labels_gives_its_labels(tmp_path):
    rows = Data(name="noisy_digits_rows", max_samples=50).read()["test"]
    rows = rows.add_column("second", [(label + 1) % 10 for label in rows["label"]])
    rows = rows.cast(Features({**rows.features, "second": rows.features["label"]}))
    run = Run(device="cpu", kept=Kept(tmp_path))
    for column in ("label", "second"):
        data = {"test": rows.remove_columns("second" if column == "label" else "label")}
        assert run_model(CHECKPOINT, data, column, run)["test"].labels.tolist() == list(rows[column])


def test_labels_are_read_of_all_samples_before_the_first_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_logits, "PIECE", 4)
    texts = Dataset.from_dict(
        {"text": ["a"] * 12, "label": ["cat"] * 11 + ["elk"]},
        Features({"text": Value("string"), "label": Value("string")}),
    )
    text_classifier().save_pretrained(tmp_path / "model")
    run = Run(device="cpu", kept=Kept(tmp_path / "k"))
    with pytest.raises(InputError, match="the split 'test' has the label 'elk'"):
        run_model(str(tmp_path / "model"), {"test": texts}, None, run)
    assert not (tmp_path / "k").exists()
