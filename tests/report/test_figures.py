import numpy as np
import pytest

from abstain import evaluate_logits
from abstain.report.figures import MAX_POINTS, risk_coverage_figure


@pytest.fixture
def reports(logits_and_labels):
    logits, labels = logits_and_labels
    validation = (logits[:150], labels[:150])
    return {
        "repaired": evaluate_logits(logits, labels, validation=validation, fallback="never"),
        "fallen back": evaluate_logits(logits[:, :2], labels % 2, validation=(logits[:, :2], labels % 2)),
    }


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


def test_each_data_set_has_its_panel(reports):
    figure = risk_coverage_figure({"one": reports, "two": reports})
    assert [axes.get_title() for axes in figure.axes] == ["one", "two"]


def test_long_curves_are_thinned_but_keep_their_ends():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, size=5000)
    report = evaluate_logits(generator.normal(size=(5000, 3)) + np.eye(3)[labels], labels)
    (line,) = risk_coverage_figure({"": {"": report}}).axes[0].get_lines()
    assert len(line.get_xdata()) <= MAX_POINTS
    assert line.get_xdata()[-1] == 100 and line.get_ydata()[-1] == pytest.approx(100 * report.msp.metrics["risk"])
