import subprocess
import sys

import numpy as np
import pytest

import abstain
from abstain._threads import SLICE_LENGTH
from abstain.curve import word_sort

RNG = np.random.default_rng(0)
N = SLICE_LENGTH + 9
WAYS = {"by buckets": True, "by halves": False}


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Both ways, whatever this processor is good at, also of words that are too few to ask."""
    monkeypatch.setattr(word_sort, "MANY", 1)
    monkeypatch.setattr(word_sort, "bucket_sort_is_faster", lambda itemsize: WAYS[request.param])


def every_kind(dtype):
    """Confidences that are hard to sort, and errors."""
    tiny = np.finfo(dtype).smallest_subnormal
    special = np.array([0.0, -0.0, tiny, -tiny, 1.0, np.nextafter(dtype(1), dtype(2)), np.inf, -np.inf], dtype)
    unit = RNG.random(N)
    yield "special", RNG.choice(special, N)
    yield "special of one sign", np.abs(RNG.choice(special, N))
    yield "saturated", np.where(unit > 0.3, 1.0, unit).astype(dtype)
    yield "near 1", (1 - 10 ** (-15 * unit)).astype(dtype)
    yield "log-odds", (8 * RNG.standard_normal(N) + 3).astype(dtype)
    yield "negative", -unit.astype(dtype)
    yield "strided", np.repeat(unit.astype(dtype), 2)[::2]
    yield "backwards", unit.astype(dtype)[::-1]


def by_values(confidence, error):
    """The points of the curve, counted by NumPy from its plain sort of values."""
    threshold, of = np.unique(confidence + confidence.dtype.type(0), return_inverse=True)
    accepted = np.cumsum(np.bincount(of)[::-1])
    return threshold[::-1].astype(float), accepted, np.cumsum(np.bincount(of, weights=error)[::-1])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_curves_are_the_same_to_the_last_bit_either_way(dtype, way):
    with np.errstate(over="ignore", under="ignore"):
        kinds = list(every_kind(dtype))
    for name, confidence in kinds:
        error = (RNG.random(N) < 0.3).astype(np.int8)
        kept = confidence.copy()
        confidence.flags.writeable = False
        curve = abstain.risk_coverage_curve(confidence, error)
        threshold, accepted, errors = by_values(confidence, error)
        np.testing.assert_array_equal(curve.threshold, threshold, err_msg=name)
        np.testing.assert_array_equal(curve.accepted, accepted, err_msg=name)
        np.testing.assert_array_equal(curve.errors, errors, err_msg=name)
        np.testing.assert_array_equal(confidence, kept, err_msg=name)


@pytest.mark.parametrize("kind", [">f8", ">f4", "<i8", "u1"])
def test_other_kinds_of_numbers_are_sorted_as_well(kind, way):
    confidence = (200 * RNG.random(N)).astype(kind)
    error = RNG.random(N) < 0.3
    curve = abstain.risk_coverage_curve(confidence, error)
    threshold, accepted, errors = by_values(confidence.astype(float), error)
    np.testing.assert_array_equal(curve.threshold, threshold)
    np.testing.assert_array_equal(curve.accepted, accepted)
    np.testing.assert_array_equal(curve.errors, errors)


@pytest.mark.parametrize("kind", [np.uint32, np.uint64])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.6, 1.0])
def test_words_are_sorted_either_way(kind, share, way):
    words = np.where(RNG.random(N) < share, 2**31, RNG.integers(0, 2**32, N)).astype(kind)
    expected = np.sort(words)
    np.testing.assert_array_equal(word_sort.sort_words(words), expected)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_only_an_untied_median_is_a_place_to_cut(share):
    words = np.where(RNG.random(SLICE_LENGTH) < share, 2**31, RNG.integers(0, 2**32, SLICE_LENGTH)).astype(np.uint32)
    assert word_sort._median_is_tied(words) == (share > 0)


@pytest.mark.parametrize("itemsize", [4, 8])
@pytest.mark.parametrize(("whole", "faster"), [(1.01, True), (0.99, False)])
def test_the_way_is_chosen_by_what_its_parts_take(monkeypatch, itemsize, whole, faster):
    # Arranging and rows take 0.5 and 0.25, each twice: 1.5.
    spent = iter([0.5, 0.25, whole * 1.5 / word_sort.GROWTH])
    monkeypatch.setattr(word_sort, "_shortest", lambda work: (work(), next(spent))[1])
    assert word_sort.bucket_sort_is_faster.__wrapped__(itemsize) == faster


def test_few_words_are_sorted_without_a_trial(monkeypatch):
    monkeypatch.setattr(word_sort, "bucket_sort_is_faster", lambda itemsize: pytest.fail("tried"))
    words = RNG.integers(0, 2**32, word_sort.MANY - 1, dtype=np.uint32)
    word_sort.sort_words(words)
    assert (words[1:] >= words[:-1]).all()


def test_a_long_curve_does_not_import_torch():
    code = """
import sys
import numpy as np
import abstain
confidence = np.random.default_rng(0).random(2**20 + 1)
abstain.risk_coverage_curve(confidence, confidence < 0.1).summary()
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
