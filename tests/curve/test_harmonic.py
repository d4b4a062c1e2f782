import math

import numpy as np
import pytest

from abstain.curve.harmonic import harmonic_difference, inverse_squares

ENDS = [(0, 1), (0, 5), (3, 255), (255, 256), (255, 257), (256, 257), (100, 10**5), (0, 10**6), (10**6, 10**6 + 3)]


@pytest.mark.parametrize(("start", "stop"), ENDS)
def test_sums_between_two_places_keep_their_digits(start, stop):
    places = range(start + 1, stop + 1)
    ends = np.array([start]), np.array([stop])
    assert harmonic_difference(*ends)[0] == pytest.approx(math.fsum(1 / i for i in places), rel=1e-13)
    assert inverse_squares(*ends)[0] == pytest.approx(math.fsum(1 / i**2 for i in places), rel=1e-13)


def test_between_a_place_and_itself_there_is_nothing():
    ends = np.array([0, 3, 255, 256, 10**12])
    assert harmonic_difference(ends, ends).tolist() == inverse_squares(ends, ends).tolist() == [0.0] * 5
