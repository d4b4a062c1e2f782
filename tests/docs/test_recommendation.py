import pytest


@pytest.fixture(scope="module")
def recommendation(program):
    return program("recommendation").recommendation


def row(recipe, verdict, aurc=0.04, repaired=0.03, *, seeds=2, high=0.1, high_of_repair=-0.001, more_errors=False):
    repair = {"low": -0.01, "high": high_of_repair, "over": "seeds and samples"}
    areas = {"AURC": {"mean": aurc}, "AURC repaired": {"mean": repaired}, "repair minus MSP": repair}
    error = {"low": 0.001 if more_errors else -0.001, "high": 0.1}
    compared = {} if verdict is None else {"verdict": verdict, "minus CE": {"AURC": {"high": high}, "error": error}}
    return {"recipe": recipe, "seeds": seeds, **areas, **compared}


def test_three_sentences_say_what_the_rows_say(recommendation):
    better = row("LS 0.4", "harms", 0.07, 0.02)
    better["minus CE"]["AURC repaired"] = {"low": -0.2, "high": -0.1}
    numbers = {
        "cifar10": [
            row("CE", None),
            row("SAM 0.1", "does not", high=-0.01),
            row("LS 0.1", "cannot tell", 0.05, 0.04),
            row("LS 0.2", "breaks", 0.06, 0.045),
            row("mixup 0.2", "cannot tell"),
            row("LS 0.2 + SAM 0.1", "does not"),
        ],
        "imdb": [
            row("CE", None),
            row("SAM 0.1", "does not"),
            row("LS 0.2", "harms", high_of_repair=0.001),
            row("focal 2", "one seed", seeds=1),
        ],
        "other": [better],
    }
    take, leave, repair = recommendation(numbers).split(". ", 2)
    harmless = "sharpness-aware minimisation (no harm on 2 of 2 data sets, less AURC beyond chance on CIFAR-10)"
    told = "of mixup it cannot be told everywhere (no harm on 0 of 1 data set)"
    assert take.endswith(f"hard labels, alone or with {harmless}; {told}")
    assert leave.endswith("harmless with none: label smoothing (on 3 of 3 data sets, by more than 5 % on 1)")
    mended = "CIFAR-10 (from 6.00 to 4.50 %) and other (from 7.00 to 2.00 %); on IMDB that cannot be told"
    with_it = "and on other label smoothing with it is better than cross-entropy with it."
    assert repair.endswith(f"lowered the AURC beyond chance on {mended}; {with_it}")


def test_one_harmless_place_is_enough_not_to_be_called_harmful_but_harm_is_told(recommendation):
    numbers = {"imdb": [row("EMA 0.9", "does not"), row("EMA 0.99", "breaks"), row("LS 0.2", "breaks")]}
    take, leave = recommendation(numbers).split(". ")[:2]
    assert take.endswith("averaged weights depends on the data (no harm on 1 of 1 data set, harm on IMDB)")
    assert leave.endswith("none: label smoothing (on 1 of 1 data set, by more than 5 % each time)")


def test_more_errors_are_told_where_they_are_everywhere(recommendation):
    numbers = {"imdb": [row("CutMix 1", "breaks", more_errors=True)], "a": [row("focal 2", "breaks")]}
    told = recommendation(numbers)
    assert "CutMix (on 1 of 1 data set, by more than 5 % each time, with more errors too)" in told
    assert "focal loss (on 1 of 1 data set, by more than 5 % each time)" in told


def test_a_recipe_that_did_not_learn_somewhere_is_said_to_and_not_counted_there(recommendation):
    stuck = row("MaxSup 0.6", "did not learn (1 of 1)", seeds=1)
    numbers = {
        "imdb": [stuck],
        "cifar10": [row("MaxSup 0.2", "breaks")],
        "b": [row("LS 1", "CE did not learn (2 of 2)")],
    }
    told = "MaxSup (on 1 of 1 data set, by more than 5 % each time; on IMDB it did not learn (1 of 1))"
    assert f"harmless with none: {told}." in recommendation(numbers)


def test_a_repair_that_makes_it_worse_is_not_left_untold(recommendation):
    worse = row("LS 0.2", "breaks", 0.03, 0.04, high_of_repair=0.2)
    worse["repair minus MSP"]["low"] = 0.1
    assert "calibration of each): it raised the AURC beyond chance on IMDB (from 3.00 to 4.00 %)." in recommendation(
        {"imdb": [worse]}
    )


def test_what_is_not_found_is_said(recommendation):
    numbers = {"cifar10": [row("CE", None), row("LS 0.2", "cannot tell", high_of_repair=None)]}
    told = recommendation(numbers)
    assert "Nothing that was tried raised the AURC of MSP beyond chance" in told and "alone or with" not in told
    assert told.endswith("(with two classes by a calibration of each): on CIFAR-10 that cannot be told.")
