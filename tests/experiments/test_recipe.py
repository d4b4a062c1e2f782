import math
import re
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from types import UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import pytest
import yaml
from tiny_runs import SCRIPTS

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
        ("name: a\nrate: fast", [], "rate is 'fast' in 'recipe.yaml', but must be a number"),
        ("name: a", ["--rate", "fast"], "argument --rate: invalid float value: 'fast'"),
        ("rate: 1", [], "there is no name: give --name, or name it in the recipe"),
        ("name: null", [], "name is null in 'recipe.yaml', but must be text"),
        ("- a", [], "holds list, but must be lines of `key: value`"),
        ("name: [", [], "is not YAML"),
        ("rate: 1\nname: a\n'rate': 2", [], "recipe.yaml' gives rate twice, again in line 3: leave one of them out"),
        ("{name: a, name: a}", [], "recipe.yaml' gives name twice, again in line 1: leave one of them out"),
        ("name: a\nsteps: {b: 1, c: {b: 1, d: 0, b: 2}}", [], "recipe.yaml' gives b twice, again in line 2"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path, text, argv, message):
    with pytest.raises(InputError) as caught:
        parse_recipe([Arguments], [write(tmp_path, text), *argv])
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_recipe_that_does_not_exist_is_named():
    with pytest.raises(InputError, match=r"the recipe 'no\.yaml' does not exist"):
        parse_recipe([Arguments], ["no.yaml"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate: 1e-3", {"rate": 0.001}),
        ("rate: 2", {"rate": 2.0}),
        ("steps: null", {"steps": None}),
        ("steps: []", {"steps": []}),
        ("steps: 3", {"steps": [3]}),
        ("fast: false", {"fast": False}),
        ("{}", {}),
    ],
)
def test_null_and_empty_lists_and_numbers_are_what_they_say(tmp_path, text, expected):
    (parsed,) = parse_recipe([Arguments], [write(tmp_path, text), "--name", "-a, b"])
    assert parsed == Arguments(**{"name": "-a, b", **expected})


def test_what_is_merged_may_be_given_again(tmp_path):
    (parsed,) = parse_recipe([Arguments], [write(tmp_path, "<<: {name: a, rate: 1}\n<<: {fast: true}\nname: b")])
    assert parsed == Arguments(name="b", rate=1.0, fast=True)


def test_a_recipe_that_is_no_text_is_one_sentence(tmp_path):
    (tmp_path / "recipe.yaml").write_bytes(b"name: \xff")
    with pytest.raises(InputError, match="is not YAML"):
        parse_recipe([Arguments], [str(tmp_path / "recipe.yaml")])


def types_of(module):
    """The dataclasses that a script parses: of those in its sight, the ones that no other of them extends."""
    seen = {value for name, value in vars(module).items() if name.endswith("Arguments") and is_dataclass(value)}
    return sorted((kind for kind in seen if not kind.__subclasses__()), key=lambda kind: kind.__name__)


def examples_of(kind):
    """(as it is written in YAML, what must arrive) for each thing that a field of this type can hold."""
    if get_origin(kind) in (Union, UnionType):
        return [example for member in get_args(kind) for example in examples_of(member)]
    if get_origin(kind) is list:
        items = examples_of(*get_args(kind))
        both = "[" + ", ".join(text for text, _ in items) + "]"
        return [("[]", []), (both, [value for _, value in items])]
    if get_origin(kind) is Literal:
        return [(str(value).lower(), value) for value in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [(repr(member.value), member.value) for member in kind]
    return {
        type(None): [("null", None), ("~", None)],
        bool: [("true", True), ("false", False)],
        int: [("7", 7), ("-1", -1)],
        float: [("1e-3", 0.001), ("2", 2.0), ("-.5", -0.5), (".inf", math.inf)],
        str: [("plain", "plain"), ("'-a, --b,c'", "-a, --b,c"), ("'null'", "null"), ("''", ""), ("'1e-3'", "1e-3")],
        dict: [("{power: 0.9, deep: {x: [1, null]}}", {"power": 0.9, "deep": {"x": [1, None]}}), ("{}", {})],
    }.get(get_origin(kind) or kind, [])  # nothing for a ParallelismConfig, which no YAML can hold


@pytest.mark.parametrize("name", [*SCRIPTS, "evaluate_shift", "extract_logits", "make_drawings"])
def test_whatever_a_field_can_hold_arrives(load_script, tmp_path, monkeypatch, name):
    types = types_of(load_script(name))
    examples = {}
    for kind in types:
        if hasattr(kind, "__post_init__"):
            monkeypatch.setattr(kind, "__post_init__", lambda self: None)  # what does not go together, not here
        hints = get_type_hints(kind)
        examples |= {one.name: examples_of(hints[one.name]) for one in fields(kind) if one.init}
    examples.pop("parallelism_config", None)
    if "output_dir" in examples:  # which cannot be empty
        examples["output_dir"] = [("runs/x", "runs/x")]
    assert all(examples.values())
    for turn in range(max(map(len, examples.values()))):
        now = {name: found[turn % len(found)] for name, found in examples.items()}
        parsed = parse_recipe(types, [write(tmp_path, "\n".join(f"{name}: {text}" for name, (text, _) in now.items()))])
        arrived = {name: value for one in parsed for name, value in vars(one).items() if name in now}
        assert arrived == {name: value for name, (_, value) in now.items()}
        assert all(type(arrived[name]) is type(value) for name, (_, value) in now.items())


def written(folder, **recipes):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in recipes.items():
        (folder / f"{name}.yaml").write_text(text)


def test_a_recipe_takes_the_values_of_the_one_that_it_extends(tmp_path):
    written(tmp_path / "paper", base="name: a\nrate: 1\nsteps: [1]\nfast: true\n", middle="extends: base.yaml\nrate: 2")
    written(tmp_path, small="extends: paper/middle.yaml\nsteps: null\n")
    (parsed,) = parse_recipe([Arguments], [str(tmp_path / "small.yaml"), "--fast", "false"])
    assert parsed == Arguments(name="a", rate=2.0, steps=None, fast=False)


@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        ({"recipe": "extends: no.yaml"}, r"no\.yaml', which 'recipe\.yaml' extends, does not exist"),
        ({"recipe": "extends: recipe.yaml"}, r"recipe\.yaml' extends itself by way of others"),
        ({"recipe": "extends: b.yaml", "b": "extends: recipe.yaml"}, r"recipe\.yaml' extends itself"),
        ({"recipe": "extends: [b.yaml]"}, r"is \['b\.yaml'\], but must be the path of another one"),
        ({"recipe": "extends: b.yaml\nname: a", "b": "rate: x"}, r"rate is 'x' in 'b\.yaml', but must be a number"),
        ({"recipe": "extends: b.yaml\nname: a", "b": "raet: 1"}, "unknown recipe key 'raet': did you mean 'rate'"),
    ],
)
def test_mistakes_in_recipes_that_extend_others_are_one_sentence(tmp_path, recipes, message):
    written(tmp_path, **recipes)
    with pytest.raises(InputError, match=message) as caught:
        parse_recipe([Arguments], [str(tmp_path / "recipe.yaml")])
    assert "\n" not in str(caught.value)


def test_every_shipped_recipe_parses(root, tmp_path, load_script):
    recipes = sorted((root / "training_scripts" / "recipes").glob("*.yaml"))
    assert recipes
    for recipe in recipes:
        name = re.search(r"training_scripts/(train_\w+|evaluate_\w+)\.py", recipe.read_text())[1]
        assert f"recipes/{recipe.name}" in recipe.read_text(), "the header says how it is run"
        given = [] if name == "evaluate_shift" else ["--output_dir", str(tmp_path)]
        for parsed in parse_recipe(types_of(load_script(name)), [str(recipe), *given]):
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
        ("name: a\nsteps: 1.5", "steps is 1.5 in .* a list, each item a whole number or null"),
        ("name: a\nsteps: [x]", "steps is .'x'. in .* a list, each item a whole number or null"),
        ("name: a\nfast: 7", "fast is 7 in .* true or false"),
        ("name: 5", r"name is 5 in .* text \(a number or true is text in quotes\)"),
        ("name: a\n5: b", "unknown recipe key 5"),
        ("name: a\nhelp: 1", "unknown recipe key 'help'"),
    ],
)
def test_values_of_a_recipe_must_fit_their_fields(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        parse_recipe([Arguments], [write(tmp_path, text)])


def test_what_training_arguments_refuse_is_one_sentence(tmp_path):
    argv = ["--output_dir", str(tmp_path), "--load_best_model_at_end", "true", "--save_strategy", "epoch"]
    with pytest.raises(InputError, match="do not go together") as caught:
        parse_recipe([SelectiveTrainingArguments], argv)
    assert "\n" not in str(caught.value)
