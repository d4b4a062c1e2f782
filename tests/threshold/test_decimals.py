import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from abstain.threshold import OperatingPoint, decimals, select_threshold, shortest_between
from abstain.threshold.decimals import BFLOAT16, as_percent, with_fewest_digits
from abstain.threshold.parts import tuning_and_certifying

repeatable = settings(deadline=None, derandomize=True, max_examples=200)


@pytest.mark.parametrize(
    ("below", "threshold", "expected"),
    [
        (0.85, 0.93, 0.9),
        (0.929, 0.93, 0.93),
        (0.91, 0.9299999999999999, 0.92),
        (-np.inf, 0.4567, 0.4),
        (0.999, 1.0, 1.0),
        (-0.2, -0.1234, -0.2 + 0.07),  # -0.13: cut downwards
        (0.1, np.inf, np.inf),
        (np.nextafter(0.3, 0), 0.3, 0.3),
    ],
)
def test_the_shortest_number_as_worked_by_hand(below, threshold, expected):
    assert shortest_between(below, threshold) == pytest.approx(expected, abs=1e-15)


@repeatable
@given(st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.sampled_from([np.float32, np.float64]))
def test_it_separates_in_either_type(one, other, dtype):
    below, threshold = sorted((one, other))
    if below < threshold:
        found = shortest_between(below, threshold, dtype)
        assert below < found <= threshold and dtype(below) < dtype(found) <= dtype(threshold)
        assert len(repr(found)) <= max(len(repr(threshold)), 5)


def test_neighbours_in_float32_are_told_apart_in_float32():
    # 0.1 rounds up to 0.10000000149 in float32; between it and its neighbour below, 0.0999999940, any number nearer to
    # the latter would accept it too.
    high = float(np.float32(0.1))
    low = float(np.nextafter(np.float32(0.1), np.float32(0)))
    found = shortest_between(low, high, np.float32)
    assert found == 0.1
    assert np.array([low, high], np.float32).__ge__(found).tolist() == [False, True]


EVERY_WAY = [{}, {"delta": 0.05, "method": "union"}, {"delta": 0.05, "method": "split_fixed_sequence"}]
CERTIFYING = tuning_and_certifying(3000, seed=0)[1]  # on which the coverage of the last is measured


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("decimals", [2, 3, 16])
def test_the_same_samples_are_accepted_in_the_stored_type(dtype, decimals, way):
    rng = np.random.default_rng(0)
    stored = rng.beta(5, 1, size=3000).round(decimals).astype(dtype)
    confidence = stored.astype(np.float64)
    point = select_threshold(confidence, rng.random(3000) < 1 - confidence, 0.08, **way)
    short = with_fewest_digits(point, confidence, dtype)
    assert 0.1 < point.coverage < 1
    np.testing.assert_array_equal(stored >= short.threshold, confidence >= point.threshold)
    measured = CERTIFYING if point.n_tuning else slice(None)
    assert (stored >= short.threshold)[measured].mean() == (confidence >= short.threshold)[measured].mean()
    assert (stored >= short.threshold)[measured].mean() == point.coverage
    assert (short.coverage, short.risk, short.delta) == (point.coverage, point.risk, point.delta)
    assert way or len(repr(short.threshold)) <= 8


def test_a_threshold_that_others_proposed_is_shortened_as_far_as_its_type_goes_and_no_further():
    # 0.5 and 0.50048828125 are neighbours in float16; in float64 nothing shorter accepts the same of all numbers.
    point = OperatingPoint(0.50048828125, 0.5, 0.0, True, 0.1, 0.05, 2, method="split_fixed_sequence", n_tuning=3)
    far_below = np.array([0.1, 0.9])
    assert with_fewest_digits(point, far_below, np.float16).threshold == 0.5004
    assert with_fewest_digits(point, far_below, np.float64) == point


def test_a_guaranteed_threshold_stays_next_to_what_is_rejected():
    # It must not depend on what is accepted: the lowest of these is 0.9.
    point = OperatingPoint(np.nextafter(0.5, 1), 0.5, 0.0, True, 0.1, 0.05, 2)
    confidence = np.array([0.5, 0.9])
    assert with_fewest_digits(point, confidence, np.float64).threshold == np.nextafter(0.5, 1)
    in_float32 = with_fewest_digits(point, confidence, np.float32).threshold
    assert 0.5 < np.float32(in_float32) == np.nextafter(np.float32(0.5), np.float32(1))


def test_accepting_all_with_a_guarantee_accepts_all():
    point = OperatingPoint(-np.inf, 1.0, 0.0, True, 0.1, 0.05, 2)
    assert with_fewest_digits(point, np.array([0.5, 0.9]), np.float64) is point


@repeatable
@given(st.floats(-2, 2, width=32))
def test_numbers_are_rounded_to_bfloat16_and_followed_there_as_torch_does(value):
    rounded = torch.tensor(value, dtype=torch.bfloat16)
    assert decimals._rounded(value, BFLOAT16) == float(rounded)
    above, below = (
        torch.nextafter(rounded, torch.tensor(end, dtype=torch.bfloat16)) for end in (torch.inf, -torch.inf)
    )
    assert decimals._next_above(float(rounded), BFLOAT16) == float(above)
    assert decimals._next_below(float(rounded), BFLOAT16) == float(below)


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("seed", range(6))
def test_the_same_samples_are_accepted_in_bfloat16(seed, way):
    rng = np.random.default_rng(seed)
    stored = torch.from_numpy(rng.beta(5, 1, size=3000)).bfloat16()
    confidence = stored.double().numpy()
    point = select_threshold(confidence, rng.random(3000) < 1 - confidence, 0.08, **way)
    short = with_fewest_digits(point, confidence, BFLOAT16)
    measured = CERTIFYING if point.n_tuning else slice(None)
    for compared in (stored, stored.float(), stored.double()):
        assert float((compared >= short.threshold)[measured].double().mean()) == point.coverage


def test_a_number_of_percent_accepts_what_its_fraction_does():
    percent = np.arange(100_001) / 1000  # every number of three decimals
    for number in percent[::97]:
        at, above = float(number / 100), float(np.nextafter(number / 100, 2))
        assert as_percent(at) == number
        assert ((percent >= as_percent(at)) == (percent / 100 >= at)).all()
        assert ((percent >= as_percent(above)) == (percent / 100 >= above)).all()


@repeatable
@given(st.floats(0, 1))
def test_any_threshold_has_a_number_of_percent(threshold):
    found = as_percent(threshold)
    assert np.nextafter(found, -np.inf) / 100 <= threshold <= found / 100
