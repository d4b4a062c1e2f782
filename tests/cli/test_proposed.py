from abstain.cli.options import FittedOn, Reading
from abstain.cli.proposed import commands_of
from abstain.report import Commands


def test_proposed_commands_name_what_was_given():
    told = Reading(input="logits", ignore_index=-100)
    found = commands_of(("my file.csv", None, "test"), told, FittedOn(validation_split="validation"))
    assert found == Commands(
        "'my file.csv' --split test", "'my file.csv' --split validation", "--input logits --ignore-index -100"
    )
    apart = FittedOn(validation="v.csv", validation_labels="l.csv")
    assert commands_of(("t.csv", None, None), Reading(), apart).validation == "v.csv --labels l.csv"
    assert commands_of(("t.csv", None, None), Reading(), FittedOn()).validation == Commands.validation
    shared = commands_of(("t.csv", None, "test"), Reading(), FittedOn(validation_fraction=0.5))
    assert shared.validation == shared.test == "t.csv --split test" and shared.are_shared
    assert commands_of(("-odd.csv", None, None), Reading(), FittedOn()).test == "./-odd.csv"
