import ast
import inspect
import textwrap

import pytest
import transformers
from tiny_trainers import small_resnet
from transformers import (
    Trainer,
    TrainingArguments,
)

from abstain import SelectiveTrainer

PRIVATE = {
    "_get_output_dir": "self, trial",
    "_load_best_model": "self",
    "_load_from_checkpoint": "self, resume_from_checkpoint, model=None",
    "_prepare_inputs": "self, inputs",
    "_push_from_checkpoint": "self, checkpoint_folder",
    "_save_checkpoint": "self, model, trial",
}


"""The private methods of transformers' Trainer that ours overrides or calls, as they were when it was written."""


def bases():
    return [kind for kind in SelectiveTrainer.__mro__ if kind.__module__.startswith("abstain.")]


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_method_of_the_stock_trainer_is_what_it_was(name):
    parameters = inspect.signature(getattr(Trainer, name)).parameters.values()
    found = ", ".join(str(one.replace(annotation=inspect.Parameter.empty)) for one in parameters)
    assert found == PRIVATE[name], (
        f"Trainer.{name} of transformers {transformers.__version__} takes ({found}), but SelectiveTrainer is written "
        f"for ({PRIVATE[name]}): see what it does now, and the list in the docstring of SelectiveTrainer"
    )


def test_the_list_of_what_is_private_is_whole(tmp_path):
    stock = Trainer(small_resnet(), TrainingArguments(output_dir=str(tmp_path), report_to="none", use_cpu=True))
    used = set()
    for kind in bases():
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
        used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        used |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    private = {name for name in used if name.startswith("_") and not name.startswith("__") and hasattr(stock, name)}
    assert private == {*PRIVATE, "_created_lr_scheduler"}
    assert all(f"`{name}`" in SelectiveTrainer.__doc__ for name in private)
