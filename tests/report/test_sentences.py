import numpy as np
import pytest

from abstain import evaluate_logits
from abstain.report.sentences import FEW_ERRORS, describe_coverage, describe_smoothing


@pytest.fixture(scope="module")
def models():
    """Test and validation half of two models with the same predictions; the confidence of the second is spoilt.

    Its rows are scaled at random, which logit normalisation undoes.
    """
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 4, size=10_000)
    good = generator.normal(size=(10_000, 4)) + 3 * np.eye(4)[labels]
    spoilt = good * np.exp(2 * generator.normal(size=(10_000, 1)))
    halves = {"good": good, "spoilt": spoilt}
    return {name: ((logits[:5000], labels[:5000]), (logits[5000:], labels[5000:])) for name, logits in halves.items()}


def test_a_change_is_claimed_only_where_the_interval_excludes_zero(models):
    good, spoilt = (evaluate_logits(*models[name][0]) for name in ("good", "spoilt"))
    assert "label smoothing raises the AURC" in describe_smoothing("noise", good, spoilt)
    assert "label smoothing lowers the AURC" in describe_smoothing("noise", spoilt, good)
    assert "does not clearly change" in describe_smoothing("noise", good, good)
    assert "logit normalisation was not fitted for both models." in describe_smoothing("noise", good, good)


def test_the_numbers_are_those_of_the_reports_and_the_repair_is_said(models):
    good, spoilt = (evaluate_logits(*models[name][0], validation=models[name][1]) for name in ("good", "spoilt"))
    sentence = describe_smoothing("noise", good, spoilt)
    before, after, repaired = (f"{100 * r.metrics['aurc']:.3f} %" for r in (good.msp, spoilt.msp, spoilt.repaired))
    assert f"the AURC of MSP ({before} to {after})" in sentence
    error = f"{100 * good.error.mean():.2f} %"
    assert f"at an error of {error} without and {error} with it" in sentence, "the predictions are the same"
    assert sentence.endswith(
        f"logit normalisation falls back to MSP without and lowers it to {repaired} with smoothing."
    )


def test_few_errors_are_said_to_be_few(models):
    logits, labels = models["good"][0]
    wrong = np.flatnonzero(logits.argmax(axis=1) != labels)
    for count in (FEW_ERRORS - 1, FEW_ERRORS):
        rows = np.setdiff1d(np.arange(len(labels)), wrong[count:])
        report = evaluate_logits(logits[rows], labels[rows])
        few = f"(from {count} and {count} errors, too few to tell much)"
        assert (few in describe_smoothing("noise", report, report)) == (count < FEW_ERRORS)


def test_coverage_is_said_at_the_risk_that_is_asked_for(models):
    good, spoilt = (evaluate_logits(*models[name][0], validation=models[name][1]) for name in ("good", "spoilt"))
    values = [100 * result.metrics["cov@1"] for result in (good.msp, spoilt.msp, spoilt.repaired)]
    without, with_it, repaired = (f"{value:.1f} %" for value in values)
    assert describe_coverage("noise", good, spoilt, risk="1") == (
        f"At 1 % errors, {without} of noise can be answered without and {with_it} with smoothing, and {repaired} with "
        "it after logit normalisation."
    )
    assert describe_coverage("noise", good, good).endswith("with smoothing."), "the fit falls back to MSP"
