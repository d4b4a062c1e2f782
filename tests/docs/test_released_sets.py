import pytest

from abstain import aurc, aurc_difference
from abstain.scores import msp


@pytest.fixture(scope="module")
def released(program):
    return program("released_sets")


@pytest.fixture(scope="module")
def digits(released):
    return next(one for one in released.released_sets() if one.name == "noisy digits, label smoothing, α = 0.4")


def test_sets_of_two_classes_are_left_out_and_more_smoothing_comes_later(released):
    names = [one.name for one in released.released_sets()]
    assert not [name for name in names if "bank" in name or "shoppers" in name]
    assert names[:3] == ["cifar10, cross-entropy", *(f"cifar10, label smoothing, α = {a}" for a in (0.1, 0.2))]
    assert names.index("cifar10, maximum suppression, α = 0.2") == 4


def test_a_choice_that_is_always_the_same_has_the_paired_difference_of_its_confidence(released, digits):
    repaired = digits.of_p(2)
    mixture = released.Mixture({"msp": digits.msp, "2": repaired}, digits.error)
    of_pair = aurc_difference(repaired, digits.error, msp(digits.test[0]), digits.error)
    found = mixture.minus({"2": 1.0}, {"msp": 1.0})
    assert found == pytest.approx({"estimate": of_pair.estimate, "low": of_pair.low, "high": of_pair.high})
    assert digits.minus_msp(repaired) == pytest.approx(found) and found["high"] < 0


def test_a_choice_that_is_made_in_half_of_the_draws_moves_half_as_far(released, digits):
    mixture = released.Mixture({"msp": digits.msp, "2": digits.of_p(2)}, digits.error)
    half = mixture.minus({"2": 0.5, "msp": 0.5}, {"msp": 1.0})
    whole = mixture.minus({"2": 1.0}, {"msp": 1.0})
    assert half == pytest.approx({name: value / 2 for name, value in whole.items()})
    assert mixture.mean({"2": 1.0}) == pytest.approx(aurc(digits.of_p(2), digits.error))
    assert mixture.minus({"msp": 1.0}, {"msp": 1.0}) == {"estimate": 0.0, "low": None, "high": None}


def test_a_difference_is_shown_in_points(released):
    assert released.points({"estimate": -0.00123, "low": -0.002, "high": 0.0}) == "-0.123 [-0.200, +0.000]"
    assert released.points({"estimate": 0.01, "low": None, "high": None}) == "+1.000"
    assert released.points({"estimate": 0.0, "low": None, "high": None}) == "0"
