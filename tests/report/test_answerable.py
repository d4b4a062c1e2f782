from dataclasses import replace

import numpy as np

from abstain.report.answerable import describe_answerable
from abstain.report.given import evaluate_confidence
from abstain.report.selective_report import ScoreResult


def with_errors_at(n, places, **options):
    error = np.zeros(n)
    error[places] = 1
    return evaluate_confidence(-np.arange(n), error, **options)


def test_the_share_stands_with_its_interval():
    report = with_errors_at(1000, range(700, 1000, 2))
    of_5, of_1 = (
        "({:.1f} to {:.1f} %)".format(*(100 * end for end in report.msp.curve.coverage_at_risk_interval(risk)))
        for risk in (0.05, 0.01)
    )
    assert [sentence.replace("95 % interval ", "") for sentence in describe_answerable(report)] == [
        f"How much can be answered? With at most 5 % of the answers wrong: 77.6 % of the samples {of_5}.",
        f"With at most 1 % of the answers wrong: 71.4 % of the samples {of_1}.",
    ]


def test_a_repair_that_was_fitted_is_compared():
    report = with_errors_at(1000, range(700, 1000, 2), target_risks=[0.05])
    better = with_errors_at(1000, range(850, 1000), target_risks=[0.05]).msp
    repaired = ScoreResult("max_logit_pnorm", better.metrics, better.confidence, better.curve, better.scored_by)
    (sentence,) = describe_answerable(replace(report, results=(report.msp, repaired)))
    assert f", and after logit normalisation {100 * better.metrics['cov@5']:.1f} % of the samples (95 %" in sentence


def test_everything_and_nothing_are_said():
    (everything,) = describe_answerable(with_errors_at(1000, range(970, 1000), target_risks=[0.2]))
    assert everything.endswith("wrong: everything, since 3.00 % of all answers are wrong."), "in every resample"
    (nothing,) = describe_answerable(with_errors_at(1000, range(500), target_risks=[0.05]))
    assert nothing.endswith("wrong: nothing, for those of the highest confidence are wrong more often.")


def test_without_an_error_the_share_that_may_still_be_wrong_is_said():
    *_, last = describe_answerable(with_errors_at(400, []))  # 1 - 0.05 ** (1 / 400) = 0.00746
    assert last == (
        "How sure that is: none of 400 answers is wrong, so with a probability of 95 % at most 0.75 % of all are."
    )


def test_nothing_is_said_of_the_uncertainty_where_answers_are_all_wrong():
    *_, last = sentences = list(describe_answerable(with_errors_at(400, range(400))))
    assert last == "How sure that is cannot be said, since all answers are alike."
    assert not any("interval" in sentence for sentence in sentences)


def test_nor_where_rows_depend_on_each_other():
    sentences = list(describe_answerable(replace(with_errors_at(400, range(300, 400)), independent=False)))
    assert sentences[-1] == "How sure that is cannot be said, since rows depend on each other."
    assert not any("interval" in sentence for sentence in sentences)


def test_too_few_answers_are_said_to_be_too_few():
    _, warning = describe_answerable(with_errors_at(5, [4], target_risks=[0.01]))
    assert warning == (
        "But those are 4 answers, and it takes at least 299 without an error to show that no more than 1 % are wrong."
    )
    _, warning = describe_answerable(with_errors_at(2, [1], target_risks=[0.05]))
    assert warning.startswith("But that is 1 answer, and it takes at least 59 ")
    assert len(list(describe_answerable(with_errors_at(400, range(300, 400))))) == 2
