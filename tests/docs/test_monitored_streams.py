import itertools

import numpy as np
import pytest

from abstain import OperatingPoint, RiskMonitor
from abstain.threshold.accepted_share import AcceptedShare
from abstain.threshold.rank_test import RankTest

POINT = OperatingPoint(0.5, 0.5, 0.01, True, target_risk=0.05, delta=0.05, n_samples=300)


@pytest.fixture(scope="module")
def streams(program):
    return program("monitored_streams")


def alarms_of(monitors, streams, confidence, error=None):
    """Alarms of each monitor, which is updated as often as the program looks."""
    for run, monitor in enumerate(monitors):
        for start in range(0, confidence.shape[1], 100):
            cuts = [0, *streams.looks(start, min(100, confidence.shape[1] - start))]
            for low, high in itertools.pairwise(cuts):
                some = slice(start + low, start + high)
                monitor.update(confidence[run, some], None if error is None else error[run, some])
    return [[test.alarm_at or 0 for test in (monitor.shift, monitor.risk)] for monitor in monitors]


@pytest.mark.parametrize("power", [1.3, 2])
def test_alarms_by_ranks_are_those_of_the_monitor(streams, power):
    random = np.random.default_rng(0)
    validation, confidence = random.random((4, 300)), random.random((4, 1250)) ** power
    many = streams.ManyRanks([RankTest.of(of) for of in validation])
    bins = many.bins(confidence, random)
    found = streams.first_alarms(many.log_evidence, streams.blocks_of(bins), 16, 0.025)
    monitors = [RiskMonitor(POINT, of) for of in validation]
    assert found.tolist() == [shift for shift, _ in alarms_of(monitors, streams, confidence)]
    assert found.max() > 0


def test_alarms_by_share_and_by_labels_are_those_of_the_monitor(streams):
    random = np.random.default_rng(1)
    confidence = random.random((4, 1250)) * np.array([[1], [0.9], [0.8], [0.7]])
    error = (random.random((4, 1250)) < 0.09).astype(int)
    band = AcceptedShare.of(0.5, 300, 0.0125)
    evidence = streams.share_evidence(np.full(4, band.low), np.full(4, band.high))
    accepted = (confidence >= 0.5).astype(int)
    shares = streams.first_alarms(evidence, streams.blocks_of(accepted), 2, 0.0125)
    monitors = [RiskMonitor(POINT) for _ in range(4)]
    assert shares.tolist() == [shift for shift, _ in alarms_of(monitors, streams, confidence)]
    assert shares[0] == 0 < shares[3]
    to_the_ends = streams.share_evidence(np.array([0.5, 0.0]), np.array([1.0, 0.6]))(
        None, np.array([[[9, 1]], [[1, 9]]])
    )
    ends = [AcceptedShare(0.5, 1.0), AcceptedShare(0.0, 0.6)]
    assert to_the_ends.tolist() == [
        [of.log_evidence(None, np.array(n))] for of, n in zip(ends, ([9, 1], [1, 9]), strict=True)
    ]
    risks = streams.first_alarms(streams.risk_evidence(0.05), streams.blocks_of(error), 2, 0.025)
    monitors = [RiskMonitor(POINT) for _ in range(4)]
    assert risks.tolist() == [risk for _, risk in alarms_of(monitors, streams, np.ones((4, 1250)), error)]
    assert risks.max() > 0
