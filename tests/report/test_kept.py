import numpy as np
import pytest

from abstain.report.kept import Counts, EverySample

CONFIDENCE, ERROR = np.array([5.0, 4.0, 3.0, 2.0]), np.array([0.0, 0.0, 1.0, 0.0])


def test_batches_of_samples_are_the_samples_in_their_order():
    # R = 0, 0, 1/3, 1/4: AURC 7/48.
    kept = EverySample(np.empty(4))
    kept.add(CONFIDENCE[:3], ERROR[:3])
    kept.add(CONFIDENCE[3:], ERROR[3:])
    curve, metrics = kept.measure(ERROR, (0.1,), 0.9)
    assert kept.confidence.tolist() == CONFIDENCE.tolist() and kept.n_kept == 4
    assert metrics["aurc"] == pytest.approx(7 / 48) and metrics["cov@10"] == 0.5
    assert metrics["aurc_low"] is metrics["aurc_high"] is curve.aurc_interval(0.9) is None, "of one error"
    many = EverySample(np.tile(CONFIDENCE, 30), 120)
    curve, metrics = many.measure(np.tile(ERROR, 30), (0.1,), 0.9)
    assert (metrics["aurc_low"], metrics["aurc_high"]) == curve.aurc_interval(0.9)


def test_counts_have_bounds_and_no_interval():
    kept = Counts()
    for part in (slice(3), slice(3, None)):
        kept.add(CONFIDENCE[part], ERROR[part])
    curve, metrics = kept.measure(np.empty(0), (0.1,), 0.9)
    assert curve.n_samples == 4 and not len(kept.confidence)
    assert metrics["aurc"] == pytest.approx(7 / 48) and metrics["risk"] == 0.25 and metrics["cov@10"] == 0.5
    assert metrics["aurc_bound_low"] <= 7 / 48 <= metrics["aurc_bound_high"]
    assert metrics["aurc_low"] is None and metrics["aurc_high"] is None


@pytest.mark.parametrize("error", [0.0, 1.0])
def test_answers_that_are_all_alike_have_no_interval(error):
    kept = EverySample(np.empty(4))
    kept.add(CONFIDENCE, np.full(4, error))
    _, metrics = kept.measure(np.full(4, error), (0.1,), 0.95)
    assert metrics["aurc"] == error and metrics["aurc_low"] is None and metrics["aurc_high"] is None
