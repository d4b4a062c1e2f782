import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from whole_curve import everything_read_from

import abstain


@pytest.mark.parametrize(
    "convert",
    [
        list,
        tuple,
        np.array,
        np.float32,
        np.float16,
        lambda values: np.array(values, dtype=">f8"),
        lambda values: np.array(values[::-1])[::-1],
        torch.tensor,
        lambda values: torch.tensor(values, dtype=torch.float32, requires_grad=True),
        lambda values: torch.tensor(values, dtype=torch.bfloat16),
        lambda values: pd.Series(values, index=[3, 1, 2, 0]),
    ],
)
def test_any_kind_of_array_gives_the_same_curve(convert):
    confidence, error = [0.5, 2.0, 0.5, 1.0], [1.0, 0.0, 0.0, 1.0]
    expected = everything_read_from(abstain.risk_coverage_curve(confidence, error))
    assert everything_read_from(abstain.risk_coverage_curve(convert(confidence), convert(error))) == expected


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.float32])
def test_errors_of_any_numeric_type_are_counted(dtype):
    error = np.array([1, 0, 0, 1]).astype(dtype)
    assert abstain.aurc([4, 3, 2, 1], error) == pytest.approx((1 + 1 / 2 + 1 / 3 + 2 / 4) / 4)


@pytest.mark.parametrize("error", [np.array([1.0, 0.0, 1.0]), np.array([0.5, 0.0, 2.0])])
def test_inputs_are_neither_changed_nor_frozen(error):
    confidence, before = np.array([-0.0, 3.0, 1.0]), error.copy()
    everything_read_from(abstain.risk_coverage_curve(confidence, error))
    assert error.tolist() == before.tolist()
    assert confidence.tolist() == [0.0, 3.0, 1.0]
    assert np.signbit(confidence[0])
    assert confidence.flags.writeable
    assert error.flags.writeable


@pytest.mark.parametrize("error", [[1, 0, 1], [0.5, 0.0, 2.0]])
@pytest.mark.parametrize("name", ["threshold", "coverage", "risk", "accepted"])
def test_the_arrays_of_a_curve_are_read_only(name, error):
    array = getattr(abstain.risk_coverage_curve([3, 2, 2], error), name)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


@pytest.mark.parametrize("name", ["n_samples", "is_binary", "threshold", "coverage", "risk", "accepted"])
def test_a_curve_is_frozen(name):
    curve = abstain.risk_coverage_curve([2, 1], [0, 1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(curve, name, 0)


def test_summaries_are_plain_numbers():
    curve = abstain.risk_coverage_curve(np.array([3, 2, 2, 1], dtype=np.float32), np.array([0, 1, 0, 1]))
    names = ("aurc", "optimal_aurc", "excess_aurc", "normalized_aurc", "augrc", "failure_auroc", "aurc_standard_error")
    assert {type(getattr(curve, name)()) for name in names} == {float}
    assert type(curve.coverage_at_risk(0.4)) is type(curve.risk_at_coverage(0.4)) is float
    curve = abstain.risk_coverage_curve(np.arange(40, dtype=np.float32), np.arange(40) % 2)
    for name in ("aurc_interval", "augrc_interval", "risk_interval", "failure_auroc_interval"):
        assert [type(end) for end in getattr(curve, name)()] == [float, float]
    assert type(curve.n_samples) is int
    assert type(curve.is_binary) is bool


@pytest.mark.parametrize(
    ("confidence", "error", "message"),
    [
        ([], [], "the set of samples is empty"),
        ([1, 2, 3], [0, 1], "confidence has 3 samples and error has 2: they must be equal"),
        ([[1, 2]], [0, 1], r"confidence has shape \(1, 2\), but must be one-dimensional"),
        ([1, 2], [[0], [1]], r"error has shape \(2, 1\), but must be one-dimensional"),
        (1.0, 0, r"confidence has shape \(\), but must be one-dimensional"),
        ([1, np.nan, np.nan], [0, 1, 0], "confidence holds 2 NaN"),
        ([1, 2], [0, -1], "error holds a negative, NaN or infinite value"),
        ([1, 2], [0, np.nan], "error holds a negative, NaN or infinite value"),
        ([1, 2], [0, np.inf], "error holds a negative, NaN or infinite value"),
        (["a", "b"], [0, 1], "confidence holds <U1, but must hold real numbers"),
        ([1, 2], [0, 1j], "error holds complex128, but must hold real numbers"),
    ],
)
def test_bad_samples_are_refused(confidence, error, message):
    with pytest.raises(abstain.InputError, match=message):
        abstain.risk_coverage_curve(confidence, error)


def test_an_unknown_convention_is_refused_with_the_nearest_name():
    with pytest.raises(abstain.InputError, match="unknown convention 'trapezoidal': did you mean 'trapezoid'"):
        abstain.aurc([1, 2], [0, 1], convention="trapezoidal")


@pytest.mark.parametrize("target", [-0.01, 5, np.nan])
def test_targets_that_are_no_fraction_are_refused(target):
    curve = abstain.risk_coverage_curve([2, 1], [0, 1])
    with pytest.raises(abstain.InputError, match=r"target_risk is .*, but must be a fraction in \[0, 1\]"):
        curve.coverage_at_risk(target)
    with pytest.raises(abstain.InputError, match=r"target_coverage is .*, but must be a fraction in \(0, 1\]"):
        curve.risk_at_coverage(target)


def test_coverage_zero_has_no_risk():
    with pytest.raises(abstain.InputError, match="target_coverage is 0"):
        abstain.risk_at_coverage([2, 1], [0, 1], target_coverage=0)


@pytest.mark.parametrize("name", ["aurc_interval", "augrc_interval", "risk_interval", "failure_auroc_interval"])
@pytest.mark.parametrize("error", [[0, 1], [0, 0]])  # also where the interval is None anyway
@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
def test_levels_outside_the_open_unit_interval_are_refused(level, error, name):
    with pytest.raises(abstain.InputError, match=r"level is .*, but must be a fraction in \(0, 1\)"):
        getattr(abstain.risk_coverage_curve([2, 1], error), name)(level)


def test_a_target_above_one_is_a_risk_only_for_real_losses():
    with pytest.raises(abstain.InputError, match=r"target_risk is 1\.5, but must be a fraction"):
        abstain.risk_coverage_curve([1, 2], [0, 1]).coverage_at_risk(1.5)
    losses = abstain.risk_coverage_curve([2, 1], [1.0, 3.0])
    assert (losses.coverage_at_risk(1.5), losses.coverage_at_risk(2.0)) == (0.5, 1.0)
    with pytest.raises(abstain.InputError, match="target_risk"):
        losses.coverage_at_risk(-1)
