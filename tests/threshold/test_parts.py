import numpy as np
import pytest

from abstain.threshold.parts import TUNING_SHARE, tuning_and_certifying


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1001])
def test_each_row_is_in_one_part_and_a_fifth_tunes(n):
    tuning, certifying = tuning_and_certifying(n, seed=5)
    assert sorted([*tuning, *certifying]) == list(range(n))
    assert len(tuning) == round(TUNING_SHARE * n)
    assert len(certifying) >= 1


def test_the_seed_alone_decides():
    assert np.array_equal(tuning_and_certifying(100, 3)[0], tuning_and_certifying(100, 3)[0])
    assert not np.array_equal(tuning_and_certifying(100, 3)[0], tuning_and_certifying(100, 4)[0])


def test_every_place_tunes_equally_often():
    # 2,000 seeds: 400 of 2,000 for each of 50 places, within 4 standard deviations of 18.
    counts = np.zeros(50)
    for seed in range(2000):
        counts[tuning_and_certifying(50, seed)[0]] += 1
    assert np.abs(counts - 400).max() < 72
