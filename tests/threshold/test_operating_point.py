import json

import numpy as np
import pytest

from abstain import InputError, select_threshold, select_threshold_for_cost, select_threshold_for_coverage
from abstain.threshold import ExpectedCost, OperatingPoint

CONFIDENCE, ERROR = np.arange(100)[::-1], np.arange(100) >= 90
COSTS = {"cost_of_error": 5, "cost_of_abstaining": 1}
POINTS = [
    select_threshold(CONFIDENCE, ERROR, 0.05),
    select_threshold(CONFIDENCE, ERROR, 0.5, 0.05),
    select_threshold_for_coverage(CONFIDENCE, ERROR, 0.3),
    select_threshold_for_cost(CONFIDENCE, ERROR, **COSTS),
    select_threshold_for_cost([1], [0], **COSTS),
    OperatingPoint(np.inf, 0.5, 0.0, False, 0.1, None, 2),
]


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_a_point_survives_json(point):
    text = json.dumps(point.to_dict(), allow_nan=False)
    assert OperatingPoint.from_dict(json.loads(text)) == point


def test_a_point_of_version_0_1_0_has_fewer_keys():
    values = {"threshold": None, "coverage": 1.0, "risk": 0.1, "guaranteed": True}
    point = OperatingPoint.from_dict({**values, "target_risk": 0.2, "delta": 0.05, "n_samples": 9})
    assert point == OperatingPoint(-np.inf, 1.0, 0.1, True, 0.2, 0.05, 9, method="union")  # there was no other
    empirical = OperatingPoint.from_dict(
        {**values, "target_risk": 0.2, "delta": None, "n_samples": 9, "guaranteed": False}
    )
    assert empirical == OperatingPoint(-np.inf, 1.0, 0.1, False, 0.2, None, 9)


@pytest.mark.parametrize(
    "change", [{"threshold": "high"}, {"mode": 1}, {"cost": {"of_error": 1}}, {"method": "best"}, {"n_tuning": -1}]
)
def test_what_is_no_point_is_refused(change):
    with pytest.raises(InputError):
        OperatingPoint.from_dict(POINTS[0].to_dict() | change)
    missing = POINTS[0].to_dict()
    del missing["risk"]
    with pytest.raises(InputError, match="a threshold has the keys"):
        OperatingPoint.from_dict(missing)


def test_what_is_said_follows_what_was_asked_for():
    risk, guaranteed, coverage, cost, single, _ = (point.describe() for point in POINTS)
    assert risk.startswith("Accept where confidence >= 6.0: this accepts 94.00% of 100 samples with a risk of 4.26%.")
    assert "There is no guarantee" in risk and "With probability 0.95" in guaranteed
    assert "20 other samples decided which thresholds were tried. With" in guaranteed and "of 80 samples" in guaranteed
    bounded = select_threshold(CONFIDENCE, ERROR, 0.5, 0.05, method="sgr").describe()
    assert bounded.endswith("thresholds that it visits as fixed, and the errors choose them: nothing is guaranteed.")
    assert "every sample: this accepts 100.00%" in guaranteed
    assert "70.0: this accepts 30.00%" in coverage and "threshold that accepts at least 30% of them;" in coverage
    # 10 abstentions; answering all costs 10 errors at 5.
    assert "this costs 0.1 per sample, against 0.5 where all are answered and 1 where none is" in cost
    assert "looks better than it will be: chosen on one half and measured on the other" in cost
    assert f"[{POINTS[3].cost.low:.4g}, {POINTS[3].cost.high:.4g}] (95% interval)" in cost
    assert single.endswith("so it looks better than it will be.")


def test_thresholds_that_are_log_odds_are_exact_and_their_probability_is_not():
    point = OperatingPoint(1 / 3, 0.5, 0.0, False, 0.1, None, 2)
    for score in ("msp", "temperature_scaling"):
        said = f"{score} >= 0.3333333333333333 (log-odds; a probability of at least about 0.58257)"
        assert said in point.describe(score)
    assert "log-odds" not in point.describe("doctor")


def test_a_cost_without_an_interval_shows_none():
    cost = ExpectedCost(5.0, 1.0, 0.0, 0.0, 0.0, None, None, 0.95)
    assert cost.describe().endswith("thresholds cost 0.") and ExpectedCost.from_dict(vars(cost)) == cost
