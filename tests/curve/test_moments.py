import numpy as np
import pytest

from abstain.curve.moments import Moments, unit_of


def test_moments_of_three_influences_as_worked_by_hand():
    # -1, -1 and 2: Σ IF² = 6, Σ IF³ = 6, Σ IF⁴ = 18
    moments = Moments.of_values(np.array([-1.0, -1.0, 2.0]), 3, 1.0)
    assert (moments.second, moments.third, moments.fourth) == (6, 6, 18)
    assert moments.standard_error == pytest.approx(np.sqrt(6) / 3)
    assert moments.skewness == pytest.approx(6 / 6**1.5)
    assert moments.effective_number == 2


def test_sums_over_clusters_have_one_degree_of_freedom_less():
    # 12 samples in 3 clusters: sqrt(3/2 · 6) / 12
    moments = Moments.of_values(np.array([-1.0, -1.0, 2.0]), 12, 1.0, n_clusters=3)
    assert moments.standard_error == pytest.approx(3 / 12)


def test_a_unit_changes_nothing_but_what_float64_can_hold():
    tiny = 1e-100 * np.array([-1.0, -1.0, 2.0])
    moments = Moments.of_values(tiny, 3, unit_of(2e-100))
    assert moments.standard_error == pytest.approx(1e-100 * np.sqrt(6) / 3)
    assert moments.effective_number == pytest.approx(2)
    assert Moments.of_values(tiny, 3, 1.0).effective_number == 0, "fourth powers are gone"


def test_where_nothing_varies_there_is_no_skewness_and_no_number():
    moments = Moments.of_values(np.zeros(5), 5, 1.0)
    assert (moments.standard_error, moments.skewness, moments.effective_number) == (0, 0, 0)


@pytest.mark.parametrize(("largest", "unit"), [(0.0, 1.0), (1.0, 1.0), (3.0, 4.0), (0.3, 0.5), (1e75, 2.0**250)])
def test_the_unit_is_a_power_of_two_of_the_size_of_the_largest_loss(largest, unit):
    assert unit_of(largest) == unit
