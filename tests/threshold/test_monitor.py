import json
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import abstain
from abstain import InputError, OperatingPoint, RiskMonitor, select_threshold, select_threshold_for_coverage
from abstain.threshold.confidence_sequence import bounds

RULE = OperatingPoint(0.5, 0.5, 0.02, True, target_risk=0.05, delta=0.05, n_samples=2500, method="union")
RANDOM = np.random.default_rng(0)
VALIDATION = RANDOM.random(2500)
CONFIDENCE, ERROR = RANDOM.random(3000), (RANDOM.random(3000) < 0.02).astype(float)
HALF_LABELLED = np.where(RANDOM.random(3000) < 0.5, ERROR, np.nan)


def monitor(validation=VALIDATION, **options):
    return RiskMonitor(RULE, validation, **options)


def test_it_counts_what_is_accepted_and_labelled():
    found = monitor().update(CONFIDENCE, HALF_LABELLED)
    accepted = CONFIDENCE >= 0.5
    labelled = accepted & ~np.isnan(HALF_LABELLED)
    assert (found.n_samples, found.n_accepted, found.n_labelled) == (3000, accepted.sum(), labelled.sum())
    assert found.risk_bounds() == bounds(int(HALF_LABELLED[labelled].sum()), int(labelled.sum()), 0.025)
    assert not found.alarm


@pytest.mark.parametrize("validation", [VALIDATION, None, np.round(VALIDATION * 3) / 3])
def test_one_by_one_in_batches_and_through_json_is_the_same(validation):
    confidence = np.round(CONFIDENCE[:350] * 3) / 3
    whole = monitor(validation).update(confidence, ERROR[:350])
    one_by_one, in_parts = monitor(validation), monitor(validation)
    for sample in zip(confidence, ERROR, strict=False):
        one_by_one.update(*sample)
    for part in np.split(np.arange(350), [7, 120]):
        in_parts = RiskMonitor.from_dict(json.loads(json.dumps(in_parts.to_dict(), allow_nan=False)))
        in_parts.update(confidence[part], ERROR[part])
    assert whole == in_parts
    assert whole.shift.counts.tolist() == one_by_one.shift.counts.tolist()
    assert whole.risk.to_dict() == one_by_one.risk.to_dict()


def test_a_shift_of_the_confidences_is_noticed_without_labels():
    shifted = CONFIDENCE * 0.8
    of_ranks, of_share = monitor().update(shifted), monitor(None).update(shifted)
    assert of_ranks.shift.alarm_at < of_share.shift.alarm_at <= 1000
    assert of_ranks.alarm and of_ranks.risk.alarm_at is None
    assert "ALARM" in of_ranks.describe() and "coverage is another" in of_share.describe()


def test_ranks_notice_what_leaves_coverage_alone():
    squeezed = np.where(CONFIDENCE >= 0.5, 0.5 + (CONFIDENCE - 0.5) / 4, CONFIDENCE)
    assert monitor().update(squeezed).shift.alarm_at
    assert monitor(None).update(squeezed).shift.alarm_at is None


def test_a_risk_above_the_target_is_noticed_from_labels():
    error = np.random.default_rng(1).random(3000) < 0.12
    found = monitor().update(CONFIDENCE, error)
    assert found.risk.alarm_at <= 500 and found.shift.alarm_at is None and found.alarm
    assert f"ALARM after {found.risk.alarm_at} labels: the risk is above 0.05" in found.describe()


def test_errors_of_those_not_accepted_have_no_say():
    error = np.where(CONFIDENCE >= 0.5, 0, 1)
    found = monitor().update(CONFIDENCE, error)
    assert found.risk.counts.tolist() == [found.n_accepted, 0]


def test_where_the_lower_bound_is_above_the_target_the_alarm_has_risen():
    found = monitor()
    for error in np.random.default_rng(3).random(200) < 0.2:
        found.update(0.9, error)
        assert found.risk.alarm_at or found.risk_bounds()[0] <= 0.05
    assert found.risk.alarm_at


def test_labels_that_come_later_count_as_those_that_come_at_once():
    at_once, later = monitor().update(CONFIDENCE, HALF_LABELLED), monitor().update(CONFIDENCE)
    assert later.add_labels(CONFIDENCE, HALF_LABELLED) == at_once
    with pytest.raises(InputError, match="count samples by update first, and each label once"):
        later.add_labels(CONFIDENCE, ERROR)
    assert later == at_once


def test_what_is_refused_leaves_the_monitor_unchanged():
    found = monitor().update(CONFIDENCE, HALF_LABELLED)
    before = found.to_dict()
    for bad in (([0.1, np.nan], None), ([0.1, 0.2], [0, 3]), ([], None)):
        with pytest.raises(InputError):
            found.update(*bad)
    assert found.to_dict() == before


def test_a_sum_is_a_monitor_of_both_streams():
    halves = np.split(np.arange(3000), 2)
    one, other = (monitor(seed=seed).update(CONFIDENCE[half], HALF_LABELLED[half]) for seed, half in enumerate(halves))
    total, whole = one + other, monitor().update(CONFIDENCE, HALF_LABELLED)
    assert total.shift.counts.tolist() == whole.shift.counts.tolist()
    assert total.risk_bounds() == whole.risk_bounds() and total.n_accepted == whole.n_accepted
    assert total == other + one and total.seeds == (0, 1)
    third = monitor(seed=2).update(0.7)
    assert (total + third) == (one + (third + other))
    assert RiskMonitor.from_dict(total.to_dict()).update(CONFIDENCE) == total.update(CONFIDENCE)


def test_a_sum_finds_what_no_part_could():
    parts = [monitor(seed=seed).update(CONFIDENCE[seed::10] ** 1.25) for seed in range(10)]
    assert not any(part.alarm for part in parts)
    total = sum(parts[1:], start=parts[0])
    assert total.shift.alarm_at == 3000


def test_a_sum_of_unlike_monitors_is_refused():
    for other, message in (
        (RiskMonitor(OperatingPoint(0.6, 0.5, 0, True, 0.05, 0.05, 2500), VALIDATION, seed=1), "unlike rules"),
        (monitor(None, seed=1), "unlike validation"),
        (monitor(VALIDATION + 1, seed=1), "unlike validation"),
        (monitor(delta=0.1, seed=1), "unlike values of delta"),
        (monitor(), "both monitors hold the seed 0"),
    ):
        with pytest.raises(InputError, match=message):
            monitor() + other
    with pytest.raises(InputError, match="the seed 1"):
        (monitor() + monitor(seed=1)) + monitor(seed=1)
    with pytest.raises(TypeError):
        monitor() + 1


def test_another_seed_breaks_ties_otherwise():
    tied = np.ones(200)
    counts = [monitor(np.ones(200), seed=seed).update(tied).shift.counts for seed in (0, 0, 1)]
    assert counts[0].tolist() == counts[1].tolist() != counts[2].tolist()


@pytest.mark.parametrize("levels", [1, 2, 5])
def test_ties_raise_no_alarm(levels):
    values = np.random.default_rng(levels).integers(0, levels, 22_500).astype(float)
    assert not RiskMonitor(RULE, values[:2500]).update(values[2500:]).alarm


@pytest.mark.parametrize("validation", [True, False])
def test_false_alarms_are_as_rare_as_promised_over_both_draws(validation):
    # Small validation data, whose own shares are far from the truth: the promise is over their draw too.
    random, alarms, delta, n_runs = np.random.default_rng(5), 0, 0.4, 200
    for _ in range(n_runs):
        confidence = random.random(60)
        point = select_threshold(confidence, random.random(60) < 0.2, 0.4)
        found = RiskMonitor(point, confidence if validation else None, delta=delta)
        alarms += found.update(random.random(2000)).shift.alarm_at is not None
    assert alarms / n_runs <= delta / 2 + 3 * np.sqrt(delta / 2 / n_runs)
    assert alarms > 0 or not validation, "the test has no power to lose"


def test_a_rule_for_a_coverage_has_bounds_and_no_alarm_of_a_risk():
    point = select_threshold_for_coverage(VALIDATION, np.zeros(2500), 0.5)
    found = RiskMonitor(point, VALIDATION).update(CONFIDENCE, np.ones(3000))
    assert found.risk.alarm_at is None and found.risk_bounds()[0] > 0.99
    assert "risk is above" not in found.describe()


@pytest.mark.parametrize("target_risk", [0.0, 1.0, 1.5, float("nan")])
def test_a_target_that_no_evidence_speaks_against_is_refused(target_risk):
    with pytest.raises(InputError, match="target_risk is "):
        RiskMonitor(replace(RULE, target_risk=target_risk))


def test_a_rule_is_taken_for_its_point():
    assert RiskMonitor(SimpleNamespace(operating_point=RULE)).operating_point is RULE
    with pytest.raises(InputError, match="the rule is None, but must be an AbstentionRule"):
        RiskMonitor(None)


@pytest.mark.parametrize("options", [{"delta": 0}, {"delta": 1}, {"seed": -1}, {"seed": 2**32}, {"validation": [1, 2]}])
def test_bad_arguments_are_refused(options):
    with pytest.raises(InputError):
        RiskMonitor(RULE, **options)


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"delta": 2}, {"seeds": []}, {"seeds": 0}, {"n_drawn": 10**6}, {"n_accepted": 10**6}, {"shift": {}},
     {"validation": None}, {"operating_point": {}}, {"more": 1}],
    ids=str,
)  # fmt: skip
def test_what_is_no_monitor_is_refused(change):
    with pytest.raises(InputError):
        RiskMonitor.from_dict(monitor().update(CONFIDENCE, ERROR).to_dict() | change)


def test_a_monitor_works_without_torch():
    code = f"import sys, abstain; from abstain import OperatingPoint; abstain.RiskMonitor({RULE!r}).update([1.0], [0])"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'torch' not in sys.modules"], check=True)
    assert "RiskMonitor" in abstain.__all__
