"""Whatever the command line takes, the page takes, with the same numbers and the same sentences."""

import json
import shutil
import sys

import numpy as np
import pytest

from abstain import cli

NAMES = """
    plain.csv index.csv id_and_fold.csv prediction_column.csv shuffled_columns.csv class_names.csv image_id.csv
    semicolon.csv tab.tsv plain.csv.gz rows.jsonl probabilities_rounded.csv probabilities.npz one_probability.csv
    prediction_and_confidence.csv correct_and_confidence.csv y_true.npz logits.npy tensors.safetensors labels.parquet
    wide.parquet class_label.parquet ignored.parquet tokens.npz
""".split()
LABELS = {"logits.npy": "labels_onehot.npy"}
TOLD = {"ignored.parquet": {"ignore_index": "-100"}, "tokens.npz": {"class_axis": "-1", "ignore_index": "-100"}}
REFUSED = [
    ("probabilities_percent.csv", {}),
    ("probabilities_percent.csv", {"logit_columns": "a,b,c,d"}),
    ("tokens.npz", {"ignore_index": "-100"}),
    ("tokens.npz", {"class_axis": "7"}),
    ("ignored.parquet", {}),
    ("plain.csv", {"label_column": "lable"}),
    ("plain.csv", {"input": "probabilities"}),
    ("prediction_and_confidence.csv", {"input": "logits"}),
]


@pytest.fixture
def command(monkeypatch, capsys):
    """What `abstain evaluate` says: (exit status, standard output, standard error)."""

    def run(*arguments, **told):
        options = [part for name, text in told.items() for part in (f"--{name.replace('_', '-')}", text)]
        monkeypatch.setattr(sys, "argv", ["abstain", "evaluate", *map(str, arguments), *options, "--json"])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code, *capsys.readouterr()

    return run


def uploaded(door, name):
    return [str(door / part) for part in (name, LABELS.get(name)) if part]


def other_samples(tmp_path, kind):
    """A file of random samples of the same kind, to fit on."""
    generator = np.random.default_rng(0)
    n_classes = 2 if kind == "one probability" else 4
    odds = np.exp(generator.normal(size=(80, n_classes)))
    values = {
        "logits": {"logits": np.log(odds)},
        "probabilities": {"probabilities": odds / odds.sum(axis=1, keepdims=True)},
        "one probability": {"probability": (odds / odds.sum(axis=1, keepdims=True))[:, 1]},
    }
    np.savez(tmp_path / "validation.npz", **values[kind], label=generator.integers(0, n_classes, 80))
    return [str(tmp_path / "validation.npz")]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_alone_gives_what_the_command_line_gives(analysis, command, door, name):
    told, apart = TOLD.get(name, {}), {"labels": str(door / LABELS[name])} if name in LABELS else {}
    found = analysis.measure_upload(uploaded(door, name), **told)
    half = {} if found.report.input == "confidence" else {"validation_fraction": "0.5", "seed": str(analysis.SEED)}
    status, printed, _ = command(door / name, **told, **apart, **half)
    expected = json.loads(printed)
    assert status == 0 and found.report.to_dict()["scores"] == expected["scores"]
    assert found.report.n_samples == expected["n_samples"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_beside_one_of_other_samples_gives_the_right_numbers(analysis, door, tmp_path, name):
    kind = json.loads((door / "expected.json").read_text())[name]
    files, told = uploaded(door, name), TOLD.get(name, {})
    alone = analysis.measure_upload(files, **told)
    found = alone
    if alone.report.input != "confidence":
        found = analysis.measure_upload(files, other_samples(tmp_path, alone.report.input), **told)
        assert len(found.used) == 2 and "the 80 of validation.npz" in found.split
    metrics = found.report.msp.metrics
    assert {key: metrics[key] for key in kind["values"]} == pytest.approx(kind["values"], rel=1e-5)


@pytest.mark.parametrize(("name", "told"), REFUSED)
def test_what_the_command_line_refuses_the_page_refuses_in_the_same_words(analysis, command, door, name, told):
    found, sentence = analysis.answer(analysis.measure_upload, uploaded(door, name), **told)
    status, _, said = command(door / name, **told)
    assert found is None and status != 0
    assert sentence in said.replace(f"{door}/", "") and str(door) not in sentence


def test_the_columns_that_were_read_are_shown(analysis, presentation, door):
    found = analysis.measure_upload(uploaded(door, "id_and_fold.csv"))
    assert found.used == ("id_and_fold.csv: 4 logits: logit_0 … logit_3; labels: label; not used: id, fold",)
    assert r"Read from id\_and\_fold.csv: 4 logits: logit\_0 … logit\_3; labels: label; not used: id, fold." in (
        presentation.describe_data(found)
    )


def test_samples_that_do_not_count_are_counted_where_they_were_left_out(analysis, door, tmp_path):
    alone = analysis.measure_upload(uploaded(door, "ignored.parquet"), ignore_index="-100")
    assert alone.used[0].endswith("samples left out: 30")
    assert alone.notes == ()
    others = other_samples(tmp_path, "logits")
    notes = analysis.measure_upload(uploaded(door, "ignored.parquet"), others, ignore_index="-100").notes
    assert notes[0] == "30 test samples have the label to be ignored, and do not count"


def test_the_same_samples_are_no_validation(analysis, door, tmp_path):
    shutil.copy(door / "plain.csv", tmp_path / "copy.csv")
    for other in (door / "plain.csv", tmp_path / "copy.csv", door / "tab.tsv"):
        found, sentence = analysis.answer(analysis.measure_upload, uploaded(door, "plain.csv"), [str(other)])
        assert found is None and "holds the test samples too: give other samples, or leave the field" in sentence
    other = uploaded(door, "correct_and_confidence.csv")
    found, sentence = analysis.answer(analysis.measure_upload, uploaded(door, "plain.csv"), other)
    assert found is None and "these predictions are a confidence, but values of the classes are needed" in sentence


def test_a_confidence_has_nothing_to_fit(analysis, presentation, door):
    name = "correct_and_confidence.csv"
    found, sentence = analysis.answer(analysis.measure_upload, uploaded(door, name), uploaded(door, "plain.csv"))
    assert found is None and "leaves nothing to fit: leave the field of validation files empty" in sentence
    given = analysis.measure_upload(uploaded(door, name))
    assert "nothing to fit" in given.split and presentation.describe_gain(given) == ""


@pytest.mark.parametrize("name", ["probabilities_rounded.csv", "probabilities.npz", "one_probability.csv"])
@pytest.mark.parametrize("percent", [0.1, 5, 30, 77.7, 100])
def test_a_rule_for_probabilities_is_exact_on_what_the_file_holds(
    analysis, presentation, door, tmp_path, name, percent
):
    kind = analysis.measure_upload(uploaded(door, name)).report.input
    found = analysis.measure_upload(uploaded(door, name), other_samples(tmp_path, kind))
    point = analysis.operating_point(found, "MSP", percent)
    if name.endswith("npz"):
        values = np.load(door / name)["predictions"]
    else:
        values = np.genfromtxt(door / name, delimiter=",", names=True)
        values = np.column_stack([values[column] for column in values.dtype.names if column != "label"])
    largest = np.maximum(values[:, 0], 1 - values[:, 0]) if values.shape[1] == 1 else values.max(axis=1)
    assert (largest >= point.threshold).sum() == point.accepted  # compared in the type of the file, float32 of one
    assert 0 < point.threshold <= 1 and len(repr(point.threshold)) <= 10
    said = "the larger of p and 1 − p, of the probability p, is" if "one" in name else "the largest probability is"
    assert f"answer where {said} at least `{point.threshold!r}`" in presentation.describe_point(found, "MSP", point)


def test_a_rule_for_a_given_confidence_is_exact_on_it(analysis, presentation, door):
    found = analysis.measure_upload(uploaded(door, "correct_and_confidence.csv"))
    (label,) = analysis.results(found)
    values = np.genfromtxt(door / "correct_and_confidence.csv", delimiter=",", names=True)["confidence"]
    point = analysis.operating_point(found, label, 40)
    assert (values >= point.threshold).mean() == point.coverage >= 0.4
    assert f"answer where the confidence is at least `{point.threshold!r}`" in (
        presentation.describe_point(found, label, point)
    )
