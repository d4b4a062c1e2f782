import time

import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv, to_rgb
from matplotlib.patches import Rectangle

from abstain import evaluate_logits, read_logits, released_checkpoint, risk_coverage_curve
from abstain.report.figures import curve_figure, risk_coverage_figure
from abstain.report.limits import zoom_region
from abstain.report.pictures import figure_bytes, pixels_of


@pytest.fixture
def reports(logits_and_labels):
    logits, labels = logits_and_labels
    validation, test = (logits[:150], labels[:150]), (logits[150:], labels[150:])
    two_classes = logits[150:, :2], labels[150:] % 2
    faultless = logits[:150, :2], logits[:150, :2].argmax(axis=1)  # of which nothing can be learnt
    return {
        "repaired": evaluate_logits(*test, validation=validation, fallback="never"),
        "fallen back": evaluate_logits(*two_classes, validation=faultless),
    }


def test_the_lines_are_the_curves_of_the_reports(reports):
    axes = risk_coverage_figure({"data": reports}).axes[0]
    lines = {line.get_label(): line for line in axes.get_lines()}
    p = reports["repaired"].logit_norm.p
    assert {label for label in lines if not label.startswith("_")} == {
        "repaired, MSP",
        f"repaired, p-norm, p = {p:g}",
        "fallen back, MSP",
    }
    for label, result in (
        ("repaired, MSP", reports["repaired"].msp),
        (f"repaired, p-norm, p = {p:g}", reports["repaired"].repaired),
    ):
        assert np.allclose(lines[label].get_xdata(), 100 * result.curve.coverage)
        assert np.allclose(lines[label].get_ydata(), 100 * result.curve.risk)
    assert lines["repaired, MSP"].get_linestyle() != lines[f"repaired, p-norm, p = {p:g}"].get_linestyle()
    assert axes.get_title() == "data"


def test_the_models_differ_in_colour_and_the_scores_in_the_style_of_the_line(reports):
    axes = risk_coverage_figure({"data": reports}).axes[0]
    msp, normalized, other = (line for line in axes.get_lines() if not line.get_label().startswith("_"))
    assert msp.get_color() == normalized.get_color() == "black"
    grey = [float(np.dot(to_rgb(line.get_color()), (0.299, 0.587, 0.114))) for line in (msp, other)]
    assert grey[1] - grey[0] > 0.3, "they are told apart without colour too"
    assert msp.get_linestyle() == other.get_linestyle() == "-" and normalized.get_linestyle() == "--"


def test_more_models_are_shades_of_one_hue(reports):
    many = {f"α = {n}": reports["fallen back"] for n in range(4)}
    lines = [line for line in risk_coverage_figure({"data": many}).axes[0].get_lines() if line.get_label()[0] == "α"]
    grey = [float(np.dot(to_rgb(line.get_color()), (0.299, 0.587, 0.114))) for line in lines]
    hues = [rgb_to_hsv(to_rgb(line.get_color()))[0] for line in lines[1:]]
    assert (np.diff(grey[1:]) < -0.1).all() and grey[0] < min(grey[1:]) - 0.1, "the later, the darker, but for black"
    assert np.ptp(hues) < 0.05


def test_the_full_risk_lies_inside_the_axes_and_the_legend_outside(reports):
    figure = risk_coverage_figure({"data": reports})
    (axes,) = figure.axes
    full = max(100 * report.msp.metrics["risk"] for report in reports.values())
    assert full < axes.get_ylim()[1] < 1.4 * full, "the band of 150 samples is wide"
    figure.draw_without_rendering()
    assert axes.get_legend().get_window_extent().y1 < axes.get_window_extent().y0
    assert axes.get_legend().get_window_extent().y0 >= 0, "nor is it cut"


def test_risks_of_1_and_5_percent_have_a_line_and_a_name_where_they_are_shown(reports):
    axes = risk_coverage_figure({"data": reports}).axes[0]
    assert [line.get_ydata()[0] for line in axes.get_lines() if np.ptp(line.get_ydata()) == 0] == [1, 5]
    assert [text.get_text() for text in axes.texts] == ["1 %", "5 %"]
    correct = evaluate_logits(3 * np.eye(2)[np.zeros(800, int)], np.zeros(800, int))
    assert not risk_coverage_figure({"correct": {"": correct}}).axes[0].texts, "the axis ends below 1 %"


def test_the_band_is_of_msp_alone_and_said_to_be_pointwise(reports):
    axes = risk_coverage_figure({"data": reports}).axes[0]
    assert len(axes.collections) == 2, "one a model"
    assert axes.get_legend().get_texts()[-1].get_text() == "MSP: 95 % interval, pointwise"


def test_an_inset_is_drawn_where_it_helps_and_its_part_is_marked():
    folder = released_checkpoint("resnet20_cifar10_ls") / "logits"
    report = evaluate_logits(*read_logits(folder, "test"), validation=read_logits(folder, "validation"))
    axes = risk_coverage_figure({"CIFAR-10": {"": report}}).axes[0]
    (inset,) = (child for child in axes.child_axes)
    left, right, risk = zoom_region([report.msp.curve, report.repaired.curve], axes.get_ylim()[1])
    assert inset.get_xlim() == (left, right) and inset.get_ylim()[1] == pytest.approx(risk)
    assert len(inset.get_lines()) == len(axes.get_lines())
    children = [getattr(child, "rectangle", child) for child in axes.get_children()]  # of its own kind since 3.10
    (mark,) = (child for child in children if isinstance(child, Rectangle) and child is not axes.patch)
    assert mark.get_bbox().x1 == right and mark.get_bbox().y1 == pytest.approx(risk)


def test_few_errors_get_no_inset(reports):
    assert not risk_coverage_figure({"300 samples": reports}).axes[0].child_axes


def test_a_million_samples_are_drawn_in_a_second():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 10**6)
    logits = random.normal(size=(10**6, 2)) + 2 * np.eye(2)[labels]
    report = evaluate_logits(logits, labels)
    figure_bytes(risk_coverage_figure({"few": {"": report}}))  # matplotlib reads its fonts
    start = time.process_time()
    figure_bytes(risk_coverage_figure({"many": {"": report}}))
    assert time.process_time() - start < 1


def test_each_data_set_has_its_panel(reports):
    figure = risk_coverage_figure({"one": reports, "two": reports})
    assert [axes.get_title() for axes in figure.axes] == ["one", "two"]


def test_a_curve_alone_is_drawn_as_that_of_msp_in_a_report(reports):
    curve = reports["repaired"].msp.curve
    axes = curve_figure("epoch 2", curve).axes[0]
    (line,) = (line for line in axes.get_lines() if not line.get_label().startswith("_"))
    assert np.allclose(line.get_xdata(), 100 * curve.coverage) and np.allclose(line.get_ydata(), 100 * curve.risk)
    assert axes.get_title() == "epoch 2" and len(axes.collections) == 1, "with the interval of its risk"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["MSP", "MSP: 95 % interval, pointwise"]


def test_samples_that_depend_on_each_other_have_no_interval(reports):
    axes = curve_figure("pixels", reports["repaired"].msp.curve, independent=False).axes[0]
    assert len(axes.collections) == 0
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["MSP"]


@pytest.mark.parametrize("error", [[0], [1], [0, 1, 0], [0, 0, 0]])
def test_the_fewest_samples_have_a_figure(error):
    curve = risk_coverage_curve(np.ones(len(error)), error)
    pixels = pixels_of(curve_figure("few", curve))
    assert pixels.dtype == np.uint8 and pixels.shape == (480, 540, 3)
    assert pixels.min() < 50 and pixels[0, 0].tolist() == [255, 255, 255]


def test_few_points_have_bars_and_no_band_in_the_legend():
    axes = curve_figure("six", risk_coverage_curve([6, 5, 4, 3, 2, 1], [0, 0, 1, 0, 1, 0])).axes[0]
    assert len(axes.collections) == 1 and not axes.get_legend().get_patches()
    assert axes.get_legend().get_texts()[-1].get_text() == "MSP: 95 % interval, pointwise"


def test_the_legend_has_the_colours_of_the_bands(reports):
    axes = risk_coverage_figure({"data": reports}).axes[0]
    drawn = [to_rgb(band.get_facecolor()[0]) for band in axes.collections]
    assert [to_rgb(patch.get_facecolor()) for patch in axes.get_legend().findobj(Rectangle)] == drawn
