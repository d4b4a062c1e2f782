import numpy as np
import pytest
from matplotlib.figure import Figure

from abstain import evaluate_logits, risk_coverage_curve
from abstain.report.figures import MAX_POINTS, draw_curve, risk_coverage_figure, save_figure


@pytest.fixture
def reports(logits_and_labels):
    logits, labels = logits_and_labels
    validation, test = (logits[:150], labels[:150]), (logits[150:], labels[150:])
    two_classes = [(logits[:, :2], labels % 2) for logits, labels in (validation, test)]
    return {
        "repaired": evaluate_logits(*test, validation=validation, fallback="never"),
        "fallen back": evaluate_logits(*two_classes[1], validation=two_classes[0]),
    }


def drawn(curve):
    """(coverage, risk) of the line of a curve, in percent."""
    axes = Figure().subplots()
    draw_curve(axes, curve, label="mine")
    (line,) = axes.get_lines()
    assert line.get_label() == "mine"
    return line.get_xdata(), line.get_ydata()


def test_the_lines_are_the_curves_of_the_reports(reports):
    axes = risk_coverage_figure({"data": reports}).axes[0]
    lines = {line.get_label(): line for line in axes.get_lines()}
    p = reports["repaired"].logit_norm.p
    assert set(lines) == {"repaired, MSP", f"repaired, p-norm, p = {p:g}", "fallen back, MSP"}
    for label, result in (
        ("repaired, MSP", reports["repaired"].msp),
        (f"repaired, p-norm, p = {p:g}", reports["repaired"].normalized),
    ):
        assert np.allclose(lines[label].get_xdata(), 100 * result.curve.coverage)
        assert np.allclose(lines[label].get_ydata(), 100 * result.curve.risk)
    assert lines["repaired, MSP"].get_linestyle() != lines[f"repaired, p-norm, p = {p:g}"].get_linestyle()
    assert axes.get_title() == "data"


def test_the_full_risk_lies_inside_the_axes_and_low_coverage_in_the_inset(reports):
    axes = risk_coverage_figure({"data": reports}).axes[0]
    full = max(100 * report.msp.metrics["risk"] for report in reports.values())
    assert full < axes.get_ylim()[1] < 2 * full
    (inset,) = axes.child_axes
    assert inset.get_xlim() == (0, 50)
    assert len(inset.get_lines()) == len(axes.get_lines())


def test_each_data_set_has_its_panel(reports):
    figure = risk_coverage_figure({"one": reports, "two": reports})
    assert [axes.get_title() for axes in figure.axes] == ["one", "two"]


def test_a_short_curve_is_drawn_with_all_its_points():
    coverage, risk = drawn(risk_coverage_curve([0.9, 0.8, 0.8, 0.6], [0, 0, 1, 1]))
    assert coverage.tolist() == [25, 75, 100] and risk == pytest.approx([0, 100 / 3, 50])


def test_of_a_long_curve_true_points_are_drawn_and_its_ends_among_them():
    random = np.random.default_rng(0)
    curve = risk_coverage_curve(random.normal(size=5000), random.random(5000) < 0.3)
    coverage, risk = drawn(curve)
    assert len(coverage) == MAX_POINTS
    points = set(zip(100 * curve.coverage, 100 * curve.risk, strict=True))
    assert set(zip(coverage, risk, strict=True)) <= points
    assert (coverage[0], coverage[-1]) == (100 / 5000, 100)
    assert risk[-1] == pytest.approx(100 * curve.risk_at_coverage(1.0))


def test_points_lie_evenly_in_coverage_whatever_ties():
    # Half of the samples in 100 blocks of ties above 50,000 that do not tie: by number, the ties would get 4 points.
    confidence = np.concatenate([np.repeat(np.arange(200.0, 100.0, -1.0), 500), np.linspace(1, 0, 50_000)])
    curve = risk_coverage_curve(confidence, np.arange(100_000) % 7 == 0)
    coverage, _ = drawn(curve)
    assert len(coverage) <= MAX_POINTS
    assert np.isin(np.arange(1, 101) / 2, coverage.round(9)).all(), "each block of ties"
    assert np.diff(coverage[coverage > 50]).max() < 2 * 100 / MAX_POINTS


def test_the_same_figure_gives_the_same_bytes_without_a_version(tmp_path, reports):
    for name in ("a.partial", "b.png"):
        save_figure(risk_coverage_figure({"data": reports}), tmp_path / name)
    written = (tmp_path / "a.partial").read_bytes()
    assert written == (tmp_path / "b.png").read_bytes() and written.startswith(b"\x89PNG")
    assert b"atplotlib" not in written
