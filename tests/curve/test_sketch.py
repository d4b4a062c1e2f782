import copy
import functools
import math
import operator
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import oracle
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sketches import log_odds_and_errors, sketch_of

import abstain
from abstain.curve import sketch as module
from abstain.curve.sketch import RiskCoverageSketch

repeatable = settings(deadline=None, derandomize=True, max_examples=60)

crowded = st.integers(0, 40).map(lambda step: 1.0 + step * 2.0**-15)  # 8 values a bin: in bins, with ties
special = st.sampled_from([-np.inf, -1e300, -1.0, -1e-50, -0.0, 0.0, 1e-50, 1e-40, 1.0, 1e300, np.inf])
confidences = crowded | special | st.floats(allow_nan=False)


def samples(confidence, **sizes):
    pairs = st.lists(st.tuples(confidence, st.sampled_from([0, 1])), **({"min_size": 1, "max_size": 30} | sizes))
    return pairs.map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)))


def bin_of(value):
    """The leading 20 bits of the order-preserving integer of a float32, one value at a time."""
    (bits,) = struct.unpack(">I", struct.pack(">f", value + 0.0))
    return (bits ^ 0xFFFFFFFF if bits >> 31 else bits | 1 << 31) >> 12


# --- worked by hand -------------------------------------------------------------------------------------------


def test_two_errors_and_a_shared_bin_as_worked_by_hand():
    # Descending: 4 is correct; 2 and 2.0001 share a bin with one error of two; 1 is wrong. A bin at 2 is 2/2048 wide.
    # Errors last in the bin: R = 0, 0, 1/3, 1/2; first: 0, 1/2, 1/3, 1/2; expected: 0, 1/4, 1/3, 1/2. Four samples.
    sketch = sketch_of([2.0001, 1.0, 4.0, 2.0], [0, 1, 0, 1])
    assert sketch.n_samples == 4
    assert sketch.aurc_bounds() == pytest.approx(((1 / 3 + 1 / 2) / 4, (1 / 2 + 1 / 3 + 1 / 2) / 4), abs=1e-11)
    with pytest.warns(UserWarning, match=r"bounds of this AURC, \[0.2083, 0.3333\], are wide.*log-odds"):
        assert sketch.aurc() == pytest.approx((1 / 4 + 1 / 3 + 1 / 2) / 4, abs=1e-15)
    curve = sketch.curve()
    assert curve.threshold.tolist() == [4.0, 2.0, 1.0]
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]
    assert curve.risk.tolist() == [0.0, 1 / 3, 0.5]
    assert [sketch.coverage_at_risk(r) for r in (0.0, 0.34, 0.5)] == [0.25, 0.75, 1.0]
    assert [curve.risk_at_coverage(c) for c in (0.1, 0.5, 0.75, 0.8, 1.0)] == [0.0, 1 / 3, 1 / 3, 0.5, 0.5]


def test_minus_zero_is_zero_and_infinities_are_confidences():
    assert sketch_of([-0.0], [0]) == sketch_of([0.0], [0])
    assert sketch_of(np.array([-0.0]), [0]) == sketch_of(np.array([0.0], dtype=np.float32), [0])
    assert sketch_of([0.0], [0]) != sketch_of([-1e-50], [0])  # float64 below 0 is below 0
    curve = sketch_of([-np.inf, 1e300, 0.0, np.inf, -3e38], [1, 0, 0, 0, 1]).curve()
    assert curve.coverage.tolist() == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert (curve.threshold[0], curve.threshold[2], curve.threshold[-1]) == (np.inf, 0.0, -np.inf)


# --- against the samples themselves ---------------------------------------------------------------------------


@repeatable
@given(samples(confidences))
def test_every_point_is_exactly_that_of_the_samples(pair):
    confidence, error = pair
    curve = sketch_of(confidence, error).curve()
    for threshold, coverage, risk in zip(curve.threshold, curve.coverage, curve.risk, strict=True):
        accepted = confidence >= threshold
        assert (coverage, risk) == (accepted.mean(), error[accepted].sum() / accepted.sum())
    assert curve.coverage[-1] == 1.0
    assert not (curve.threshold.flags.writeable or curve.coverage.flags.writeable or curve.accepted.flags.writeable)


@repeatable
@given(samples(confidences))
def test_the_bounds_hold_the_true_area(pair):
    confidence, error = pair
    sketch = sketch_of(confidence, error)
    low, high = sketch.aurc_bounds()
    assert 0 <= low <= oracle.aurc_mean(confidence, error) <= high <= 1
    assert low <= abstain.aurc(confidence, error) <= high
    assert low <= sketch.curve().aurc() <= high


@repeatable
@given(samples(crowded | st.floats(allow_nan=False, width=32)))
def test_the_bounds_are_those_of_errors_last_and_first_in_each_bin(pair):
    confidence, error = pair
    bins = [bin_of(value) for value in confidence]
    low = oracle.aurc_mean([2 * b + (e == 0) for b, e in zip(bins, error, strict=True)], error)
    high = oracle.aurc_mean([2 * b + (e == 1) for b, e in zip(bins, error, strict=True)], error)
    sketch = sketch_of(confidence, error)
    assert sketch.aurc_bounds() == pytest.approx((low, high), abs=1e-12)
    assert sketch.curve().aurc() == pytest.approx(oracle.aurc_mean(bins, error), abs=1e-12)
    assert sketch.curve().augrc() == pytest.approx(abstain.risk_coverage_curve(bins, error).augrc(), abs=1e-12)
    assert sketch.curve().failure_auroc() == abstain.risk_coverage_curve(bins, error).failure_auroc()
    assert sketch.curve().aurc_standard_error() == pytest.approx(oracle.aurc_standard_error(bins, error), abs=1e-12)


@repeatable
@given(samples(confidences), st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]))
def test_coverage_at_risk_is_never_above_what_the_samples_reach(pair, target_risk):
    confidence, error = pair
    certified = sketch_of(confidence, error).coverage_at_risk(target_risk)
    assert certified <= oracle.coverage_at_risk(confidence, error, target_risk)
    reached = {coverage for _, coverage, risk in oracle.curve_points(confidence, error) if risk <= target_risk}
    assert certified in reached | {0.0}


def test_bounds_are_narrow_on_log_odds_and_warned_of_on_probabilities(recwarn):
    log_odds, error = log_odds_and_errors()
    truth = abstain.risk_coverage_curve(log_odds, error)
    sketch = sketch_of(log_odds, error)
    low, high = sketch.aurc_bounds()
    assert low <= truth.aurc() <= high
    assert high - low < 1e-5
    assert sketch.aurc() == pytest.approx(truth.aurc(), abs=1e-5)
    assert sketch.coverage_at_risk(0.01) == pytest.approx(truth.coverage_at_risk(0.01), abs=1e-3)
    assert not recwarn

    probability = (1 / (1 + np.exp(-4 * log_odds))).astype(np.float32)
    with pytest.warns(UserWarning, match="feed its log-odds"):
        sketch_of(probability, error).aurc()


# --- adding up ------------------------------------------------------------------------------------------------


@repeatable
@given(samples(confidences), samples(confidences))
def test_merging_is_concatenating(first, second):
    a, b = sketch_of(*first), sketch_of(*second)
    copies = copy.deepcopy((a, b))
    whole = sketch_of(*(np.concatenate(columns) for columns in zip(first, second, strict=True)))
    assert a + b == b + a == whole
    assert (a, b) == copies
    assert a + RiskCoverageSketch() == a
    assert a + b != a


@repeatable
@given(samples(confidences, min_size=2), st.randoms())
def test_the_order_and_the_split_of_updates_make_no_difference(pair, random):
    confidence, error = pair
    order = random.sample(range(len(error)), len(error))
    cut = random.randrange(1, len(error))
    parts = RiskCoverageSketch()
    for rows in (order[:cut], order[cut:]):
        assert parts.update(confidence[rows], error[rows]) is parts
    assert parts == sketch_of(confidence, error)


def test_rounding_does_not_break_the_bounds_where_bins_hide_nothing():
    wrong = np.arange(10**6) >= 900_000  # in two pure bins, while the curve adds up 100,000 terms
    sketch = sketch_of(np.where(wrong, 1.0, 2.0), wrong)
    low, high = sketch.aurc_bounds()
    assert low <= abstain.aurc(-np.arange(10**6), wrong) <= high
    assert low <= sketch.aurc() <= high
    assert high - low < 3e-11


def test_samples_of_many_chunks_are_all_counted():
    log_odds, error = log_odds_and_errors(2 * module.CHUNK + 3)
    parts = [sketch_of(*pair) for pair in zip(np.array_split(log_odds, 7), np.array_split(error, 7), strict=True)]
    whole = sketch_of(log_odds, error)
    assert functools.reduce(operator.add, parts) == whole
    assert whole.n_samples == len(error)
    assert whole.curve().risk[-1] == error.mean()


@pytest.mark.parametrize(
    "convert", [list, torch.tensor, pd.Series, np.float64, np.float16, lambda values: np.array(values)[::-1][::-1]]
)
def test_every_kind_of_input_counts_alike(convert):
    confidence, error = [3.0, 2.5, -1.0, 0.5], [0, 1, 1, 0]
    assert sketch_of(convert(confidence), convert(error)) == sketch_of(np.float32(confidence), np.array(error, bool))


def test_inputs_are_not_changed():
    confidence, error = np.float32([-0.0, 1.0]), np.array([1.0, 0.0])
    before = confidence.tobytes(), error.tobytes()
    sketch_of(confidence, error)
    assert (confidence.tobytes(), error.tobytes()) == before


def test_a_sketch_equals_only_sketches_and_adds_only_to_them():
    sketch = sketch_of([1.0], [0])
    assert sketch != "sketch"
    with pytest.raises(TypeError, match="unsupported operand"):
        sketch + 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(sketch)


# --- torch.distributed ----------------------------------------------------------------------------------------


def reduce_in_one_process(rank, folder):
    """Run by each of two processes, on every second sample; the first starts its other sketch empty."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    log_odds, error = log_odds_and_errors(1001)
    sketch = sketch_of(log_odds[rank::2], error[rank::2])
    assert sketch.all_reduce() is sketch
    sketch.save(folder / f"all-{rank}")
    sketch.update([1.0], [0])  # its counts are its own again
    other = sketch_of([2.0], [1]) if rank else RiskCoverageSketch()
    other.all_reduce(group=torch.distributed.new_group([0, 1])).save(folder / f"group-{rank}")
    torch.distributed.destroy_process_group()


def test_two_processes_count_exactly_what_one_does(tmp_path):
    torch.multiprocessing.spawn(reduce_in_one_process, args=(tmp_path,), nprocs=2)
    for rank in range(2):
        assert RiskCoverageSketch.load(tmp_path / f"all-{rank}") == sketch_of(*log_odds_and_errors(1001))
        assert RiskCoverageSketch.load(tmp_path / f"group-{rank}") == sketch_of([2.0], [1])


def test_without_a_process_group_all_reduce_says_so_and_changes_nothing():
    sketch = sketch_of([1.0], [0])
    with pytest.raises(abstain.InputError, match="not initialised: call init_process_group"):
        sketch.all_reduce()
    assert sketch == sketch_of([1.0], [0])


def test_counting_does_not_wait_for_torch():
    program = (
        "import sys; from abstain.curve import RiskCoverageSketch as S; S().update([1.0], [0]).aurc(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


# --- bad input and memory -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confidence", "error", "message"),
    [
        ([], [], "empty"),
        ([1.0, 2.0], [0], "confidence has 2 samples and error has 1"),
        ([1.0, math.nan], [0, 1], "1 NaN"),
        ([[1.0]], [0], "one-dimensional"),
        ([1.0, 2.0], [0, -1], "negative"),
        ([1.0, 2.0], [0, 2], "needs 0/1 errors, but these are real losses"),
        ([1.0, 2.0], [0, 0.5], "needs 0/1 errors"),
        (np.ones(module.CHUNK + 1), np.append(np.zeros(module.CHUNK), 0.5), "needs 0/1 errors"),
    ],
)
def test_bad_input_is_refused_and_leaves_the_sketch_as_it_was(confidence, error, message):
    sketch = sketch_of([1.0], [0])
    with pytest.raises(abstain.InputError, match=message):
        sketch.update(confidence, error)
    assert sketch == sketch_of([1.0], [0])


@pytest.mark.parametrize("reading", ["curve", "aurc", "aurc_bounds"])
def test_an_empty_sketch_has_no_curve(reading):
    assert RiskCoverageSketch().n_samples == 0
    with pytest.raises(abstain.InputError, match="the sketch is empty"):
        getattr(RiskCoverageSketch(), reading)()


@pytest.mark.parametrize(("error", "area"), [(0, 0.0), (1, 1.0)])
def test_all_correct_and_all_wrong_are_certain(error, area):
    sketch = sketch_of(np.linspace(-5, 5, 100), np.full(100, error))
    assert sketch.aurc_bounds() == pytest.approx((area, area), abs=1e-11)
    assert sketch.aurc() == pytest.approx(area, abs=1e-13)
    assert sketch.coverage_at_risk(0.5) == 1 - area
    assert sketch.curve().normalized_aurc() is None


@pytest.mark.parametrize("target", [-0.1, 1.1, math.nan])
def test_targets_outside_the_unit_interval_are_refused(target):
    sketch = sketch_of([1.0], [0])
    with pytest.raises(abstain.InputError, match="must be a fraction"):
        sketch.coverage_at_risk(target)
    with pytest.raises(abstain.InputError, match="must be a fraction"):
        sketch.curve().risk_at_coverage(target)


def peak_memory(work):
    tracemalloc.start()
    try:
        result = work()
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_fixed_and_a_small_batch_needs_little():
    log_odds, error = log_odds_and_errors()
    sketch, peak = peak_memory(lambda: sketch_of(log_odds, error))
    assert peak < 20e6
    assert peak_memory(lambda: sketch.aurc_bounds())[1] + sketch._counts.nbytes < 32e6
    assert peak_memory(lambda: sketch.curve().aurc())[1] + sketch._counts.nbytes < 32e6
    assert peak_memory(lambda: sketch.update(log_odds[:32], error[:32]))[1] < 50_000  # far from one count a bin
