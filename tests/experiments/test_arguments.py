from collections import Counter
from dataclasses import dataclass, fields
from typing import ClassVar

import pytest
import yaml

from abstain import InputError, SelectiveTrainingArguments
from abstain.experiments.arguments import DataArguments, ScriptTrainingArguments
from abstain.experiments.recipe import parse_recipe


def test_scripts_have_defaults_of_their_own_and_the_class_for_everybody_those_of_transformers(tmp_path):
    script, plain = (kind(output_dir=str(tmp_path)) for kind in (ScriptTrainingArguments, SelectiveTrainingArguments))
    differing = {one.name for one in fields(plain) if getattr(plain, one.name) != getattr(script, one.name)}
    # do_eval follows from eval_strategy; report_to is none in both
    assert differing == {"eval_strategy", "do_eval", "save_strategy", "save_total_limit", "seed"}
    found = (script.eval_strategy, script.save_strategy, script.save_total_limit, script.seed)
    assert found == ("epoch", "epoch", 2, 0)
    assert script.report_to == []


def test_help_explains_them_as_before(capsys):
    with pytest.raises(SystemExit):
        parse_recipe([ScriptTrainingArguments], ["--help-all"])
    text = " ".join(capsys.readouterr().out.split())
    explained = next(one for one in fields(SelectiveTrainingArguments) if one.name == "save_total_limit").metadata
    assert " ".join(explained["help"].split())[:40] in text and "(default: 2)" in text


def test_no_recipe_repeats_a_default_of_the_scripts(root):
    defaults = {one.name: one.default for one in fields(ScriptTrainingArguments)}
    repeated = Counter()
    for path in (root / "training_scripts" / "recipes").glob("*.yaml"):
        recipe = yaml.safe_load(path.read_text())
        if "extends" not in recipe:  # or it takes a value of the other recipe back
            repeated += Counter(k for k, v in recipe.items() if k in defaults and v == defaults[k])
    # clipping is in the paper for one of its systems, and the default of optim is that of the version of torch
    assert set(repeated) <= {"max_grad_norm", "optim"}


@dataclass
class ImageArguments(DataArguments):
    AT_LEAST: ClassVar = {**DataArguments.AT_LEAST, "crop_padding": 0}

    dataset_name: str = "digits"
    crop_padding: int = 0


def test_a_script_inherits_options_and_their_limits():
    (parsed,) = parse_recipe([ImageArguments], ["--validation_size", "5", "--crop_padding", "4"])
    assert (parsed.dataset_name, parsed.test_split, parsed.validation_seed) == ("digits", "test", 0)
    assert (parsed.validation_size, parsed.crop_padding, parsed.max_samples) == (5, 4, None)
    for option, value in (("--validation_size", "-1"), ("--max_samples", "0"), ("--crop_padding", "-1")):
        with pytest.raises(InputError, match=f"{option[2:]} is {value}, but must be at least"):
            parse_recipe([ImageArguments], [option, value])


def test_without_a_data_set_there_is_nothing_to_train_on():
    with pytest.raises(InputError, match="there is no data set: give dataset_name"):
        DataArguments()
