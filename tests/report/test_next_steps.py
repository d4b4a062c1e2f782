from dataclasses import replace

import numpy as np
import pytest

from abstain import evaluate_logits
from abstain.report.given import evaluate_confidence
from abstain.report.next_steps import Commands, describe_next_steps

COMMANDS = Commands("t.csv --split test", "v.csv", "--input logits")
THRESHOLD = "`abstain threshold v.csv --input logits --target-risk 0.05 --delta 0.05`"


def with_errors_at(n, places, **options):
    error = np.zeros(n)
    error[places] = 1
    return evaluate_confidence(-np.arange(n), error, **options)


def steps(report, commands=COMMANDS):
    return list(describe_next_steps(report, commands))


@pytest.fixture(scope="module")
def spoilt():
    """(test, validation) of logits whose rows are scaled at random, which logit normalisation undoes."""
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 4, size=4000)
    logits = (generator.normal(size=(4000, 4)) + 2 * np.eye(4)[labels]) * np.exp(generator.normal(size=(4000, 1)))
    return (logits[:2000], labels[:2000]), (logits[2000:], labels[2000:])


def test_a_threshold_is_chosen_on_validation_samples():
    assert steps(with_errors_at(1000, range(700, 1000, 2))) == [
        f"What next? Choose the threshold on validation samples, never on those that are reported: {THRESHOLD}; it "
        "finds one with which, with a probability of 95 %, at most 5 % of the answers to new samples like these are "
        "wrong, or says that there are too few samples."
    ]


def test_a_command_says_what_stands_for_files_that_are_not_known():
    report = with_errors_at(1000, range(700, 1000, 2))
    choose, told = steps(report, Commands())
    assert "`abstain threshold VALIDATION --target-risk 0.05 --delta 0.05`" in choose
    assert told == "In these commands VALIDATION stands for a file of other labelled samples."
    assert len(steps(report, Commands("/TEST/t.csv", "/VALIDATION/v.csv"))) == 1, "a folder of that name is meant"


def test_samples_of_which_a_share_was_held_out_may_all_choose_the_threshold(spoilt):
    report, shared = with_errors_at(1000, range(700, 1000, 2)), Commands("t.csv", "t.csv", are_shared=True)
    assert steps(report, shared)[0].startswith(
        "What next? Choose the threshold on all of these samples, which are validation samples from then on, never "
        "reported: `abstain threshold t.csv --target-risk 0.05 --delta 0.05`; it finds one"
    )
    (step,) = steps(replace(report, independent=False), shared)
    assert step.startswith("What next? Choose the threshold on all of these samples, ")
    *_, step = steps(evaluate_logits(*spoilt[0], validation=spoilt[1], fallback="never"), shared)
    assert "never reported, of which one half fits p and the other the threshold: `abstain threshold t.csv" in step


def test_what_was_not_tried_is_tried_first(spoilt):
    first, *_, told = steps(evaluate_logits(*spoilt[0]))
    assert told == "In these commands VALIDATION stands for a file of other labelled samples."
    assert first == (
        "What next? See whether logit normalisation helps, with other samples to fit it on (`abstain evaluate t.csv "
        "--split test --input logits --validation VALIDATION`) or with a share of these that is then not reported "
        "(`abstain evaluate t.csv --split test --input logits --validation-fraction 0.5`)."
    )


@pytest.mark.parametrize(("center", "option"), [(True, ""), (False, " --no-center")])
def test_a_repair_that_helps_is_what_the_threshold_is_for(spoilt, center, option):
    options = {"fallback": "never", "target_risks": [0.9, 0.05, 0.01]}  # at 0.9 everything can be answered
    report = evaluate_logits(*spoilt[0], validation=spoilt[1], center=center, **options)
    suspect, choose = steps(report)
    assert suspect.startswith("What next? If the model was trained with label smoothing, suspect that first")
    assert choose.startswith(
        "Choose the threshold on validation samples, never on those that are reported, of which one half fits p and "
        "the other the threshold: `abstain threshold v.csv --input logits --target-risk 0.05 --delta 0.05 --score "
        f"max_logit_pnorm{option} --validation-fraction 0.5`; "
    )


def test_no_guarantee_is_proposed_where_rows_depend_on_each_other():
    (step,) = steps(replace(with_errors_at(1000, range(700, 1000, 2)), independent=False))
    assert step == (
        "What next? Choose the threshold on other samples than these: `abstain threshold v.csv --input logits "
        "--target-risk 0.05`; it comes without a guarantee, since rows depend on each other."
    )


def test_another_risk_is_proposed_where_these_sort_nothing():
    (step,) = steps(with_errors_at(1000, range(900, 1000), target_risks=[0.3]))
    assert step == (
        "What next? Ask for a lower target risk: `abstain evaluate t.csv --split test --input logits --target-risk "
        "0.05`."
    )
    *_, step = steps(with_errors_at(1000, [*range(100), *range(500, 1000)], target_risks=[0.01]))
    assert "Ask for another target risk: " in step and "--target-risk 0.3`" in step  # 100 of the first 500 are wrong


def test_a_risk_that_was_asked_for_or_is_out_of_reach_is_not_proposed():
    error = [*range(200), *range(600, 1000)]  # the least risk is 1/3, after the 600 first
    *_, step = steps(with_errors_at(1000, error, target_risks=[0.3]))
    assert "--target-risk 0.45`" in step  # 3/4 of 0.6
    (step,) = steps(with_errors_at(1000, range(600), target_risks=[0.01]))  # the more are answered, the fewer are wrong
    assert step == "What next? Nothing: no threshold can help here, only another model."


def test_samples_that_are_missing_are_counted():
    _, more = steps(with_errors_at(100, range(90, 100)))
    assert more == "Measure more samples: at this error about 200 would hold 20 wrong answers."
    _, more = steps(with_errors_at(300, range(20, 300)))  # 21 answers at 5 %: 59 · 300 / 21 = 842.9
    assert more == (
        "Measure more samples: at least 843, so that those that can be answered with at most 5 % errors are 59."
    )
    (only,) = steps(with_errors_at(60, []))  # 1 - 0.05 ** (1 / 60) = 0.0487
    assert only == (
        "What next? Measure more samples: without an error, the true share of wrong answers may still be 4.9 %; 299 "
        "without one would show that it is at most 1 %."
    )
    assert steps(with_errors_at(300, []))[0].endswith("may still be 0.99 %.")


def test_where_every_answer_is_wrong_nothing_helps():
    assert steps(with_errors_at(50, range(50))) == [
        "What next? Nothing: no threshold can help here, only another model."
    ]


@pytest.mark.parametrize(("n", "are"), [(1, "1 is"), (5, "5 are")])
def test_a_few_wrong_answers_do_not_tell_that_nothing_helps(n, are):
    assert steps(with_errors_at(n, range(n))) == [
        f"What next? Measure more samples: {are} too few to tell whether a threshold helps, which takes at least 20 "
        "right and 20 wrong answers."
    ]


def test_what_lacks_is_named_right_or_wrong():
    *_, more = steps(with_errors_at(15, range(5, 15)))
    assert more == "Measure more samples: at this error about 60 would hold 20 right answers."


def test_a_risk_of_zero_has_no_guarantee_to_ask_for():
    given = with_errors_at(1000, range(700, 1000, 2), target_risks=[0.0])
    assert given.msp.metrics["cov@0"] == 0.7 and "--target-risk 0.07`" in steps(given)[0]
