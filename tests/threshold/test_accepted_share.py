import numpy as np
import pytest

from abstain.threshold.accepted_share import AcceptedShare
from abstain.threshold.confidence_sequence import log_evidence_above, log_evidence_below


def test_the_band_is_that_of_dvoretzky_kiefer_and_wolfowitz():
    # sqrt(ln(2 / 0.1) / (2 · 150)) = sqrt(2.995732 / 300) = 0.0999289
    share = AcceptedShare.of(0.6, 150, 0.1)
    assert (share.low, share.high) == pytest.approx((0.5000711, 0.6999289), abs=1e-7)
    assert AcceptedShare.of(0.05, 150, 0.1).low == 0 and AcceptedShare.of(0.95, 150, 0.1).high == 1


def test_evidence_is_half_of_each_side():
    share, since = AcceptedShare(0.4, 0.7), np.array([[30, 70], [90, 10], [0, 0]])
    above, below = (
        log_evidence_above(since[:, 1], [100, 100, 0], 0.7),
        log_evidence_below(since[:, 1], [100, 100, 0], 0.4),
    )
    assert share.log_evidence(since, since) == pytest.approx(np.log((np.exp(above) + np.exp(below)) / 2))
    assert share.log_evidence(since, since)[1] > 20 and share.log_evidence(since, since)[2] == pytest.approx(0)


def test_a_band_up_to_an_end_has_no_evidence_beyond_it():
    many = np.array([10, 10**4])
    assert AcceptedShare(0.5, 1.0).log_evidence(many, many) < -100
    assert AcceptedShare(0.0, 0.5).log_evidence(many, many) > 1000
    assert AcceptedShare(0.0, 1.0).log_evidence(many, many) == -np.inf
