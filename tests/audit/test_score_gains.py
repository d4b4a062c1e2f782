import numpy as np
import pytest

from abstain import aurc, aurc_difference, evaluate_logits
from abstain.audit.score_gains import holm, score_gains


def test_holm_adjusts_each_for_those_that_are_left():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, None, 0.9]) == [1.0, None, 1.0]
    assert holm([]) == [] and holm([None]) == [None]
    assert holm([0.04, 0.01]) == pytest.approx([0.04, 0.02]), "in the order in which they came"


def test_scores_stand_by_their_aurc_each_beside_msp():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(400, 5)), rng.integers(0, 5, 400)
    logits[np.arange(400), labels] += 1.5
    report = evaluate_logits(logits, labels)
    good, bad = 1.0 - report.error + 0.01 * rng.random(400), rng.random(400)
    msp, first, last = score_gains(report, {"energy": bad, "gen": good})
    assert (msp.name, msp.gain, msp.label) == ("msp", None, "MSP")
    assert (first.name, last.name) == ("gen", "energy") and first.aurc == aurc(good, report.error)
    assert first.gain == aurc_difference(report.msp.confidence, report.error, good, report.error)
    assert first.is_better(0.95) and not last.is_better(0.95) and not msp.is_better(0.95)
    assert first.adjusted_p == pytest.approx(min(1, 2 * first.gain.p_value))


def test_a_fit_that_stays_with_msp_has_no_difference():
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(60, 4)), rng.integers(0, 4, 60)
    report = evaluate_logits(logits[:40], labels[:40], validation=(logits[40:], labels[40:]))
    found = {one.name: one for one in score_gains(report, {})}
    for result in report.results[1:]:
        assert (found[result.name].gain is None) == result.falls_back
