import re
from dataclasses import dataclass, field

import pytest

from abstain import InputError, SelectiveTrainingArguments
from abstain.training import parse_recipe


@dataclass
class Arguments:
    name: str = field(metadata={"help": "needed"})
    rate: float = 0.5
    steps: list[int] | None = None
    fast: bool = False


def write(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    return str(path)


def test_the_command_line_wins_over_the_recipe_and_the_recipe_over_the_default(tmp_path):
    recipe = write(tmp_path, "name: a\nrate: 1e-1\nsteps: [8, 16]\nfast: true\n")
    (parsed,) = parse_recipe([Arguments], [recipe, "--name", "b"])
    assert parsed == Arguments(name="b", rate=0.1, steps=[8, 16], fast=True)
    (parsed,) = parse_recipe([Arguments], ["--name", "c", "--steps", "1", "2"])
    assert parsed == Arguments(name="c", steps=[1, 2])


@pytest.mark.parametrize(
    ("text", "argv", "message"),
    [
        ("naem: a", [], "unknown recipe key 'naem': did you mean 'name'?"),
        ("name: a", ["--raet", "1"], "unknown option '--raet': did you mean 'rate'?"),
        ("name: a\nrate: fast", [], "argument --rate: invalid float value: 'fast'"),
        ("rate: 1", [], "required: --name"),
        ("- a", [], "holds list, but must be lines of `key: value`"),
        ("name: [", [], "is not YAML"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path, text, argv, message):
    with pytest.raises(InputError) as caught:
        parse_recipe([Arguments], [write(tmp_path, text), *argv])
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_recipe_that_does_not_exist_is_named():
    with pytest.raises(InputError, match=r"the recipe 'no\.yaml' does not exist"):
        parse_recipe([Arguments], ["no.yaml"])


def test_every_shipped_recipe_is_read_by_the_script_that_it_names(root, tmp_path):
    recipes = sorted((root / "training_scripts" / "recipes").glob("*.yaml"))
    assert recipes
    for recipe in recipes:
        (name,) = set(re.findall(r"training_scripts/(train_\w+\.py)", recipe.read_text()))
        script = {}
        exec((root / "training_scripts" / name).read_text().split("\ndef main")[0], script)
        types = (script["ModelArguments"], script["DataArguments"], SelectiveTrainingArguments)
        parsed = parse_recipe(types, [str(recipe), "--output_dir", str(tmp_path)])
        assert parsed[2].label_smoothing_factor == 0.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nsteps: 1.5", "argument --steps"),
        ("name: a\nsteps: [x]", "argument --steps"),
        ("name: a\nfast: 7", "argument --fast"),
        ("name: a\n5: b", "unknown recipe key 5"),
        ("name: a\nhelp: 1", "unknown recipe key 'help'"),
    ],
)
def test_values_of_a_recipe_are_checked_as_options_are(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        parse_recipe([Arguments], [write(tmp_path, text)])


def test_what_training_arguments_refuse_is_one_sentence(tmp_path):
    argv = ["--output_dir", str(tmp_path), "--load_best_model_at_end", "true", "--save_strategy", "epoch"]
    with pytest.raises(InputError, match="do not go together") as caught:
        parse_recipe([SelectiveTrainingArguments], argv)
    assert "\n" not in str(caught.value)
