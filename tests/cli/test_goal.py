import numpy as np
import pytest

from abstain import InputError, select_threshold, select_threshold_for_cost, select_threshold_for_coverage, threshold
from abstain.cli.goal import METHODS, Goal

CONFIDENCE, ERROR = np.arange(200)[::-1], np.arange(200) >= 150
COSTS = {"cost_of_error": 3.0, "cost_of_abstaining": 1.0}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"target_risk": 0.1}, select_threshold(CONFIDENCE, ERROR, 0.1)),
        ({"target_risk": 0.1, "delta": 0.05}, select_threshold(CONFIDENCE, ERROR, 0.1, 0.05, seed=7)),
        (
            {"target_risk": 0.1, "delta": 0.05, "method": "union"},
            select_threshold(CONFIDENCE, ERROR, 0.1, 0.05, method="union"),
        ),
        ({"target_coverage": 0.3}, select_threshold_for_coverage(CONFIDENCE, ERROR, 0.3)),
        (COSTS, select_threshold_for_cost(CONFIDENCE, ERROR, **COSTS, seed=7)),
    ],
)
def test_each_goal_has_its_selection(options, expected):
    assert Goal(**options).selection(sample=None, seed=7)(CONFIDENCE, ERROR) == expected


def test_samples_that_depend_on_each_other_have_no_guarantee_and_wider_costs():
    image = np.arange(200) // 50
    with pytest.raises(InputError, match="as the pixels of one image do, are not independent"):
        Goal(target_risk=0.1, delta=0.05).selection(sample=image, seed=0)
    found = Goal(**COSTS).selection(sample=image, seed=0)(CONFIDENCE, ERROR)
    assert found == select_threshold_for_cost(CONFIDENCE, ERROR, **COSTS, group=image)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing says what the threshold is for: give one of --target-risk, --target-coverage, --cost-of-error"),
        ({"delta": 0.05}, "nothing says what the threshold is for"),
        ({"target_risk": 0.1, "target_coverage": 0.5}, "--target-risk and --target-coverage are given together: give"),
        ({"target_risk": 0.1, **COSTS}, "--target-risk and --cost-of-error with --cost-of-abstaining are given"),
        ({"cost_of_error": 1.0}, "one cost is given, but only two together say what is cheap"),
        ({"cost_of_abstaining": 1.0}, "one cost is given, but"),
        ({"target_coverage": 0.5, "delta": 0.1}, "--delta is given without --target-risk"),
        ({"target_risk": 0.1, "method": "union"}, "--method is given without --delta, which it is for"),
        ({"target_risk": 0.1, "delta": 0.1, "method": "best"}, "unknown method 'best'"),
        ({**COSTS, "cost_of_error": -1.0}, "cost_of_error is -1, but must be finite and above 0, in the unit"),
        ({**COSTS, "cost_of_abstaining": 0.0}, "cost_of_abstaining is 0, but must be"),
        ({**COSTS, "cost_of_error": np.inf}, "cost_of_error is inf, but must be finite"),
    ],
)
def test_anything_but_one_goal_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        Goal(**options)


def test_the_methods_are_those_of_the_library():
    assert METHODS == threshold.METHODS


@pytest.mark.parametrize(
    ("options", "tuned", "draws"),
    [
        ({"target_risk": 0.1}, False, False),
        ({"target_risk": 0.1, "delta": 0.05}, True, True),
        ({"target_risk": 0.1, "delta": 0.05, "method": "split_fixed_sequence"}, True, True),
        ({"target_risk": 0.1, "delta": 0.05, "method": "union"}, False, False),
        (COSTS, False, True),
    ],
)
def test_a_part_that_tunes_is_drawn_where_no_other_samples_do(options, tuned, draws):
    goal = Goal(**options)
    assert (goal.is_tuned, goal.draws(apart=False)) == (tuned, draws)
    assert goal.draws(apart=True) == (draws and not tuned)
