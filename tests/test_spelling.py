import ast
import importlib.util
import re
import sys

import pytest

from abstain._spelling import as_typed
from abstain.cli import commands
from abstain.experiments import DataArguments, ScriptTrainingArguments, script_parser

OPTIONS = {"level": "--level", "input": "--input", "class_axis": "--class-axis", "ignore_index": "--ignore-index"}
OPTIONS |= {"center": "--center", "center=True": "--center", "center=False": "--no-center", "split": "--split"}
OPTIONS |= {"target_risks": "--target-risk", "labels": "--labels", "logit_columns": "--logit-columns"}


@pytest.mark.parametrize(
    ("sentence", "typed"),
    [
        ("level is 2, but must be a fraction", "--level is 2, but must be a fraction"),
        ("the level is 2", "the level is 2"),
        ('say which with input="logits" or input="log-probabilities"', None),
        ("give class_axis=-1 or class_axis=2.", "give --class-axis -1 or --class-axis 2."),
        ("an item of target_risks is '5'", "an item of --target-risk is '5'"),
        ("name the column (logit_columns): logit_0", "name the column (--logit-columns): logit_0"),
        ("center=False reads the shift: leave center at True", "--no-center reads the shift: leave center at True"),
        ("give them apart with labels=", "give them apart with --labels"),
        ("labels are given apart: a label is 3", "labels are given apart: a label is 3"),
        ("name one with split=, as split=test-2", "name one with --split, as --split test-2"),
        (
            "'ignore_index' and class_axis.csv are in runs/class_axis",
            "'ignore_index' and class_axis.csv are in runs/class_axis",
        ),
        ("my_class_axis is 2, and unknown_name=3", "my_class_axis is 2, and unknown_name=3"),
        ("call split() of --class-axis", "call split() of --class-axis"),
        ("ignore_index is -1.5, class_axis too", "--ignore-index is -1.5, --class-axis too"),
    ],
)
def test_arguments_become_options_and_nothing_else_does(sentence, typed):
    typed = typed or "say which with --input logits or --input log-probabilities"
    assert as_typed(sentence, OPTIONS) == typed
    assert as_typed(typed, OPTIONS) == typed, "twice is once"
    assert as_typed(sentence, {}) == sentence, "of other options it says nothing"


def sentences(root):
    """Every text in the package that is part of an error, with its file; of both command lines too."""
    for path in (root / "src" / "abstain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("InputError", "ArgumentError"):
                texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
                yield path, " ".join(text for text in texts if isinstance(text, str))


def test_no_sentence_of_the_library_names_an_option(root):
    typed = ("cli", "recipe.py", "script_parser.py")  # which are nothing but command lines
    found = [(path.name, said) for path, said in sentences(root) if not set(typed) & set(path.parts)]
    assert len(found) > 250
    assert [(name, said) for name, said in found if re.search(r"--[a-z]", said)] == []


def test_on_the_command_lines_no_sentence_names_an_argument(root):
    kinds = [DataArguments, ScriptTrainingArguments, *script_arguments(root)]
    for options in (commands.typed_options(), script_parser.typed_options(kinds)):
        left = re.compile(rf"(?<![\w-])({'|'.join(name for name in options if '=' not in name)})=(?![=)])")
        named = 0
        for _, said in sentences(root):
            named += bool(left.search(said))
            assert not left.search(as_typed(said, options)), said
        assert named >= 10


def script_arguments(root):
    """The dataclasses of the scripts' own arguments."""
    for path in sorted((root / "training_scripts").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"spelling_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # where dataclasses look for the types of their fields
        spec.loader.exec_module(module)
        yield from getattr(module, "ARGUMENTS", ())  # a grid has none of a training
        del sys.modules[spec.name]


@pytest.mark.parametrize("command", ["evaluate", "threshold", "quickstart", "register"])
def test_every_option_of_a_command_is_known(command, capsys):
    with pytest.raises(SystemExit):
        commands.app([command, "--help"])
    shown = set(re.findall(r"--[a-z][\w-]*", capsys.readouterr().out)) - {
        "--help",
        "--overwrite-output-dir",
        "--log_samples",
    }
    known = [*commands.typed_options().values()]  # which a narrow terminal cuts
    assert shown and all(any(option.startswith(name.rstrip("-")) for option in known) for name in shown)
