import numpy as np
import pytest

from abstain import InputError, NoThresholdError, select_threshold
from abstain.threshold import METHODS, GroupThresholds

RANDOM = np.random.default_rng(0)
GROUP = np.repeat(["easy", "hard", "tiny"], [2000, 2000, 5])
CONFIDENCE = RANDOM.random(len(GROUP))
ERROR = RANDOM.random(len(GROUP)) < np.where(GROUP == "easy", 0.1, 0.4) * (1 - CONFIDENCE)


def of(name, *values):
    return [value[GROUP == name] for value in values]


@pytest.mark.parametrize("method", METHODS)
def test_each_group_has_the_threshold_of_its_share_of_delta(method):
    found = select_threshold(CONFIDENCE, ERROR, 0.1, 0.06, method=method, groups=GROUP, per_group=True)
    assert isinstance(found, GroupThresholds) and list(found.points) == ["easy", "hard", "tiny"]
    for name in ("easy", "hard"):
        assert found.points[name] == select_threshold(*of(name, CONFIDENCE, ERROR), 0.1, 0.02, method=method)
    assert found.points["tiny"] is None and "on " in found.reasons["tiny"] and list(found.reasons) == ["tiny"]
    together = select_threshold(CONFIDENCE, ERROR, 0.1, 0.06, method=method)
    assert (found.delta, found.target_risk, found.coverage_together) == (0.06, 0.1, together.coverage)


def test_coverage_and_risk_are_those_of_the_groups_by_their_share():
    found = select_threshold(CONFIDENCE, ERROR, 0.1, groups=GROUP, per_group=True)
    accepted = found.accept(CONFIDENCE, GROUP)
    assert found.coverage == pytest.approx(accepted.mean()) and found.risk == pytest.approx(ERROR[accepted].mean())
    for name in ("easy", "hard"):
        assert found.points[name].coverage == pytest.approx(accepted[GROUP == name].mean())


def test_a_group_without_a_threshold_or_that_was_not_there_abstains_wholly():
    found = select_threshold(CONFIDENCE, ERROR, 0.1, 0.06, groups=GROUP, per_group=True)
    answers = found.accept([2.0] * 4, ["easy", "hard", "tiny", "new"])
    assert answers.tolist() == [True, True, False, False]
    with pytest.raises(InputError, match="there are 1 groups and 2 samples"):
        found.accept([1.0, 2.0], ["easy"])


def test_other_samples_tune_within_their_groups():
    half = np.arange(len(GROUP)) % 2 == 0
    tuning = CONFIDENCE[half], ERROR[half], GROUP[half]
    found = select_threshold(
        CONFIDENCE[~half], ERROR[~half], 0.1, 0.06, groups=GROUP[~half], per_group=True, tuning=tuning
    )
    part = (GROUP == "hard") & ~half, (GROUP == "hard") & half
    certifying, of_tuning = ((CONFIDENCE[rows], ERROR[rows]) for rows in part)
    assert found.points["hard"] == select_threshold(*certifying, 0.1, 0.02, tuning=of_tuning)
    assert found.points["hard"].n_tuning == half[GROUP == "hard"].sum()
    with pytest.raises(InputError, match=r"but must be \(confidence, error, groups\)"):
        select_threshold(CONFIDENCE, ERROR, 0.1, 0.06, groups=GROUP, per_group=True, tuning=tuning[:2])


def test_the_words_say_what_each_group_does_and_what_it_costs():
    found = select_threshold(CONFIDENCE, ERROR, 0.1, 0.06, groups=GROUP, per_group=True)
    lines = found.describe().splitlines()
    assert lines[0].startswith(f"easy: accept where the confidence is >= {found.points['easy'].threshold!r}, ")
    assert lines[2].startswith("tiny: abstains wholly, no threshold on 4 samples is sure")
    assert lines[3] == (
        "Each of 3 groups is tested at 0.02. With probability 0.94 over the draw of these samples, the risk on new "
        "ones from the same distribution is at most 0.1 in every group at once."
    )
    assert (
        f"would accept {found.coverage_together:.2%} of the samples." in lines[4]
        and f"{found.coverage:.2%}" in lines[4]
    )
    empirical = select_threshold(CONFIDENCE, ERROR, 0.1, groups=GROUP, per_group=True).describe()
    assert "There is no guarantee" in empirical
    bounded = select_threshold(CONFIDENCE, ERROR, 0.1, 0.06, groups=GROUP, per_group=True, method="sgr").describe()
    assert "Nothing is guaranteed, since the method has no proof." in bounded


def test_no_group_with_a_threshold_is_an_error_that_names_the_largest():
    with pytest.raises(NoThresholdError, match=r"none of 2 groups has a threshold; in the largest, 1: no threshold on"):
        select_threshold(range(30), [0] * 30, 0.01, 0.05, groups=[0] * 10 + [1] * 20, per_group=True)


def test_bad_groups_are_refused():
    with pytest.raises(InputError, match="there are 2 groups and 3 samples: give one group a sample"):
        select_threshold([1, 2, 3], [0, 1, 0], 0.1, groups=[0, 1], per_group=True)


def test_the_promise_holds_in_every_group_at_once():
    # Two flat groups just above the target: each threshold is a violation, of which δ may be in any group together.
    violated = 0
    for seed in range(1000):
        random = np.random.default_rng(seed)
        try:
            select_threshold(
                random.random(400), random.random(400) < 0.1001, 0.1, 0.2, groups=np.arange(400) % 2, per_group=True
            )
            violated += 1
        except NoThresholdError:
            pass
    assert 0 < violated <= 200 + 3 * np.sqrt(1000 * 0.2 * 0.8)
