import numpy as np
import pytest
import threshold_oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from abstain import InputError, NoThresholdError, select_threshold_for_cost

repeatable = settings(deadline=None, derandomize=True, max_examples=100)
CHEAP = {"cost_of_error": 10, "cost_of_abstaining": 1}


def test_the_cheapest_threshold_as_worked_by_hand():
    # Accepting 1, 2, 3, 4 costs 3, 2, 11, 20 in all; accepting none 4.
    point = select_threshold_for_cost([4, 3, 2, 1], [0, 0, 1, 1], **CHEAP)
    assert (point.threshold, point.coverage, point.risk) == (3.0, 0.5, 0.0)
    assert (point.cost.per_sample, point.cost.answering_all) == (0.5, 5.0)
    assert (point.cost.of_error, point.cost.of_abstaining, point.cost.level) == (10.0, 1.0, 0.95)
    assert (point.guaranteed, point.target_risk, point.target_coverage, point.delta) == (False, None, None, None)


samples = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0, 0, 0, 1])), min_size=1, max_size=30)


@repeatable
@given(samples, st.sampled_from([1, 2, 3, 10, 0.3]), st.sampled_from([0.1, 1, 3, 0.7]))
def test_no_threshold_is_cheaper_and_no_equal_one_accepts_more(rows, of_error, of_abstaining):
    confidence, error = (np.array(column, float) for column in zip(*rows, strict=True))
    costs = threshold_oracle.threshold_costs(confidence, error, of_error, of_abstaining)  # threshold -> cost per sample
    least = min(costs.values())
    prices = {"cost_of_error": of_error, "cost_of_abstaining": of_abstaining}
    if least > of_abstaining + 1e-9:
        with pytest.raises(NoThresholdError, match="abstaining from every sample"):
            select_threshold_for_cost(confidence, error, **prices)
        return
    point = select_threshold_for_cost(confidence, error, **prices)
    assert point.cost.per_sample == pytest.approx(least)
    assert point.threshold == min(threshold for threshold, cost in costs.items() if cost < least + 1e-9)
    assert point.cost.answering_all == pytest.approx(of_error * error.mean())
    assert point.coverage == (confidence >= point.threshold).mean()


def test_where_nothing_is_worth_its_risk_no_threshold_is_given():
    with pytest.raises(NoThresholdError, match=r"at 1 each, is cheaper .* the 2 thresholds .*the cheapest costs 5\.5"):
        select_threshold_for_cost([2, 1], [1, 0], **CHEAP | {"cost_of_error": 11})


def test_each_half_is_charged_at_the_threshold_of_the_other():
    rng = np.random.default_rng(1)
    confidence, error = rng.random(40), rng.random(40) < 0.2
    point = select_threshold_for_cost(confidence, error, **CHEAP, seed=5)
    first = np.random.default_rng(5).permutation(40) < 20
    charged = np.empty(40)
    for chosen_on, on in ((first, ~first), (~first, first)):
        costs = {np.inf: 1.0, **threshold_oracle.threshold_costs(confidence[chosen_on], error[chosen_on], 10, 1)}
        threshold = min(costs, key=lambda key: (round(costs[key], 9), key))
        charged[on] = np.where(confidence[on] >= threshold, 10 * error[on], 1)
    assert point.cost.held_out == pytest.approx(charged.mean())
    half = 1.959964 * charged.std(ddof=1) / np.sqrt(40) / charged.mean()
    assert (point.cost.low, point.cost.high) == pytest.approx(charged.mean() * np.exp([-half, half]), rel=1e-5)
    narrower = select_threshold_for_cost(confidence, error, **CHEAP, seed=5, level=0.5).cost
    assert point.cost.low < narrower.low < narrower.high < point.cost.high


def test_what_depends_on_each_other_stays_together_and_widens_the_interval():
    rng = np.random.default_rng(0)
    of_group = rng.random(60)
    confidence, error = np.repeat(of_group, 50), np.repeat(rng.random(60) < 0.5 * (1 - of_group), 50)
    group = np.repeat(np.arange(60), 50)
    alone, together = (select_threshold_for_cost(confidence, error, **CHEAP, group=g).cost for g in (None, group))
    assert alone.per_sample == together.per_sample
    assert together.high / together.low > (alone.high / alone.low) ** 3
    named = select_threshold_for_cost(confidence, error, **CHEAP, group=[f"image {g:02}" for g in group]).cost
    assert named == together
    assert select_threshold_for_cost(confidence, error, **CHEAP, group=np.zeros(3000, int)).cost.held_out is None


@pytest.mark.parametrize("error", [[0, 0, 0, 0], [0]])
def test_without_any_spread_there_is_no_interval(error):
    cost = select_threshold_for_cost(np.zeros(len(error)), error, **CHEAP).cost
    assert (cost.low, cost.high) == (None, None) and cost.held_out == (0.0 if len(error) > 1 else None)


def test_the_interval_holds_the_true_cost_where_the_least_cost_does_not():
    # P(error | u) = (1 - u)² / 2, so above t: 10 (1 - t)³ / 6 + t.
    rng = np.random.default_rng(0)
    held, below = 0, []
    for _ in range(300):
        u = rng.random(200)
        point = select_threshold_for_cost(u, rng.random(200) < (1 - u) ** 2 / 2, **CHEAP)
        true = 10 * (1 - point.threshold) ** 3 / 6 + point.threshold
        held += point.cost.low <= true <= point.cost.high
        below.append(point.cost.per_sample / true)
    assert 0.85 <= held / 300 <= 0.97
    assert np.mean(below) < 0.92, "the least cost is that much too low"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost_of_error": 0}, "cost_of_error is 0, but must be finite and above 0"),
        ({"cost_of_abstaining": -1}, "cost_of_abstaining is -1, but must be"),
        ({"cost_of_error": np.inf}, "cost_of_error is inf"),
        ({"cost_of_abstaining": np.nan}, "cost_of_abstaining is nan"),
        ({"cost_of_error": "1"}, "cost_of_error is '1', but must be a number"),
        ({"level": 1}, "level is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"group": [1]}, "there are 1 groups and 2 samples"),
        ({"group": [0.5, 1.5]}, "groups hold float64"),
        ({"error": [0.5, 0]}, "a threshold for costs needs 0/1 errors"),
        ({"confidence": [np.nan, 1]}, "confidence holds 1 NaN"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        select_threshold_for_cost(**{"confidence": [2, 1], "error": [0, 1], **CHEAP, **change})
