import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from scipy.stats import binomtest

from abstain import InputError, risk_coverage_curve
from abstain.report.curve_lines import (
    FEW_POINTS,
    MAX_POINTS,
    draw_curve,
    draw_risk_interval,
    drawn_points,
    has_bars,
    has_few_points,
    risk_interval,
    settled_points,
)


@pytest.fixture
def curve():
    random = np.random.default_rng(0)
    return risk_coverage_curve(random.normal(size=5000), random.random(5000) < 0.3)


def drawn(curve):
    """(coverage, risk) of the line of a curve, in percent."""
    axes = Figure().subplots()
    draw_curve(axes, curve, label="mine")
    (line,) = axes.get_lines()
    assert line.get_label() == "mine"
    assert (line.get_marker() == "o") == (len(curve.coverage) <= FEW_POINTS)
    return line.get_xdata(), line.get_ydata()


def test_a_short_curve_is_drawn_with_all_its_points():
    coverage, risk = drawn(risk_coverage_curve([0.9, 0.8, 0.8, 0.6], [0, 0, 1, 1]))
    assert coverage.tolist() == [25, 75, 100] and risk == pytest.approx([0, 100 / 3, 50])


def test_of_a_long_curve_true_points_are_drawn_and_its_ends_among_them(curve):
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


@pytest.mark.parametrize("level", [0.95, 0.6])
def test_the_interval_of_a_risk_is_the_exact_binomial_one(curve, level):
    points = np.array([0, 9, 499, 4999])
    low, high = risk_interval(curve, points, level=level)
    for k, point in enumerate(points):
        wrong, accepted = round(curve.risk[point] * curve.accepted[point]), int(curve.accepted[point])
        expected = binomtest(wrong, accepted).proportion_ci(level, method="exact")
        assert (low[k], high[k]) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("wrong", [0, 1])
def test_without_an_error_the_interval_begins_at_0_and_with_nothing_else_it_ends_at_1(wrong):
    low, high = risk_interval(risk_coverage_curve([3, 2, 1], [wrong] * 3), np.arange(3), level=0.9)
    far = 1 - 0.05 ** (1 / np.arange(1, 4))  # (1 - p)^n = 0.05 where none of n is wrong
    assert low == pytest.approx(1 - far if wrong else np.zeros(3)) and high == pytest.approx(
        np.ones(3) if wrong else far
    )


def test_real_losses_have_no_such_interval():
    with pytest.raises(InputError, match="the interval of the risk needs 0/1 errors"):
        risk_interval(risk_coverage_curve([2, 1], [0.5, 0.2]), np.arange(2), level=0.95)
    with pytest.raises(InputError, match="level is 1"):
        risk_interval(risk_coverage_curve([2, 1], [0, 1]), np.arange(2), level=1)


def test_the_band_lies_at_the_settled_points(curve):
    axes = Figure().subplots()
    draw_risk_interval(axes, curve, level=0.9, color="red")
    (band,) = axes.collections
    points = settled_points(curve)
    low, high = risk_interval(curve, points, level=0.9)
    outline = band.get_paths()[0].vertices
    assert (outline[:, 0].min(), outline[:, 0].max()) == (100 * curve.coverage[points[0]], 100)
    assert (outline[:, 1].min(), outline[:, 1].max()) == pytest.approx((100 * low.min(), 100 * high.max()))
    assert tuple(band.get_facecolor()[0][:3]) == to_rgb("red")


def test_few_points_have_bars_in_place_of_a_band():
    curve = risk_coverage_curve(np.repeat([3, 2, 1], 20), np.arange(60) % 4 == 0)
    assert has_few_points(curve)
    axes = Figure().subplots()
    draw_risk_interval(axes, curve, level=0.9, color="red")
    (bars,) = axes.collections
    low, high = risk_interval(curve, np.arange(3), level=0.9)
    for k, ((x, bottom), (_, top)) in enumerate(bars.get_segments()):
        assert (x, bottom, top) == pytest.approx((100 * curve.coverage[k], 100 * low[k], 100 * high[k]))


def test_points_are_settled_from_two_percent_and_ten_samples_on(curve):
    assert curve.accepted[settled_points(curve)].min() == pytest.approx(100, abs=2)
    assert set(settled_points(curve)) < set(drawn_points(curve))
    fifty = risk_coverage_curve(np.arange(50), np.zeros(50))
    assert fifty.accepted[settled_points(fifty)].tolist() == list(range(10, 51))
    assert settled_points(risk_coverage_curve([1], [1])).tolist() == [0], "never empty"


def test_a_single_settled_point_is_a_bar():
    confidence = np.r_[np.arange(30, 0, -1), np.zeros(5000)]
    curve = risk_coverage_curve(confidence, np.r_[np.zeros(30), np.arange(5000) % 2])
    assert len(settled_points(curve)) == 1 and has_bars(curve) and not has_few_points(curve)
    axes = Figure().subplots()
    draw_risk_interval(axes, curve, level=0.9, color="red")
    assert len(axes.collections[0].get_segments()) == 1
