import math
import re
import runpy
from dataclasses import dataclass, field, is_dataclass

import pytest
import yaml

from abstain import InputError, SelectiveTrainingArguments
from abstain.experiments.recipe import parse_recipe


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


def test_every_shipped_recipe_parses(root, tmp_path):
    recipes = sorted((root / "training_scripts" / "recipes").glob("*.yaml"))
    assert recipes
    for recipe in recipes:
        script = re.search(r"training_scripts/(train_\w+|evaluate_\w+)\.py", recipe.read_text())[1]
        assert f"recipes/{recipe.name}" in recipe.read_text(), "the header says how it is run"
        names = runpy.run_path(str(root / "training_scripts" / f"{script}.py"), run_name="read")
        types = [value for name, value in names.items() if name.endswith("Arguments") and is_dataclass(value)]
        given = [] if "output_dir" in recipe.read_text() else ["--output_dir", str(tmp_path)]
        for parsed in parse_recipe(types, [str(recipe), *given]):
            assert getattr(parsed, "label_smoothing_factor", 0.0) == 0.0, "α is given on the command line"


def test_a_recipe_s_warm_up_is_the_paper_s_number_of_epochs(root, tmp_path):
    held_in = 1_281_167 - 50_000
    for name, batch, epochs, warm_up in (("resnet50_imagenet", 1024, 120, 5), ("vit_s16_imagenet", 2048, 300, 15)):
        recipe = yaml.safe_load((root / "training_scripts" / "recipes" / f"{name}.yaml").read_text())
        steps = math.ceil(held_in / batch)
        assert recipe["per_device_train_batch_size"] * 8 == batch and recipe["num_train_epochs"] == epochs
        assert math.ceil(recipe["warmup_steps"] * steps * epochs) == steps * warm_up


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
