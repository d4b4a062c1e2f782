import pytest


@pytest.fixture(scope="module")
def recommendation(program):
    return program("recommendation").recommendation


def row(recipe, verdict, aurc=0.04, repaired=0.03, *, seeds=2, high=0.1, high_of_repair=-0.001):
    areas = {"AURC": {"mean": aurc}, "AURC repaired": {"mean": repaired}, "repair minus MSP": {"high": high_of_repair}}
    compared = {} if verdict is None else {"verdict": verdict, "minus CE": {"AURC": {"high": high}}}
    return {"recipe": recipe, "seeds": seeds, **areas, **compared}


def test_three_sentences_say_what_the_rows_say(recommendation):
    numbers = {
        "cifar10": [
            row("CE", None),
            row("SAM 0.1", "does not", high=-0.01),
            row("LS 0.1", "cannot tell", 0.05, 0.04),
            row("LS 0.2", "breaks", 0.06, 0.045),
            row("mixup 0.2", "cannot tell"),
            row("LS 0.2 + SAM 0.1", "does not"),
        ],
        "other": [
            row("CE", None),
            row("SAM 0.1", "does not"),
            row("LS 0.2", "harms", high_of_repair=0.001),
            row("focal 2", "one seed", seeds=1),
        ],
    }
    take, leave, repair = recommendation(numbers).split(". ", 2)
    harmless = "sharpness-aware minimisation (no harm on 2 of 2 data sets, a lower AURC beyond chance on CIFAR-10)"
    assert take.endswith(
        f"hard labels, alone or with {harmless}; of mixup it cannot be told (no harm on 0 of 1 data set)"
    )
    assert leave.endswith("harmless with none: label smoothing (on 2 of 2 data sets, by more than 5 % on 1)")
    assert repair.endswith("beyond chance, on CIFAR-10 from 6.00 to 4.50 % and cannot be told to have on other.")


def test_one_harmless_place_is_enough_not_to_be_called_harmful_but_harm_is_told(recommendation):
    numbers = {"imdb": [row("EMA 0.9", "does not"), row("EMA 0.99", "breaks"), row("LS 0.2", "breaks")]}
    take, leave = recommendation(numbers).split(". ")[:2]
    assert take.endswith("of averaged weights (EMA) it cannot be told (no harm on 1 of 1 data set, harm on IMDB)")
    assert leave.endswith("none: label smoothing (on 1 of 1 data set, by more than 5 % each time)")


def test_a_recipe_that_did_not_learn_somewhere_is_said_to_and_not_counted_there(recommendation):
    numbers = {"imdb": [row("MaxSup 0.6", "did not learn (2 of 2)")], "cifar10": [row("MaxSup 0.2", "breaks")]}
    told = "MaxSup (on 1 of 1 data set, by more than 5 % each time; it did not learn on IMDB)"
    assert f"harmless with none: {told}." in recommendation(numbers)


def test_what_is_not_found_is_said(recommendation):
    numbers = {"cifar10": [row("CE", None), row("LS 0.2", "cannot tell", high_of_repair=0.1)]}
    told = recommendation(numbers)
    assert "Nothing that was tried raised the AURC beyond chance" in told and "alone or with" not in told
    assert told.endswith("of models with the most smoothing it cannot be told to have lowered the AURC on CIFAR-10.")
