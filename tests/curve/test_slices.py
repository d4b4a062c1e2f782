"""What is worked on in slices and on threads is the same in slices of a few samples as in one."""

from functools import partial

import numpy as np
import pytest

import abstain
from abstain.curve.curve import AREAS
from abstain.curve.sample_influence import area_and_influence
from abstain.curve.tie_blocks import tie_blocks

SLICED = ("_threads", "curve.packed_sort", "curve.packed_order", "curve.ordered_blocks", "curve.error_blocks")


@pytest.fixture
def in_short_slices(monkeypatch):
    """Cuts everything into slices of so many samples from now on."""

    def cut(length):
        for module in SLICED:
            monkeypatch.setattr(f"abstain.{module}.SLICE_LENGTH", length)
        monkeypatch.setattr("abstain.curve.curve.tie_blocks", partial(tie_blocks, length=length))

    return cut


def samples(levels, kind, seed):
    rng = np.random.default_rng(seed)
    confidence = rng.normal(size=(2, 90)) if levels is None else rng.integers(-levels, levels, (2, 90)) / levels
    loss = rng.random((2, 90)) * (rng.random((2, 90)) < 0.8)
    return confidence, loss if kind == "losses" else rng.random((2, 90)) < 0.4


def measured(confidence, error):
    """Every number that comes of tie blocks, one after the other."""
    clusters = np.arange(len(confidence[0])) % 30
    numbers = []
    for grouped in (None, clusters):
        difference = abstain.aurc_difference(confidence[0], error[0], confidence[1], error[1], clusters=grouped)
        numbers += [difference.estimate, difference.standard_error, difference.low, difference.high]
        curve = abstain.risk_coverage_curve(confidence[0], error[0], clusters=grouped)
        numbers += [curve.aurc_standard_error(), *curve.aurc_interval(), *curve.augrc_interval()]
        numbers += [curve.aurc(), curve.augrc(), curve.optimal_aurc(), *curve.coverage, *curve.risk]
    for area in AREAS if curve.is_binary else [area for area in AREAS if area != "failure_auroc"]:
        value, influence = area_and_influence(confidence[0], error[0], area)
        numbers += [value, *influence]
    return numbers


@pytest.mark.parametrize("levels", [None, 3, 40])
@pytest.mark.parametrize("kind", ["0/1", "losses"])
@pytest.mark.parametrize("length", [1, 7, 16])
@pytest.mark.parametrize("seed", range(3))
def test_slices_of_a_few_samples_give_what_one_gives(levels, kind, length, seed, in_short_slices):
    given = samples(levels, kind, seed)
    whole = measured(*given)
    in_short_slices(length)
    np.testing.assert_allclose(measured(*given), whole, rtol=1e-11, atol=1e-13)
