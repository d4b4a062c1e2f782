def row(recipe, verdict, aurc=0.04, repaired=0.03, seeds=2):
    spread = {"AURC": {"mean": aurc}, "AURC repaired": {"mean": repaired}}
    return {"recipe": recipe, "seeds": seeds, **spread} | ({} if verdict is None else {"verdict": verdict})


def test_three_sentences_say_what_the_rows_say(program):
    recommendation = program("recommendation").recommendation

    numbers = {
        "cifar10": [
            row("CE", None),
            row("SAM 0.1", "does not"),
            row("LS 0.1", "cannot tell", 0.05, 0.04),
            row("LS 0.2", "breaks", 0.06, 0.045),
            row("mixup 0.2", "cannot tell"),
            row("LS 0.2 + SAM 0.1", "does not"),
        ],
        "other": [row("CE", None), row("SAM 0.1", "does not"), row("LS 0.2", "one seed", seeds=1)],
    }
    take, leave, repair = recommendation(numbers).split(". ", 2)
    assert take.endswith("sharpness-aware minimisation (on 2 of 2 data sets) did it no harm")
    assert leave.endswith("shown harmless nowhere: label smoothing (on 1 of 1 data set)")
    assert "averaged over seeds, on CIFAR-10 from 6.00 to 4.50 %; where that is beyond chance" in repair


def test_one_harmless_place_is_enough_not_to_be_called_harmful(program):
    recommendation = program("recommendation").recommendation

    numbers = {"imdb": [row("EMA 0.9", "does not"), row("EMA 0.99", "breaks"), row("LS 0.2", "breaks")]}
    assert "EMA" not in recommendation(numbers)


def test_a_recipe_that_did_not_learn_somewhere_is_not_counted_there(program):
    recommendation = program("recommendation").recommendation

    numbers = {"imdb": [row("MaxSup 0.6", "did not learn")], "cifar10": [row("MaxSup 0.2", "breaks")]}
    assert "MaxSup (on 1 of 1 data set)" in recommendation(numbers)
