"""The page of the metric's Space: what it measures, says and draws, and, where gradio is installed, what it returns."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.colors import to_rgba

from abstain import InputError, LogitNorm, evaluate_logits, read_logits, released_checkpoint, scores, write_logits

SPACE = Path(__file__).parents[2] / "metrics" / "selective_risk"
LS = "with label smoothing (LS)"


@pytest.fixture(scope="module", autouse=True)
def in_the_space():
    """The modules of a Space import each other by their bare names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SPACE)
        yield
    for name in ("analysis", "presentation"):
        sys.modules.pop(name, None)


@pytest.fixture
def analysis():
    import analysis

    return analysis


@pytest.fixture
def presentation():
    import presentation

    return presentation


@pytest.fixture
def smoothed(analysis):
    return analysis.measure_example(LS)


@pytest.fixture
def released():
    return read_logits(released_checkpoint("resnet20_cifar10_ls") / "logits", "test")


def test_a_released_checkpoint_is_fitted_on_its_validation_split(smoothed, released):
    validation = read_logits(released_checkpoint("resnet20_cifar10_ls") / "logits", "validation")
    assert smoothed.report.to_dict() == evaluate_logits(*released, validation=validation).to_dict()
    assert "5,000 rows of the validation split" in smoothed.split and "10,000 of the test split" in smoothed.split


@pytest.mark.parametrize("percent", [0.1, 13.7, 50, 99.9, 100])
@pytest.mark.parametrize("number", [0, 1])
def test_the_shown_threshold_does_what_is_shown_of_it(analysis, smoothed, released, percent, number):
    label = list(analysis.curves(smoothed))[number]
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
    assert str(path) not in found.split and not found.warning


def test_two_npy_files_may_come_in_any_order(analysis, tmp_path, logits_and_labels):
    paths = [str(tmp_path / "a.npy"), str(tmp_path / "b.npy")]
    for path, array in zip(paths, logits_and_labels, strict=True):
        np.save(path, array)
    first, second = (analysis.measure_upload(order).report.to_dict() for order in (paths, paths[::-1]))
    assert first == second and first["n_samples"] == 150


def test_probabilities_are_measured_as_they_are_on_the_page(analysis, tmp_path, logits_and_labels):
    odds = np.exp(logits_and_labels[0].astype(np.float64))
    columns = {"probabilities": odds / odds.sum(axis=1, keepdims=True), "label": logits_and_labels[1]}
    np.savez(tmp_path / "p.npz", **columns)
    found = analysis.measure_upload([str(tmp_path / "p.npz")])
    of_logits = tmp_path / "z.npz"
    np.savez(of_logits, logits=logits_and_labels[0], label=logits_and_labels[1])
    expected = analysis.measure_upload([str(of_logits)]).report.msp.metrics
    assert found.report.input == "probabilities" and not found.warning
    assert found.report.msp.metrics == pytest.approx(expected, rel=1e-6)


def test_a_confidence_alone_is_not_for_the_page(analysis, tmp_path):
    (tmp_path / "a.csv").write_text("correct,confidence\n1,0.5\n0,0.25\n")
    with pytest.raises(InputError, match="holds a confidence alone, but the page needs logits or probabilities"):
        analysis.measure_upload([str(tmp_path / "a.csv")])


BAD = {
    "text.txt": ("hello", "unknown kind of file '.txt'"),
    "broken.parquet": ("this is no table", "'broken.parquet' cannot be read as"),
    "broken.npz": ("", "'broken.npz' cannot be read as"),
    "nan.csv": ("z0,z1,label\n1,2,0\nnan,1,1\n", "the column 'z0' of 'nan.csv' has 1 empty cells"),
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


def test_different_lengths_are_said(analysis, tmp_path):
    np.savez(tmp_path / "lengths.npz", logits=np.eye(3), label=np.zeros(5, int))
    with pytest.raises(InputError, match=r"shape \(3, 3\) and labels \(5,\)"):
        analysis.measure_upload([str(tmp_path / "lengths.npz")])


def test_endless_sentences_are_cut(analysis, tmp_path):
    (tmp_path / "wide.csv").write_text(",".join(f"column{k}" for k in range(5000)))
    assert len(analysis.answer(analysis.measure_upload, [str(tmp_path / "wide.csv")])[1]) < 600


def test_what_is_too_large_is_refused_with_the_limit_before_it_is_read(analysis, tmp_path):
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(201 * 10**6)  # takes no room on the disk
    with pytest.raises(InputError, match="is 201 MB in size, but at most 200 MB"):
        analysis.measure_upload([str(tmp_path / "large.csv")])

    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("logits.npy", "w") as member:
            for _ in range(101):
                member.write(bytes(10**7))
    assert (tmp_path / "bomb.npz").stat().st_size < 10**7
    with pytest.raises(InputError, match=r"is 1,010 MB unpacked, but at most 1000 MB"):
        analysis.measure_upload([str(tmp_path / "bomb.npz")])

    rows = pa.ListArray.from_arrays(pa.array([0, 130_000_000], pa.int32()), pa.nulls(130_000_000, pa.int8()))
    pq.write_table(pa.table({"logits": rows, "label": [0]}), tmp_path / "bomb.parquet")
    with pytest.raises(InputError, match=r"is 1,040 MB unpacked, but at most 1000 MB"):
        analysis.measure_upload([str(tmp_path / "bomb.parquet")])


def test_running_out_of_memory_is_said(analysis):
    def measure(_):
        raise MemoryError

    assert analysis.answer(measure, None) == (None, "the data needs more memory than this page has: give fewer rows")


def test_an_upload_is_deleted_with_its_own_folder_alone(analysis, tmp_path):
    for folder in ("mine", "shared"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "data.csv").touch()
    (tmp_path / "shared" / "other.csv").touch()
    analysis.forget([str(tmp_path / "mine" / "data.csv"), str(tmp_path / "shared" / "data.csv")])
    assert [path.name for path in tmp_path.rglob("*")] == ["shared", "other.csv"]


def test_thresholds_of_msp_are_said_on_both_scales(analysis, presentation, smoothed):
    half = analysis.operating_point(smoothed, "MSP", 50)
    words = presentation.describe_point(smoothed, "MSP", half)
    probability = 1 / (1 + np.exp(-half.threshold))
    assert f"`{half.threshold!r}` (a probability of {probability:.6g})" in words
    assert f"Coverage 50.00%, risk {half.risk:.2%}" in words
    certain = analysis.Point(threshold=40.0, accepted=1, errors=0, coverage=1e-4, risk=0.0)
    assert "a probability of 1 − 4.2e-18" in presentation.describe_point(smoothed, "MSP", certain)
    normalized = list(analysis.curves(smoothed))[1]
    assert "probability" not in presentation.describe_point(smoothed, normalized, half)


def test_the_gain_is_said_and_a_fallback_too(analysis, presentation, smoothed):
    report = smoothed.report
    words = presentation.describe_gain(smoothed)
    assert "lowers the AURC" in words and f"a gain of {100 * report.gain().estimate:.3f}" in words
    plain = analysis.measure_example("without label smoothing (CE)")
    assert "so MSP stays" in presentation.describe_gain(plain) and list(analysis.curves(plain)) == ["MSP"]


def test_the_figure_shows_the_curves_and_the_operating_point(analysis, presentation, smoothed):
    label = list(analysis.curves(smoothed))[1]
    point = analysis.operating_point(smoothed, label, 37)
    (axes,) = presentation.draw(smoothed, label, point).axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    for name, curve in analysis.curves(smoothed).items():
        assert set(lines[name].get_ydata()) <= set(100 * curve.risk) and lines[name].get_xdata()[-1] == 100
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
for path in map(Path, sys.argv[1:]):
    analysis = app.upload([str(path)])[0]
    assert (analysis is None) == (path.parent.name == "bad") and not path.parent.exists(), path
"""


def test_the_page_asks_nobody_else_and_deletes_every_upload(tmp_path):
    pytest.importorskip("gradio", reason="the page needs gradio: make test-browser installs it")
    paths = [tmp_path / "bad" / "data.csv", tmp_path / "good" / "data.csv"]
    for path, text in zip(paths, ("no table", "z0,z1,label\n" + "1,2,0\n2,1,0\n" * 9), strict=True):
        path.parent.mkdir()
        path.write_text(text)
    # in a process of its own, since gradio leaves event loops open, and warnings are errors here
    run = subprocess.run([sys.executable, "-c", PROGRAM, *paths], cwd=SPACE, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
