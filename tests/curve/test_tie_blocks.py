import numpy as np
import pytest

import abstain
from abstain.curve.tie_blocks import tie_blocks


@pytest.mark.parametrize("length", [1, 2, 5, 100])
@pytest.mark.parametrize("levels", [1, 4, 30, None])
@pytest.mark.parametrize("binary", [True, False])
def test_slices_hold_every_block_once_with_its_errors(levels, length, binary):
    rng = np.random.default_rng(0)
    confidence = rng.random(60) if levels is None else rng.integers(0, levels, 60)
    error = (rng.random(60) < 0.3) * (1 if binary else rng.integers(1, 4, 60))
    curve = abstain.risk_coverage_curve(confidence, error)
    parts = list(tie_blocks(curve, curve._errors, 60, length))[::-1]
    assert len(parts) > 1 or levels == 1 or length == 100
    assert np.concatenate([part.stop for part in parts]).tolist() == curve.accepted.tolist()
    for part in parts:
        for block in range(len(part.start)):
            start, stop = part.start[block], part.stop[block]
            errors = error[np.argsort(-confidence, kind="stable")]
            assert part.size[block] == stop - start
            assert part.sum_error[block] == errors[start:stop].sum()
            assert part.error_before[block] == errors[:start].sum()
            assert part.mean_error[block] == pytest.approx(errors[start:stop].mean())
            assert part.n_correct[block] == (errors[start:stop] == 0).sum()
            here = part.place == block
            if binary:
                assert part.value is None and part.count[here].sum() == errors[start:stop].sum()
            else:
                assert part.count is None and sorted(part.value[here]) == sorted(
                    errors[start:stop][errors[start:stop] > 0]
                )
            inverse, squares = (sums[block] for sums in part.inverse_sums())
            positions = np.arange(start + 1, stop + 1)
            assert (inverse, squares) == pytest.approx((np.sum(1 / positions), np.sum(1 / positions**2)), rel=1e-12)
        assert part.positions == slice(part.start[0], part.stop[-1])
        assert part.spread(part.sum_error).tolist() == np.repeat(part.sum_error, part.stop - part.start).tolist()
