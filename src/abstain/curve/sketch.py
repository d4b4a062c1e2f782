"""A risk-coverage curve in fixed memory that adds up: over batches, files, processes or machines."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error
from abstain._checks import ArgumentError, InputError, are_binary, check_binary
from abstain._files import as_path, whole_file
from abstain.curve.binned_curve import BinnedCurve
from abstain.curve.error_blocks import ErrorBlocks

LEADING_BITS = 20
"""Bits of a float32 that choose its bin: the sign, 8 of exponent, 11 of mantissa, so a bin is 1/2048 of an octave."""
BINS = 2**LEADING_BITS
"""With two int64 counts each, 16 MiB, half of what a sketch may take: 21 bits would go over 32 MB (of 10⁶ bytes)."""
MOST_SAMPLES = 2**62
"""More than anybody has, and less than an int64 holds."""
CHUNK = 2**16
"""Samples binned at once: temporaries of 1 MiB, which stay in a processor's cache."""
WIDE_BOUNDS = 0.01
"""Width of the certified bounds from which `aurc` warns: differences between models are often no larger than that."""
ROUNDING = 1e-14
"""Rounding that the bounds allow each error, up to a thousand; five million were seen to be 1.5e-12 off in all."""


class RiskCoverageSketch:
    """Counts of samples and errors by confidence, in 16 MiB whatever N; sketches of parts add up to that of the whole.

    A confidence goes to a bin by the leading bits of its order-preserving integer as float32, so bins are finest near 0
    and 1/2048 of an octave wide everywhere. -0.0 and 0.0 are one confidence, and infinities are confidences like
    others. float64 is rounded down to float32, which keeps the order and the meaning of `confidence >= threshold`.

    Feed it log-odds, as `abstain.scores.msp` gives: probabilities crowd into a few bins near 1.

    Example:
        >>> monday = RiskCoverageSketch().update([4.0, 3.0], [0, 0])
        >>> tuesday = RiskCoverageSketch().update([2.0, 1.0], [1, 0])
        >>> week = monday + tuesday
        >>> week.n_samples, round(week.aurc(), 6), week.coverage_at_risk(0.1)
        (4, 0.145833, 0.5)
    """

    __hash__ = None  # type: ignore[assignment]  # it changes with every update

    def __init__(self) -> None:
        self._counts = np.zeros((BINS, 2), dtype=np.int64)  # correct and wrong samples of each bin, ascending

    def update(self, confidence: Any, error: Any) -> Self:
        """Count samples, and return the sketch itself; the order of updates makes no difference.

        Args:
            confidence: (N,) real; larger is accepted first. NumPy, torch on any device, pandas or list.
            error: (N,) in {0, 1}.

        Raises:
            InputError: N = 0, unequal lengths, another shape, NaN, or an error other than 0 or 1; the sketch is
                unchanged then.
        """
        confidence, error = check_confidence_error(confidence, error)
        chunks = [slice(start, start + CHUNK) for start in range(0, len(confidence), CHUNK)]
        is_binary = all(are_binary(error[chunk]) for chunk in chunks)
        check_binary("a sketch", is_binary=is_binary, instead="take risk_coverage_curve")
        for chunk in chunks:
            place = 2 * _bins(confidence[chunk])
            place += error[chunk].astype(np.intp)
            np.add.at(self._counts.reshape(-1), place, 1)  # in place, so that a small batch costs little
        return self

    def __add__(self, other: object) -> RiskCoverageSketch:
        """A new sketch of the samples of both."""
        if not isinstance(other, RiskCoverageSketch):
            return NotImplemented
        total = RiskCoverageSketch()
        np.add(self._counts, other._counts, out=total._counts)
        return total

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RiskCoverageSketch):
            return NotImplemented
        return np.array_equal(self._counts, other._counts)

    @property
    def n_samples(self) -> int:
        """N, the number of samples counted."""
        return int(self._counts.sum())

    def curve(self) -> BinnedCurve:
        """The curve through every bin that holds samples: thresholds, areas and operating points.

        Raises:
            InputError: the sketch is empty.
        """
        bins, correct, wrong = self._descending()
        accepted = np.cumsum(correct + wrong)
        blocks = _blocks(accepted - correct - wrong, accepted, wrong)
        edges = _lower_edges(bins).astype(np.float64)
        for array in (edges, accepted):
            array.flags.writeable = False
        return BinnedCurve(int(accepted[-1]), True, edges, blocks, None, edges, accepted)

    def aurc(self) -> float:
        """Area under the risk-coverage curve, expected over all orders in each bin; lower is better.

        Returns:
            In [0, 1], and between the `aurc_bounds`.

        Raises:
            InputError: the sketch is empty.

        Warns:
            UserWarning: the certified bounds are more than 0.01 apart.
        """
        low, high = self.aurc_bounds()
        if high - low > WIDE_BOUNDS:
            warnings.warn(
                f"the certified bounds of this AURC, [{low:.4f}, {high:.4f}], are wide, for many samples share a bin: "
                "where the confidence is a probability, feed its log-odds instead, as abstain.scores.msp gives",
                UserWarning,
                stacklevel=2,
            )
        return self.curve().aurc()

    def aurc_bounds(self) -> tuple[float, float]:
        """(low, high), the AURC with the errors last in each bin and with the errors first.

        So the AURC (`"mean"`) of the samples that were counted lies in [low, high], ties or not. The bounds say what
        binning hides, and nothing of how the samples were drawn.

        Raises:
            InputError: the sketch is empty.
        """
        _, correct, wrong = self._descending()
        after = np.cumsum(correct + wrong)
        before, n_samples = after - correct - wrong, int(after[-1])
        low = _blocks(after - wrong, after, wrong).sum_of_risks(n_samples) / n_samples
        high = _blocks(before, before + wrong, wrong).sum_of_risks(n_samples) / n_samples
        rounding = ROUNDING * min(int(wrong.sum()), 1000)
        return max(low - rounding, 0.0), min(high + rounding, 1.0)

    def coverage_at_risk(self, target_risk: float) -> float:
        """Largest coverage, of those that end a bin, whose selective risk is at most `target_risk`; higher is better.

        Certified from below: with the lower edge of a bin as threshold, the unbinned samples reach exactly this
        coverage within this risk; at a threshold inside a bin they may reach more. 0.0 if no edge qualifies.

        Raises:
            InputError: `target_risk` outside [0, 1], or the sketch is empty.
        """
        return self.curve().coverage_at_risk(target_risk)

    def all_reduce(self, group: Any = None) -> Self:
        """Add the sketches of all processes in place, so that each holds the whole; a second call would count twice.

        Args:
            group: of `torch.distributed`; None is the default one. With gloo or MPI the counts stay on the CPU, with
                NCCL 16 MiB of them pass through the current GPU.

        Raises:
            InputError: `torch.distributed` is not initialised; the sketch is unchanged then.
        """
        import torch  # here, so that counting on one machine never waits for torch
        from torch import distributed

        if not (distributed.is_available() and distributed.is_initialized()):
            raise InputError("torch.distributed is not initialised: call init_process_group, or leave out all_reduce")
        devices = [pair.split(":")[0] for pair in str(distributed.get_backend_config(group)).split(",")]
        counts = torch.tensor(self._counts, device="cpu" if "cpu" in devices else devices[0])  # a copy, should it fail
        distributed.all_reduce(counts, group=group)
        self._counts = counts.cpu().numpy()
        return self

    def save(self, path: str | Path) -> Path:
        """Write `path`, as given, in NumPy's `.npz` format, without pickle; replace it once the new file is whole.

        Raises:
            InputError: it cannot be written; what was there before is untouched.
        """
        path = as_path(path)
        archive = io.BytesIO()  # NumPy 2.0 does not close an archive that it cannot write, which complains at its end
        np.savez(archive, **self.__getstate__())
        with whole_file(path) as partial:
            partial.write_bytes(archive.getbuffer())
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The sketch that `save` wrote to `path`.

        Raises:
            InputError: there is no such file, or it is no sketch.
        """
        path = as_path(path)
        if not path.is_file():
            raise ArgumentError(f"there is no file {str(path)!r}: give the path of a sketch written by save")
        sketch = cls()
        with path.open("rb") as file:
            try:
                with np.load(file, allow_pickle=False) as arrays:
                    sketch.__setstate__(dict(arrays))
            except Exception as error:  # every reader of a foreign file fails in its own way
                raise InputError(f"{str(path)!r} is no sketch, or is damaged: give a file written by save") from error
        return sketch

    def __getstate__(self) -> dict[str, Any]:
        """Only the bins that hold samples: so a sketch is small on its way between processes, too."""
        bins = self._filled()
        return {"leading_bits": np.array(LEADING_BITS), "bins": bins, "counts": self._counts[bins]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if not _is_state(state):
            raise InputError("the state is not that of a sketch")
        bins, counts = state["bins"], state["counts"]
        self._counts = np.zeros((BINS, 2), dtype=np.int64)
        self._counts[bins] = counts

    def _filled(self) -> NDArray[np.int64]:
        return np.flatnonzero(self._counts[:, 0] | self._counts[:, 1])

    def _descending(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The bins that hold samples, most confident first, with their correct and wrong samples."""
        bins = self._filled()[::-1]
        if not len(bins):
            raise InputError("the sketch is empty, but at least one sample is needed: update it first")
        return bins, self._counts[bins, 0], self._counts[bins, 1]


def _is_state(state: Any) -> bool:
    """Whether these are bins in ascending order, each with samples, and fewer of them than an int64 can count."""
    if not isinstance(state, dict) or not {"leading_bits", "bins", "counts"} <= set(state):
        return False
    leading_bits, bins, counts = (np.asarray(state[name]) for name in ("leading_bits", "bins", "counts"))
    return bool(
        leading_bits.shape == ()
        and leading_bits == LEADING_BITS
        and bins.ndim == 1
        and counts.shape == (len(bins), 2)
        and bins.dtype == counts.dtype == np.int64
        and np.all(np.diff(bins, prepend=-1, append=BINS) > 0)
        and np.all(counts >= 0)
        and np.all(counts.max(axis=1, initial=0) > 0)
        and counts.sum(dtype=np.float64) < MOST_SAMPLES
    )


def _bins(confidence: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """The bin of each confidence, in [0, BINS); a larger confidence never gets a smaller bin."""
    with np.errstate(over="ignore"):  # beyond the range of float32, to infinity and a step back
        single = confidence.astype(np.float32)
    single += 0.0  # -0.0 becomes 0.0
    key = _flip(single.view(np.int32))
    if confidence.dtype == np.float64:
        key -= single > confidence  # one float32 down where rounding went up: no sample climbs over an edge above it
    key >>= 32 - LEADING_BITS
    return key.astype(np.intp) + BINS // 2


def _flip(bits: NDArray[np.int32]) -> NDArray[np.int32]:
    """The bits of float32 as integers of the same order, and back: below the sign, those of negative numbers turn."""
    return bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))


def _lower_edges(bins: NDArray[np.int64]) -> NDArray[np.float32]:
    """The smallest float32 of each bin."""
    keys = ((bins - BINS // 2) << (32 - LEADING_BITS)).astype(np.int32)
    edges = _flip(keys).view(np.float32)
    return np.where(np.isnan(edges), np.float32(-np.inf), edges)  # below -inf there are only NaN


def _blocks(start: NDArray[np.int64], stop: NDArray[np.int64], wrong: NDArray[np.int64]) -> ErrorBlocks:
    """The blocks of 0/1 errors, without those that have none."""
    some = wrong > 0
    count = wrong[some].astype(np.float64)
    return ErrorBlocks(start[some], stop[some], count, count)
