import json

import numpy as np
import pytest

from abstain import InputError
from abstain.threshold.sequential_test import BLOCK, KEPT, SequentialTest, are_live, combined, live_starts, log_weights


def towards_one(before, since):
    """Twice the likelihood for each 1: log e-value against a fair coin."""
    return (since[..., 1] * np.log(1.8) + since[..., 0] * np.log(0.2)).astype(float)


def new_test(delta=0.05):
    return SequentialTest(towards_one, 2, delta)


def test_starts_are_kept_the_longer_the_rounder_they_are():
    for n_blocks in (0, 1, 7, 20, 1000):
        kept = [k for k in range(n_blocks + 1) if k == 0 or n_blocks - k <= KEPT * (k & -k)]
        assert live_starts(n_blocks).tolist() == kept
    assert len(live_starts(100_000)) < 70
    for n_blocks in range(300):  # one that was dropped never comes back
        assert set(live_starts(n_blocks + 1)) <= {*live_starts(n_blocks), n_blocks + 1}


def test_a_start_is_judged_without_all_others():
    for n_blocks in (0, 1, 7, 20, 1000):
        starts = np.arange(n_blocks + 1)
        assert starts[are_live(starts, n_blocks)].tolist() == live_starts(n_blocks).tolist()
    late = 10**12 - np.array([10**12, 10**12 - 1, 8, 4, 1, 0])  # far too many blocks to list
    assert are_live(late, 10**12).tolist() == [True, False, True, True, True, True]


def test_the_wager_is_shared_out_and_no_more():
    starts = np.arange(100_000)
    assert np.exp(log_weights(starts)).sum() == pytest.approx(1, abs=1e-5)
    assert np.exp(log_weights(starts)).sum() <= 1
    assert np.exp(log_weights(np.array([0, 1, 2]))) == pytest.approx([1 / 2, 1 / 4, 1 / 12])


def test_evidence_is_the_weighted_sum_over_starts():
    random = np.random.default_rng(0)
    ones = random.random(250) < 0.6
    test = new_test(delta=1e-300)
    test.add(ones.astype(int))
    assert test.starts.tolist() == [0, 1, 2] and test.before.tolist() == [
        [0, 0],
        *([k * BLOCK - ones[: k * BLOCK].sum(), ones[: k * BLOCK].sum()] for k in (1, 2)),
    ]
    parts = [
        weight * 1.8 ** ones[k * BLOCK :].sum() * 0.2 ** (~ones[k * BLOCK :]).sum()
        for k, weight in enumerate([1 / 2, 1 / 4, 1 / 12])
    ]
    assert test.log_evidence == pytest.approx(np.log(sum(parts)))


def test_how_the_stream_is_cut_makes_no_difference_to_the_counts():
    ones = (np.random.default_rng(1).random(730) < 0.5).astype(int)
    whole, parts = new_test(), new_test()
    whole.add(ones)
    for part in np.split(ones, [1, 99, 100, 101, 350, 700]):
        parts.add(part)
    assert whole.to_dict() == parts.to_dict() and whole.n == 730


def test_an_alarm_rises_at_the_first_look_that_shows_it_and_stays():
    # Half the wager times 1.8^n reaches 20 at n = 7.
    test = new_test()
    for _ in range(6):
        test.add(np.array([1]))
    assert test.alarm_at is None
    test.add(np.array([1]))
    assert test.alarm_at == 7
    test.add(np.zeros(500, int))
    assert test.alarm_at == 7 and test.log_evidence < 0


def test_a_change_is_noticed_soon_after_a_long_time_without_one():
    quiet = (np.random.default_rng(2).random(50_000) < 0.5).astype(int)
    test = new_test()
    test.add(quiet)
    assert test.alarm_at is None
    test.add(np.ones(200, int))
    assert test.alarm_at <= 50_200, "counts since the beginning alone would take as many again"
    assert towards_one(None, test.counts) < 0


def test_a_sum_looks_back_to_the_beginning_and_starts_anew():
    one, other = new_test(), new_test()
    one.add(np.ones(150, int)), other.add(np.zeros(90, int))
    total = one.merged(other)
    assert one.alarm_at and total.alarm_at is None
    assert total.counts.tolist() == [90, 150] and total.starts.tolist() == [0]
    total.add(np.zeros(160, int))
    assert total.starts.tolist() == [0, 3, 4] and total.before[1].tolist() == [150, 150]


def test_a_state_survives_json_and_goes_on():
    random = np.random.default_rng(3)
    first, second = ((random.random(n) < 0.5).astype(int) for n in (430, 999))
    there, here = new_test(), new_test()
    there.add(first)
    here.restore(json.loads(json.dumps(there.to_dict())))
    there.add(second), here.add(second)
    assert here.to_dict() == there.to_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"counts": [1, 2, 3]},
        {"counts": [-1, 251]},
        {"counts": [0.5, 249.5]},
        {"counts": [0, 0]},
        {"starts": [1, 2]},
        {"starts": [0, 2, 1]},
        {"before": [[0, 0], [50, 50], [1, 2]]},
        {"before": [[0], [50, 50]]},
        {"alarm_at": 251},
        {"more": 1},
    ],
    ids=str,
)
def test_what_is_no_state_is_refused(change):
    test = new_test()
    test.add(np.arange(250) % 2)
    values = test.to_dict() | change
    with pytest.raises(InputError):
        new_test().restore(values)


def test_combined_works_on_many_streams_at_once():
    counts = np.array([[3, 4], [10, 0]])
    before = np.zeros((2, 1, 2), int)
    found = combined(towards_one, np.array([0]), before, counts)
    assert found == pytest.approx(np.log(0.5) + towards_one(None, counts))
