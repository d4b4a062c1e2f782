from dataclasses import replace

import numpy as np
import pytest

from abstain import LogitNorm, TwoClassCalibration, evaluate_logits
from abstain.report.given import evaluate_confidence
from abstain.report.repair import describe_repair, helps, repair_name, why_undefined
from abstain.scores.logit_norm import Candidate

WHAT = (
    "(logit normalisation divides the largest logit by the size of all, their p-norm, after training, and changes no "
    "answer)"
)


@pytest.fixture(scope="module")
def halves():
    """(test, validation) of a good model, and of the same whose rows are scaled at random, which a norm undoes."""
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 4, size=4000)
    good = generator.normal(size=(4000, 4)) + 3 * np.eye(4)[labels]
    spoilt = good * np.exp(2 * generator.normal(size=(4000, 1)))
    return {
        name: ((logits[:2000], labels[:2000]), (logits[2000:], labels[2000:]))
        for name, logits in {"good": good, "spoilt": spoilt}.items()
    }


def report_of(halves, **options):
    test, validation = halves
    return evaluate_logits(*test, validation=validation, **options)


def test_a_gain_is_said_with_its_paired_interval(halves):
    report = report_of(halves["spoilt"])
    gain = report.gain()
    assert gain.low > 0 and helps(report)
    before, after = (100 * result.metrics["aurc"] for result in (report.msp, report.repaired))
    assert describe_repair(report) == (
        f"Does logit normalisation repair it? It clearly improves the order {WHAT}: the AURC goes from {before:.3f} % "
        f"to {after:.3f} %, by {-100 * gain.estimate:.3f} percentage points (95 % interval {-100 * gain.high:.3f} to "
        f"{-100 * gain.low:.3f})."
    )


def test_what_the_interval_does_not_show_is_not_claimed(halves):
    unclear = report_of(halves["good"], fallback="never", p_grid=[2])
    assert unclear.gain().high < 0 and "No, it makes the order worse (logit" in describe_repair(unclear)
    (logits, labels), validation = halves["good"]
    some = report_of(((logits[:450], labels[:450]), validation), fallback="never", p_grid=[2])
    assert some.gain().low < 0 < some.gain().high and not helps(some)
    assert "It does not clearly change the order (logit" in describe_repair(some)
    few = report_of(((logits[:200], labels[:200]), validation), fallback="never", p_grid=[2])
    assert few.gain().interval is None and not helps(few)
    assert "cannot be told from so few wrong or right answers (logit" in describe_repair(few)
    assert describe_repair(few).endswith(" percentage points.")
    dependent = replace(report_of(halves["spoilt"]), independent=False)
    assert not helps(dependent) and "interval" not in describe_repair(dependent)
    assert "cannot be told where rows depend on each other" in describe_repair(dependent)


def test_falling_back_is_said_with_its_reason(halves):
    report = report_of(halves["good"])
    msp, *others = report.logit_norm.search
    best = min(others, key=lambda candidate: candidate.aurc)
    assert best.gain < 0
    assert describe_repair(report) == (
        f"Does logit normalisation repair it? No, so the confidence stays as it is {WHAT}: on the validation samples "
        f"no p lowers the AURC, which is at best {100 * best.aurc:.3f} % with p = {best.p:g} against "
        f"{100 * msp.aurc:.3f} % without."
    )
    (logits, labels), _ = halves["good"]
    right = logits.argmax(axis=1) == labels
    faultless = report_of(((logits, labels), (logits[right], labels[right])))
    assert "none of the validation answers is wrong, so they cannot tell which p is good" in describe_repair(faultless)
    all_wrong = report_of(((logits, labels), (logits[~right], labels[~right])))
    assert "all validation answers are wrong, so they cannot tell which p is good" in describe_repair(all_wrong)
    no_errors = report_of(((logits[right], labels[right]), halves["spoilt"][1]))
    assert "That cannot be told" in describe_repair(no_errors)


def test_a_gain_that_is_too_small_is_said_to_be_unclear(halves):
    msp = evaluate_logits(*halves["good"][0]).msp
    search = Candidate(None, 0.04, 0.0, 0.0), Candidate(1, 0.05, -0.01, 0.002), Candidate(2, 0.039, 0.001, 0.002)
    kept = replace(msp, name="max_logit_pnorm", scored_by=LogitNorm(None, search=search))
    report = replace(evaluate_logits(*halves["good"][0]), results=(msp, kept))
    assert describe_repair(report).endswith(
        ": on the validation samples the best AURC is not clearly lower, 3.900 % with p = 2 against 4.000 % without."
    )


def test_the_repair_has_a_name_in_words(halves):
    (logits, labels), _ = halves["good"]
    assert repair_name(evaluate_logits(logits, labels)) == "logit normalisation"
    assert repair_name(evaluate_logits(logits[:, :2], labels % 2)) == "a calibration of each class"
    assert repair_name(evaluate_confidence([0.5, 0.75], [1, 0])) == "logit normalisation"


def test_without_validation_samples_it_was_not_tried(halves):
    assert describe_repair(evaluate_logits(*halves["good"][0])) == (
        f"Does logit normalisation repair it? It was not tried {WHAT}: it is fitted on validation samples, never on "
        "those that are reported."
    )


def test_of_two_classes_it_is_the_calibration_of_each(halves):
    generator = np.random.default_rng(0)
    z = 2 * generator.normal(size=6000)
    right = generator.random(6000) < 1 / (1 + np.exp(-np.where(z > 0, 0.3 * z, 1 - 2 * z)))
    labels, logits = np.where(right, z > 0, z <= 0).astype(int), z[:, None]
    report = report_of(((logits[:3000], labels[:3000]), (logits[3000:], labels[3000:])))
    assert report.repair == report.repaired.scored_by == TwoClassCalibration.fit(logits[3000:], labels[3000:])
    assert report.repaired.name == "two_class_calibration" and report.logit_norm.p is None and helps(report)
    assert describe_repair(report).startswith(
        "Does a calibration of each class repair it? It clearly improves the order (the calibration learns how sure "
    )
    without = evaluate_logits(logits[:3000], labels[:3000])
    assert without.repair is None and "each class repair it? It was not tried" in describe_repair(without)
    no_error = report_of(((logits[:3000], labels[:3000]), (logits[3000:], (z[3000:] > 0).astype(int))))
    assert "It" not in describe_repair(no_error).split("?")[1].split("(")[0]
    assert "validation samples that are answered with class 0 none is wrong" in describe_repair(no_error)


def test_where_it_is_not_defined_the_reason_is_said(halves):
    (logits, labels), _ = halves["good"]
    given = evaluate_confidence([0.5, 0.75], [1, 0])
    assert "It is not defined here: it needs the logits of all classes" in describe_repair(given)
    zeros = np.eye(4)[labels][:50]
    report = evaluate_logits(zeros, labels[:50], validation=(zeros[::-1].copy(), labels[:50][::-1].copy()))
    assert why_undefined(report) == report.unrepaired and "exactly 0" in describe_repair(report)
    assert why_undefined(evaluate_logits(logits, labels)) is None
