from dataclasses import dataclass, field, fields
from typing import ClassVar

import pytest
from tiny_runs import SCRIPTS
from transformers import TrainingArguments

from abstain import InputError, SelectiveTrainingArguments
from abstain.experiments.arguments import ScriptTrainingArguments
from abstain.experiments.script_parser import STOCK, ScriptParser


@dataclass
class Model:
    _argument_group_name: ClassVar[str] = "model"

    model_type: str = field(default="vit", metadata={"help": "Which one."})
    free_layers: int | None = field(default=None, metadata={"help": "How many."})


@dataclass
class Training:
    GROUPS: ClassVar = {"how it runs": ("num_epochs",)}

    adam_beta: float = field(default=0.9, metadata={"help": "Stock."})
    num_epochs: int = field(default=3, metadata={"help": "Passes."})
    use_cpu: bool = field(default=True, metadata={"help": "Stock, too."})


def parser():
    return ScriptParser([Model, Training], description="What it does:\n\n    python script.py \\\n        --one 1\n")


def shown_by(option, capsys):
    with pytest.raises(SystemExit) as stopped:
        parser().given_options([option])
    assert stopped.value.code in (0, None)
    return capsys.readouterr().out


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_has_the_example_as_it_is_and_a_group_for_each_idea_but_no_stock_option(capsys, option):
    text = shown_by(option, capsys)
    assert text.startswith("usage: ") and "    python script.py \\\n        --one 1\n" in text
    assert text.index("\nmodel:\n") < text.index("--model_type TEXT") < text.index("\nhow it runs:\n")
    assert "--num_epochs N" in text and "(default: 3)" in text and "default: None" not in text
    assert "--adam_beta" not in text and STOCK not in text


@pytest.mark.parametrize("option", ["--help-all", "--help_all"])
def test_all_options_are_a_word_away(capsys, option):
    text = shown_by(option, capsys)
    assert text.index("--num_epochs") < text.index(STOCK) < text.index("--adam_beta")


def test_where_nothing_is_left_out_no_second_help_is_offered(capsys):
    shown = []
    for option in ("--help", "--help-all"):
        with pytest.raises(SystemExit):
            ScriptParser([Model]).given_options([option])
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] and "--help-all" not in shown[0]
    assert "-h, --help" in shown[0] and "Show the options, and stop." in shown[0]
    assert "--help-all" in shown_by("--help", capsys)


@pytest.mark.parametrize("name", ["--free_layers", "--free-layers", "--free-layers=5"])
def test_dashes_and_underscores_are_alike_in_names_and_kept_in_values(name):
    arguments = [name] if "=" in name else [name, "5"]
    given = parser().given_options([*arguments, "--model-type", "a_b-c", "--no-use_cpu"])
    assert given == {"free_layers": 5, "model_type": "a_b-c", "use_cpu": False}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model-typ", "vit"], "unknown option '--model_typ': did you mean 'model_type'?"),
        (["--num-epochs", "x"], "argument --num_epochs/--num-epochs: invalid int value: 'x'"),
        (["--num_epochs"], "expected one argument"),
        (["vit"], "unknown option 'vit'"),
    ],
)
def test_mistakes_are_one_sentence(arguments, message):
    with pytest.raises(InputError) as caught:
        parser().given_options(arguments)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [*SCRIPTS, "evaluate_shift", "extract_logits", "make_drawings"])
def test_the_help_of_every_script_fits_a_few_screens(main_of, capsys, name):
    with pytest.raises(SystemExit):
        main_of(name, "--help")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 200 and any(f"python training_scripts/{name}.py" in line for line in lines[:5])
    text = "\n".join(lines)
    assert "--adam_beta1" not in text
    if name in SCRIPTS:
        titles = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
        assert titles[1:4] == ["model:", "data:", "smoothing and abstention:"] and "how it runs:" in titles
    if name == "extract_logits":
        groups = ["options:", "model and data:", "segmentation:", "what is written:", "how it runs:"]
        assert [line for line in lines if line in [*groups, "arguments:", f"{STOCK}:"]] == groups


def test_an_option_of_our_own_is_never_among_the_stock():
    shown = {name for names in ScriptTrainingArguments.GROUPS.values() for name in names}
    own = {one.name for one in fields(SelectiveTrainingArguments)} - {one.name for one in fields(TrainingArguments)}
    assert own <= shown <= {one.name for one in fields(ScriptTrainingArguments)}
