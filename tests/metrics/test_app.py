"""The page of the metric's Space: what it measures, says and draws, and, where gradio is installed, what it returns."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from abstain import (
    InputError,
    LogitNorm,
    evaluate_logits,
    read_logits,
    released_checkpoint,
    scores,
    write_logits,
)
from abstain.report import evaluate_confidence

LS = "with label smoothing (LS)"


@pytest.fixture
def smoothed(analysis):
    return analysis.measure_example(LS)


@pytest.fixture
def released():
    return read_logits(released_checkpoint("resnet20_cifar10_ls") / "logits", "test")


def test_a_released_checkpoint_is_fitted_on_its_validation_split(smoothed, released):
    validation = read_logits(released_checkpoint("resnet20_cifar10_ls") / "logits", "validation")
    assert smoothed.report.to_dict() == evaluate_logits(*released, validation=validation).to_dict()
    assert "the 10,000 samples of the test split" in smoothed.split and "5,000 of the validation" in smoothed.split


@pytest.mark.parametrize("percent", [0.1, 13.7, 50, 99.9, 100])
@pytest.mark.parametrize("number", [0, 1])
def test_the_shown_threshold_does_what_is_shown_of_it(analysis, smoothed, released, percent, number):
    label = list(analysis.results(smoothed))[number]
    logits, labels = released
    confidence = (scores.msp, smoothed.report.logit_norm.score)[number](logits)
    error = scores.classification_error(logits, labels)
    point = analysis.operating_point(smoothed, label, percent)
    accepted = confidence >= point.threshold
    assert accepted.sum() == point.accepted and accepted.mean() == point.coverage
    assert error[accepted].sum() == point.errors and error[accepted].mean() == pytest.approx(point.risk)
    assert point.coverage >= percent / 100 - 1e-9 > point.coverage - 2 / len(labels)
    assert len(f"{point.threshold:g}") <= 8


def test_samples_that_tie_are_answered_together(analysis, tmp_path):
    logits = np.repeat([[4.0, 0.0, 0.0], [1.0, 0.0, 0.0]], 20, axis=0)
    np.savez(tmp_path / "ties.npz", logits=logits, label=np.tile([0, 0, 0, 1], 10))
    tied = analysis.measure_upload([str(tmp_path / "ties.npz")])
    coverages = {analysis.operating_point(tied, "MSP", percent).coverage for percent in (0.1, 20, 45, 80, 100)}
    assert len(coverages) == 2 and max(coverages) == 1


def test_an_upload_is_measured_on_one_half_and_fitted_on_the_other(analysis, tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    path = write_logits(tmp_path, "mine", logits, labels)
    found = analysis.measure_upload([str(path)])
    order = np.random.default_rng(analysis.SEED).permutation(300)
    fit, test = np.sort(order[:150]), np.sort(order[150:])
    expected = evaluate_logits(logits[test], labels[test], validation=(logits[fit], labels[fit]))
    assert found.report.to_dict() == expected.to_dict()
    assert found.report.logit_norm == LogitNorm.fit(logits[fit], labels[fit])
    assert found.name == "mine.parquet" and "150, drawn with seed 0" in found.split
    assert found.used == ("mine.parquet: 5 logits: logits; labels: label",) and found.notes == expected.notes


BAD = {
    "text.txt": ("hello", "unknown kind of file '.txt'"),
    "broken.parquet": ("this is no table", "'broken.parquet' cannot be read as"),
    "broken.npz": ("", "'broken.npz' is empty, of 0 bytes"),
    "nan.csv": ("z0,z1,label\n1,2,0\nnan,1,1\n", "the column 'z0' of 'nan.csv' has 1 empty cell"),
    "class.csv": ("z0,z1,label\n1,2,0\n1,2,7\n", "a label is 7, but must be from 0 to 1"),
    "one.csv": ("z0,z1,label\n1,2,0\n", "there is 1 sample, but at least 2"),
    "alone.npy": ("", "safetensors file, or two .npy files at once"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_is_one_sentence_that_names_no_folder(analysis, tmp_path, name):
    text, message = BAD[name]
    (tmp_path / name).write_text(text)
    found, sentence = analysis.answer(analysis.measure_upload, [str(tmp_path / name)])
    assert found is None and message in sentence
    assert str(tmp_path) not in sentence and "\n" not in sentence


def test_a_file_that_is_not_there_is_said(analysis, tmp_path):
    for given, message in (
        (None, "there is no test file"),
        ([], "there is no test file"),
        (["gone.csv"], "'gone.csv'"),
    ):
        paths = given and [str(tmp_path / name) for name in given]
        found, sentence = analysis.answer(analysis.measure_upload, paths)
        assert found is None and message in sentence and str(tmp_path) not in sentence


def test_different_lengths_are_said(analysis, tmp_path):
    np.savez(tmp_path / "lengths.npz", logits=np.eye(3), label=np.zeros(5, int))
    with pytest.raises(InputError, match=r"shape \(3, 3\) and labels \(5,\)"):
        analysis.measure_upload([str(tmp_path / "lengths.npz")])


def test_endless_sentences_are_cut_in_the_middle(analysis, tmp_path):
    (tmp_path / "wide.csv").write_text(",".join(f"{'column' * 5}_{k}x" for k in range(50)) + "\n" + ",".join("1" * 50))
    sentence = analysis.answer(analysis.measure_upload, [str(tmp_path / "wide.csv")])[1]
    assert len(sentence) < 600 and sentence.startswith("'wide.csv' has") and sentence.endswith("(--logit-columns)")


def test_running_out_of_memory_is_said(analysis):
    def measure(_):
        raise MemoryError

    assert analysis.answer(measure, None) == (None, "the data needs more memory than this page has: give fewer rows")


def test_thresholds_of_msp_are_said_on_both_scales(analysis, presentation, smoothed):
    half = analysis.operating_point(smoothed, "MSP", 50)
    words = presentation.describe_point(smoothed, "MSP", half)
    probability = 1 / (1 + np.exp(-half.threshold))
    assert f"`{half.threshold!r}` (a probability of {probability:.6g})" in words
    assert f"Coverage 50.00%, risk {half.risk:.2%}" in words
    certain = analysis.Point(threshold=40.0, accepted=1, errors=0, coverage=1e-4, risk=0.0)
    assert "a probability of 1 − 4.2e-18" in presentation.describe_point(smoothed, "MSP", certain)
    normalized = list(analysis.results(smoothed))[1]
    assert "probability" not in presentation.describe_point(smoothed, normalized, half)


def test_rounding_to_the_type_of_the_file_accepts_nothing_more(analysis, presentation):
    confidence = np.array([0.9, 0.9, 0.5, 0.1])
    report = evaluate_confidence(confidence, [0, 0, 1, 1])
    stored = np.array([0.93, 0.93, np.nextafter(np.float32(0.93), np.float32(0)), 0.1], dtype=np.float32)
    assert np.float64(0.93) < stored[0]  # as a float64 0.93 is below what float32 makes of it, and rounds to that
    point = analysis.operating_point(analysis.Analysis("", "", report, stored), report.msp.label, 50)
    assert point.threshold == 0.93 and (stored >= point.threshold).sum() == point.accepted == 2
    stored[2] = np.nextafter(stored[0], np.float32(1))
    stored[:2] = np.nextafter(stored[2], np.float32(1))
    point = analysis.operating_point(analysis.Analysis("", "", report, stored), report.msp.label, 50)
    assert (stored >= point.threshold).sum() == (stored.astype(np.float64) >= point.threshold).sum() == 2


def test_names_from_a_file_are_shown_as_they_are(presentation):
    shown = presentation.as_text("not used: __index_level_0__, <b>, a*b*c, [x](y), $z$, `q`")
    assert shown == r"not used: \_\_index\_level\_0\_\_, \<b\>, a\*b\*c, \[x\](y), \$z\$, \`q\`"


def test_what_has_to_be_known_is_said(analysis, presentation, tmp_path):
    rows = "0.5,0.5,0,0\n0.25,0.75,1,0\n0,1,1,1\n1,0,1,1\n" * 4
    (tmp_path / "zeros.csv").write_text("prob_0,prob_1,label,sample\n" + rows)
    found = analysis.measure_upload([str(tmp_path / "zeros.csv")])
    assert "nothing could be fitted on the other, random half" in found.split and found.report.repaired is None
    words = presentation.describe_data(found)
    assert "Note: only MSP was measured" in words and "the AURC has no interval" in words


def test_a_warning_is_shown_once(analysis, tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    np.savez(tmp_path / "half.npz", logits=logits.astype(np.float16), label=labels)
    notes = analysis.measure_upload([str(tmp_path / "half.npz")]).notes
    assert [note.startswith("logits are float16: rounding ties many samples") for note in notes] == [True]


def test_the_gain_is_said_and_a_fallback_too(analysis, presentation, smoothed):
    report = smoothed.report
    words = presentation.describe_gain(smoothed)
    assert "lowers the AURC" in words and f"a gain of {100 * report.gain().estimate:.3f}" in words
    plain = analysis.measure_example("without label smoothing (CE)")
    assert "so MSP stays" in presentation.describe_gain(plain) and list(analysis.results(plain)) == ["MSP"]


def test_the_figure_shows_the_curves_and_the_operating_point(analysis, presentation, smoothed):
    label = list(analysis.results(smoothed))[1]
    point = analysis.operating_point(smoothed, label, 37)
    (axes,) = presentation.draw(smoothed, label, point).axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    for name, result in analysis.results(smoothed).items():
        assert set(lines[name].get_ydata()) <= set(100 * result.curve.risk) and lines[name].get_xdata()[-1] == 100
    marker = axes.get_lines()[-1]
    assert (marker.get_xdata()[0], marker.get_ydata()[0]) == (100 * point.coverage, 100 * point.risk)
    assert to_rgba(marker.get_color()) == to_rgba(lines[label].get_color())
    assert axes.get_ylim()[1] > 100 * smoothed.report.msp.metrics["risk"]


PROGRAM = """
import sys
from pathlib import Path
import app

page, options = app.build_page(), app.launch_options()
assert not page.analytics_enabled and options["max_file_size"] == "200mb"
assert options["theme"]._stylesheets == []
assert {function.api_visibility for function in page.fns.values()} == {"private"}
assert "choose or upload the data again" in app.operate(None, "MSP", 50)[1]
untold = [field.value or "" for field in app.build_told()]
nothing = app.upload(None, None, *untold)
assert nothing[0] is None and "Clear the field" not in nothing[1].value
bad, good, other = map(Path, sys.argv[1:])
refused = app.upload([str(bad)], None, *untold)
assert refused[0] is None and bad.exists() and "Clear the field" in refused[1].value  # more can be told of it
assert app.upload([str(bad)], None, "probabilities", *untold[1:])[0].report.input == "one probability"
assert app.upload([str(good)], [str(other)], *untold)[0].report.n_samples == 18
assert not [path for path in (bad, good, other) if path.parent.exists()]
"""


def test_the_page_asks_nobody_else_and_deletes_what_it_has_measured(space, tmp_path):
    pytest.importorskip("gradio", reason="the page needs gradio: pip install -e '.[app]'")
    texts = {
        "bad": "score,label\n" + "0.75,1\n0.5,0\n" * 9,
        "good": "z0,z1,label\n" + "1,2,0\n2,1,0\n" * 9,
        "other": "z0,z1,label\n" + "1,3,0\n3,1,0\n" * 8,
    }
    paths = [tmp_path / name / "data.csv" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.parent.mkdir()
        path.write_text(text)
    # in a process of its own, since gradio leaves event loops open, and warnings are errors here
    run = subprocess.run([sys.executable, "-c", PROGRAM, *paths], cwd=space, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
