import numpy as np
import pytest

from abstain import evaluate_logits, risk_coverage_curve
from abstain.report.given import evaluate_confidence
from abstain.report.order import MostConfident, describe_measured, describe_order, is_spoilt_at_top


def with_errors_at(n, places):
    """N samples from the most confident to the least, those at `places` wrong."""
    error = np.zeros(n)
    error[places] = 1
    return evaluate_confidence(-np.arange(n), error)


def first_words(report):
    return next(describe_order(report)).split("?")[1].split(":")[0].strip()


def test_an_order_is_told_in_words_with_its_numbers():
    report = with_errors_at(1000, [*range(500, 600), 3])
    auroc = report.msp.curve.failure_auroc()
    low, high = report.msp.curve.failure_auroc_interval()
    order, top, area = describe_order(report)
    assert order == (
        "Is the confidence in order? On the whole yes: of a right and a wrong answer, the right one has the higher "
        f"confidence in {100 * auroc:.1f} % of all pairs (95 % interval {100 * low:.1f} to {100 * high:.1f} %), where "
        "50 % is chance and 100 % a perfect order (this is the failure AUROC)."
    )
    assert top == "At the very top: of the 100 most confident answers 1 is wrong, of the next 100 none is wrong."
    curve = report.msp.curve
    assert area == (
        f"Averaged over all shares of the samples that might be answered, {100 * curve.aurc():.3f} % of the answers "
        f"given are wrong (this is the AURC); with all errors last it would be {100 * curve.optimal_aurc():.3f} %, in "
        "a random order 10.100 %."
    )


def test_the_verdict_is_no_surer_than_the_interval():
    last, first = range(900, 1000), range(100)
    assert first_words(with_errors_at(1000, last)) == "On the whole yes", "perfect: there is no interval, nor a doubt"
    assert first_words(with_errors_at(1000, first)) == "No, it is worse than chance"
    assert first_words(with_errors_at(1000, range(0, 1000, 10))) == "That is not clear, it may be no better than chance"
    for place in (0, 4):  # of one error among five, one order in five puts it last
        assert first_words(with_errors_at(5, [place])) == "That is not clear from these samples"


def test_answers_that_are_all_alike_have_no_order():
    said = {n: [" ".join(describe_order(with_errors_at(n, wrong))) for wrong in ([], range(n))] for n in (1, 5)}
    assert said[5] == [
        "Is the confidence in order? That cannot be told: all 5 answers are right, and an order shows only where some "
        "are wrong.",
        "Is the confidence in order? That cannot be told: all 5 answers are wrong, and no confidence sorts these from "
        "right ones.",
    ]
    assert "the one answer is right" in said[1][0] and "the one answer is wrong" in said[1][1]


@pytest.mark.parametrize(
    ("top", "following", "verdict", "words"),
    [
        (2, 20, "in order", "At the very top: "),  # P(X <= 2) of 22 fair coins is 6e-5
        (9, 12, "flat", "At the very top a higher confidence does not clearly mean fewer errors: "),
        (30, 8, "reversed", "At the very top a higher confidence means more errors: "),  # P(X >= 30) of 38 is 3e-4
        (30, 0, "reversed", "At the very top a higher confidence means more errors: "),
        (9, 10, None, "At the very top: "),  # too few to tell
        (0, 0, None, "At the very top: "),
    ],
)
def test_the_first_tenth_is_compared_with_the_second(top, following, verdict, words):
    error = np.zeros(1000)
    error[:top], error[100 : 100 + following], error[500:900] = 1, 1, 1
    found = MostConfident.of(risk_coverage_curve(-np.arange(1000), error))
    assert found == MostConfident(100, 100, top, following)
    assert found.verdict(0.95) == verdict and found.describe(verdict).startswith(words)


def test_tenths_are_as_near_as_ties_allow():
    coarse = np.repeat(np.arange(8), 125)
    found = MostConfident.of(risk_coverage_curve(-coarse, coarse == 0))
    assert found == MostConfident(125, 125, 125, 0)
    for curve in (
        risk_coverage_curve(np.zeros(1000), np.ones(1000)),
        risk_coverage_curve(np.arange(1000) < 400, np.ones(1000)),
        risk_coverage_curve(np.arange(199), np.ones(199)),
    ):
        assert MostConfident.of(curve) is None


def test_an_order_may_be_spoilt_at_the_top_alone():
    spoilt = with_errors_at(1000, [*range(0, 60, 2), *range(700, 1000)])
    assert is_spoilt_at_top(spoilt) and first_words(spoilt) == "On the whole yes, but not at the very top"
    flat = with_errors_at(1000, [*range(0, 200, 8), *range(700, 1000)])
    assert is_spoilt_at_top(flat) and first_words(flat) == "On the whole yes, though not clearly at the very top"
    assert not is_spoilt_at_top(with_errors_at(1000, range(700, 1000)))
    assert not is_spoilt_at_top(with_errors_at(1000, range(0, 1000, 5))), "without any order there is none to spoil"


def test_what_is_measured_is_named(logits_and_labels):
    assert describe_measured(with_errors_at(4, [0])) == (
        "Of 4 answers 1 is wrong (25.00 %); the confidence is the one given."
    )
    assert describe_measured(evaluate_logits(*logits_and_labels)).endswith(
        "the confidence is the probability of the answer (maximum softmax probability, MSP)."
    )
