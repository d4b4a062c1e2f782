import numpy as np
import pytest
import threshold_oracle

from abstain import select_threshold
from abstain.audit.decisions import decide

ORDER = np.arange(1000.0)
WRONG = (ORDER < 300).astype(float)


def test_a_threshold_is_chosen_on_some_samples_and_measured_on_others():
    test = (np.array([650.0, 350.0, 250.0, 10.0]), np.array([0.0, 1.0, 0.0, 1.0]))
    found = decide((ORDER, WRONG), test, 0.1, None)
    point = select_threshold(ORDER, WRONG, 0.1)
    assert found.threshold == point.threshold and found.reason is None
    assert (found.coverage, found.risk) == (0.75, 1 / 3), "on the test samples, whatever was hoped for"


def test_other_samples_propose_where_there_is_a_guarantee():
    tuning = (ORDER + 0.5, WRONG)
    found = decide((ORDER, WRONG), (ORDER, WRONG), 0.1, 0.05, tuning)
    assert found.threshold == select_threshold(ORDER, WRONG, 0.1, 0.05, tuning=tuning).threshold
    assert found.delta == 0.05 and found.risk <= 0.1


def test_without_a_threshold_there_is_a_reason_and_how_many_would_be_enough():
    few = (ORDER[290:320], WRONG[290:320])
    found = decide(few, (ORDER, WRONG), 0.2, 0.001)
    assert (found.threshold, found.coverage, found.risk) == (None, None, None)
    assert "0.001" in found.reason and found.n_enough > 30
    assert found.to_dict()["n_enough"] == found.n_enough


def test_a_threshold_that_accepts_everything_can_be_written_as_json():
    found = decide((ORDER, 0 * WRONG), (ORDER, WRONG), 0.1, 0.05)
    assert found.threshold == -np.inf and found.coverage == 1.0
    assert found.to_dict()["threshold"] == "-inf"


def test_nothing_accepted_has_no_risk():
    found = decide((ORDER, WRONG), (np.zeros(5), np.zeros(5)), 0.1, None)
    assert (found.coverage, found.risk) == (0.0, None)


def test_a_threshold_from_few_says_so_and_the_risk_has_the_exact_interval():
    few = (np.arange(30.0), (np.arange(30) < 10).astype(float))
    found = decide(few, (np.arange(10.0) + 20, np.r_[1.0, np.zeros(9)]), 0.1, None, level=0.95)
    assert found.is_of_few and (found.n_chosen_on, found.n_wrong) == (30, 10)
    low, high = found.interval  # 1 of 10: P(at least 1) and P(at most 1) are 2.5 % there
    assert 1 - threshold_oracle.binomial_cdf(0, 10, low) == pytest.approx(0.025)
    assert threshold_oracle.binomial_cdf(1, 10, high) == pytest.approx(0.025)
    assert decide(few, few, 0.1, None).interval is None, "of samples that depend on each other"
    assert not decide((ORDER, WRONG), (ORDER, WRONG), 0.1, None).is_of_few
    assert not decide(few, few, 0.01, 0.05).is_of_few, "there is none"
