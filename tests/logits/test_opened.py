import contextlib
import io

import datasets
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from abstain import InputError
from abstain.logits import hold_out, open_predictions, read_or_open, read_predictions
from abstain.logits.held_out import check_apart
from abstain.report.evaluate import evaluate_batches

N, K = 300, 5


def made(seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, K, N)
    logits = generator.standard_normal((N, K)).astype(np.float32)
    logits[np.arange(N), labels] += 1.5
    return logits, labels


LOGITS, LABELS = made()
PROBABILITIES = torch.from_numpy(LOGITS).softmax(dim=1).numpy()
ROUNDED_BEYOND = np.vstack([[1 + 2**-23, -(2**-24), 0, 0, 0], PROBABILITIES[1:]])
NAMES = np.array(["cat", "dog", "emu", "fox", "gnu"])


def lists(values, name="logits", labels=LABELS, **more):
    return pd.DataFrame({name: list(values), "label": labels, **more})


def wide(values, stem="logit", labels=LABELS):
    return pd.DataFrame({f"{stem}_{k}": values[:, k] for k in range(values.shape[1])} | {"label": labels})


def written(tmp_path, frame, group=7):
    """A file of row groups of a few rows each, so that batches end everywhere."""
    path = tmp_path / "test.parquet"
    frame.to_parquet(path, row_group_size=group)
    return path


TABLES = {
    "lists": (lists(LOGITS), {}),
    "float16": (lists(LOGITS.astype(np.float16)), {}),
    "float64": (lists(LOGITS.astype(np.float64)), {}),
    "wide": (wide(LOGITS), {}),
    "told": (lists(LOGITS, "mine"), {"input": "logits", "logit_columns": "mine"}),
    "probabilities": (lists(PROBABILITIES, "probabilities"), {}),
    "no name that tells": (lists(PROBABILITIES, "values"), {}),
    "beyond the ends by rounding": (lists(ROUNDED_BEYOND, "values"), {}),
    "rounded": (lists(PROBABILITIES.round(2), "probabilities"), {}),
    "wide probabilities": (wide(PROBABILITIES, "prob"), {"input": "probabilities"}),
    "log-probabilities": (lists(np.log(PROBABILITIES), "values"), {}),
    "probabilities at first, logits at last": (lists(np.vstack([PROBABILITIES[:100], LOGITS[100:]]), "values"), {}),
    "one logit": (pd.DataFrame({"logit": LOGITS[:, 0], "label": LABELS % 2}), {}),
    "one probability": (pd.DataFrame({"probability": PROBABILITIES[:, 0], "label": LABELS % 2}), {}),
    "ignored": (lists(LOGITS, labels=np.where(LABELS == 3, -100, LABELS)), {"ignore_index": -100}),
    "ignored for long": (lists(LOGITS, labels=np.where(np.arange(N) < 200, 255, LABELS)), {"ignore_index": 255}),
    "labels that are names": (wide(LOGITS, labels=NAMES[LABELS]), {"class_names": list(NAMES)}),
    "labels by default names": (lists(LOGITS, labels=[f"LABEL_{k}" for k in LABELS]), {}),
    "columns by default names": (wide(LOGITS, "LABEL"), {}),
    "one class has no label": (
        pd.DataFrame({f"prob_{name}": PROBABILITIES[:, k] for k, name in enumerate(NAMES)}).assign(
            label=NAMES[LABELS % 4], age=1.5
        ),
        {},
    ),
    "columns called as the labels": (
        pd.DataFrame({name: LOGITS[:, k] for k, name in enumerate(NAMES)} | {"label": NAMES[LABELS]}),
        {},
    ),
    "one-hot": (lists(LOGITS, labels=list(np.eye(K, dtype=int)[LABELS])), {}),
    "labels as floats": (lists(LOGITS, labels=LABELS.astype(float)), {}),
    "pixels": (lists(LOGITS, sample=np.arange(N) // 30, other=1), {}),
}


@pytest.mark.filterwarnings("ignore:logits are float16")
@pytest.mark.parametrize("case", TABLES)
def test_what_is_read_in_batches_is_what_is_read_at_once(tmp_path, case):
    frame, told = TABLES[case]
    path = written(tmp_path, frame)
    whole, opened = read_predictions(path, **told), open_predictions(path, **told)
    assert (opened.kind, opened.used, len(opened)) == (whole.kind, whole.used, len(whole))
    assert (opened.class_names, opened.n_ignored) == (whole.class_names, whole.n_ignored)
    assert (opened.sample is None) == (whole.sample is None)
    joined = list(opened.batches())
    assert torch.cat([batch.values for batch in joined]).equal(whole.values)
    assert np.concatenate([batch.labels for batch in joined]).tolist() == whole.labels.tolist()
    half = np.arange(len(whole)) % 2 == 0
    reports = [
        evaluate_batches(one.taken(half).in_batches(), one.taken(~half).in_batches()).to_dict()
        for one in (whole, opened)
    ]
    assert reports[0] == reports[1]
    assert opened.whole().values.equal(whole.values)
    assert opened.taken(half).whole().labels.tolist() == whole.labels[half].tolist()


def test_batches_end_where_the_file_s_groups_do(tmp_path):
    opened = open_predictions(written(tmp_path, lists(LOGITS), group=7))
    pieces = [len(labels) for _, labels in opened.in_batches().read(10)]
    assert sum(pieces) == N and max(pieces) <= 10 and len(pieces) >= N // 10


def test_shards_splits_and_data_sets_are_read_in_batches(tmp_path):
    frame = wide(LOGITS)
    folder = tmp_path / "shards"
    folder.mkdir()
    for shard in range(3):
        part = frame[shard * 100 : (shard + 1) * 100]
        part = part.astype({"logit_0": np.float64}) if shard else part  # all are as wide as the widest
        part.to_parquet(folder / f"test-0000{shard}-of-00003.parquet")
    data = datasets.Dataset.from_pandas(frame)
    datasets.DatasetDict(test=data, validation=data).save_to_disk(tmp_path / "disk")
    whole = read_predictions(folder).values
    sources = [(folder, {}), (data, {}), (tmp_path / "disk", {"split": "test"})]
    for source, told in sources:
        values = torch.cat([batch.values for batch in open_predictions(source, **told).batches()])
        assert values.equal(whole.to(values.dtype)), source


def test_labels_apart_come_with_their_rows(tmp_path):
    path = written(tmp_path, lists(LOGITS).drop(columns="label"))
    np.save(tmp_path / "labels.npy", LABELS)
    opened = open_predictions(path, labels=tmp_path / "labels.npy")
    assert np.concatenate([batch.labels for batch in opened.batches()]).tolist() == LABELS.tolist()
    with pytest.raises(InputError, match="has 300 rows, and there are 299 labels"):
        list(open_predictions(path, labels=LABELS[1:]).batches())


PERCENT = 100 * PROBABILITIES.round(4)


@pytest.mark.parametrize(
    ("values", "told", "message"),
    [
        (np.vstack([LOGITS[:10], PERCENT[10:]]), {}, "the rows sum to 100, as percent do"),
        (np.vstack([LOGITS[:1], PROBABILITIES[1:]]), {}, "most rows look like probabilities, but row 0 "),
        (np.vstack([PROBABILITIES[:-1], LOGITS[-1:]]), {}, "most rows look like probabilities, but row 299 "),
        (LOGITS, {"input": "probabilities"}, 'row 0 .counted from 0. .*, which input="probabilities" rules out'),
        (np.vstack([PROBABILITIES[:-1], LOGITS[-1:]]), {"input": "probabilities"}, "^in .* row 299 "),
        (LOGITS, {"input": "log-probabilities"}, "the exponentials of row 0 .counted from 0. do not sum to 1"),
    ],
)
def test_two_readings_are_refused_before_a_number_is_out(tmp_path, values, told, message):
    path = written(tmp_path, lists(values, "values"))
    for read in (
        read_predictions,
        lambda *args, **kwargs: evaluate_batches(open_predictions(*args, **kwargs).in_batches()),
    ):
        with pytest.raises(InputError, match=message):
            read(path, **told)


def test_names_that_contradict_the_values_are_refused(tmp_path):
    with pytest.raises(InputError, match="the names say probabilities, but the values are logits"):
        _ = open_predictions(written(tmp_path, lists(LOGITS, "probabilities"))).kind


BAD = {
    "infinite": (np.where(np.arange(N)[:, None] == 250, np.inf, LOGITS), "1 of .* rows.* hold NaN or infinite values"),
    "widths": ([row[: 4 if i == 250 else 5] for i, row in enumerate(LOGITS)], "has rows of 4 and of 5 numbers"),
    "empty": ([None if i == 250 else row for i, row in enumerate(LOGITS)], "has empty cells, the first in row 250 "),
    "no number": ([[None, *row[1:]] if i == 250 else list(row) for i, row in enumerate(LOGITS)], "in row 250 "),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_far_down_is_one_sentence(tmp_path, case):
    values, message = BAD[case]
    path = written(tmp_path, lists(values))
    with pytest.raises(InputError, match=message):
        evaluate_batches(open_predictions(path).in_batches())


def test_labels_that_are_no_classes_are_refused(tmp_path):
    with pytest.raises(InputError, match="a label is 7, but must be from 0 to 4"):
        list(open_predictions(written(tmp_path, lists(LOGITS, labels=np.append(LABELS[:-1], 7)))).batches())
    with pytest.raises(InputError, match="every label is 3, which is ignored, but at least one sample is needed"):
        read_or_open(written(tmp_path, lists(LOGITS, labels=np.full(N, 3))), large=1, ignore_index=3)


@pytest.mark.parametrize("ignore_index", [None, 3])
def test_soft_labels_far_down_name_their_row(tmp_path, ignore_index):
    soft = np.eye(K)[LABELS]
    soft[250] = 1 / K
    with pytest.raises(InputError, match=r"a label is 0\.2, .* mend row 250 \(counted from 0\)"):
        opened = read_or_open(written(tmp_path, lists(LOGITS, labels=list(soft))), large=1, ignore_index=ignore_index)
        list(opened.batches())


def test_a_damaged_group_in_the_middle_names_its_file(tmp_path):
    for shard in range(2):
        frame = lists(LOGITS)[150 * shard : 150 * (shard + 1)]
        frame.to_parquet(tmp_path / f"test-0000{shard}-of-00002.parquet", row_group_size=15, compression="gzip")
    path = tmp_path / "test-00001-of-00002.parquet"
    column = pq.read_metadata(path).row_group(5).column(0)
    content = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    content[start + 8 : start + column.total_compressed_size] = bytes(column.total_compressed_size - 8)
    path.write_bytes(content)
    opened = open_predictions(tmp_path, split="test")
    assert opened.kind == "logits"
    with pytest.raises(
        InputError, match=r"test-00001-of-00002.parquet' cannot be read as .parquet \(.*write or download it anew"
    ):
        list(opened.batches())


def test_a_share_is_held_out_as_of_predictions_in_memory(tmp_path):
    path = written(tmp_path, lists(LOGITS))
    parts = [hold_out(read(path), 0.3, seed=4) for read in (read_predictions, open_predictions)]
    for whole, opened in zip(*parts, strict=True):
        assert opened.whole().values.equal(whole.values) and len(opened) == len(whole)
        assert torch.cat([batch.values for batch in opened.batches()]).equal(whole.values)
        third = hold_out(opened, 0.5, seed=0)[0]
        assert third.whole().values.equal(hold_out(whole, 0.5, seed=0)[0].values), "a part of a part"
    check_apart(*parts[1])
    with pytest.raises(InputError, match="the validation samples are the test samples"):
        check_apart(open_predictions(path), read_predictions(path))


def test_a_bar_is_drawn_on_terminals_alone(tmp_path, capsys):
    opened = open_predictions(written(tmp_path, lists(LOGITS)))
    list(opened.batches())
    assert capsys.readouterr().err == ""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    with contextlib.redirect_stderr(Terminal()) as terminal:
        list(opened.batches())
    assert "reading:" in terminal.getvalue()


def test_damage_is_no_reason_to_measure_less(tmp_path):
    path = written(tmp_path, lists(PROBABILITIES, "probabilities"), group=50)
    opened = open_predictions(path)
    batches = opened.in_batches()
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"test.parquet' cannot be read as .parquet"):
        evaluate_batches(read_predictions(lists(PROBABILITIES, "probabilities")).in_batches(), batches)


def test_two_readings_of_a_part_are_those_of_the_whole(tmp_path):
    values = np.vstack([PROBABILITIES[:140], LOGITS[140:]])  # less than half look like probabilities
    opened = open_predictions(written(tmp_path, lists(values, "values")))
    part = opened.taken(np.arange(N) < 150)
    assert sum(len(batch) for batch in part.batches()) == 150 and part.kind == opened.kind == "logits"


@pytest.mark.parametrize(
    ("name", "column", "message"),
    [
        ("probability", 0.5 + PROBABILITIES[:, 0] / 2, "no probability .* below 1/2"),
        ("score", -9.0 - LABELS, "class 0"),
    ],
)
def test_one_column_of_one_class_throughout_is_refused(tmp_path, name, column, message):
    both = np.arange(N) == N - 1  # in the last row alone
    frame = pd.DataFrame({name: column, "label": both.astype(int)})
    with pytest.raises(InputError, match=message):
        list(open_predictions(written(tmp_path, frame)).batches())
    assert open_predictions(written(tmp_path, frame.assign(label=0))).kind.startswith("one ")


def test_labels_are_placed_by_their_numbers(tmp_path):
    frame = pd.DataFrame(PROBABILITIES, columns=[f"prob_{k}" for k in range(1, K + 1)]).assign(label=LABELS + 1)
    opened = open_predictions(written(tmp_path, frame))
    assert np.concatenate([part.labels for part in opened.batches()]).tolist() == LABELS.tolist()
    assert opened.class_names == ("1", "2", "3", "4", "5")


def test_a_row_is_named_as_it_is_counted_in_the_source_whatever_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "abstain.logits.opened.BATCH_ELEMENTS", 100 * LOGITS.shape[1]
    )  # so that 250 is not in the first
    labels = LABELS.copy()
    labels[[0, 5]] = -1
    path = written(tmp_path, lists(np.where(np.arange(N)[:, None] == 250, np.inf, LOGITS), labels=labels))
    for told in ({}, {"input": "logits"}):
        opened = open_predictions(path, ignore_index=-1, **told)
        part = opened.taken(np.arange(len(opened)) >= 100)
        for samples in (opened, part):
            with pytest.raises(InputError, match=r"^in '.*' 1 of .* the first is row 250 \(counted from 0\)$"):
                list(samples.in_batches().batches())


def test_an_empty_name_is_found_in_its_row(tmp_path):
    names = np.array(["a", "b", "c", "d", "e"], dtype=object)[LABELS]
    names[250] = " "
    frame = pd.DataFrame(LOGITS, columns=list("abcde")).assign(label=names)
    with pytest.raises(InputError, match="the label in row 250 "):
        open_predictions(written(tmp_path, frame))
