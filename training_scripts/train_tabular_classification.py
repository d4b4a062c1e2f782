r"""Train a classifier of the rows of a table, with or without label smoothing, and measure when it should abstain.

    python training_scripts/train_tabular_classification.py training_scripts/recipes/mlp_bank_marketing.yaml \
        --dataset_name ../data/bank_marketing --label_smoothing_factor 0.4 --output_dir runs/mlp_bank_marketing_ls

A recipe sets options; the command line overrides them. The data set is a local folder of CSV (.csv, .csv.gz) or Parquet
files, or a name on the Hub; where it comes in one piece, a seeded fraction of it is held out for the test. Numbers are
standardised and categories one-hot encoded as the training rows have them. With `accelerate launch` in place of
`python` it runs on several GPUs (with `torchrun` on several processors), or on machines that share the output folder.
A run that was stopped continues from its last checkpoint when the same command is given again.

The output folder holds the model (`AutoModel.from_pretrained`), `table_encoder.json` (`abstain.data.TableEncoder`),
`logits/validation.parquet`, `logits/test.parquet`, `samples.parquet` (confidence and error of each test sample), and
`results.json`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from datasets import DatasetDict
from transformers import PreTrainedModel, set_seed

from abstain import SelectiveTrainer
from abstain.data import TableEncoder, check_filled, limit_samples, load_data, with_test, with_validation
from abstain.experiments import (
    DataArguments,
    ScriptTrainingArguments,
    check_teacher_inputs,
    finish,
    parse_recipe,
    run_script,
    start_run,
    train_run,
)
from abstain.models import new_classifier


@dataclass
class ModelArguments:
    """Which model to train."""

    _argument_group_name: ClassVar[str] = "model"

    one_logit: bool = field(
        default=False, metadata={"help": "Two classes share one logit z, which stands for the pair (0, z)."}
    )


@dataclass
class TableArguments(DataArguments):
    """Which table to train on."""

    label_column: str = field(default="label", metadata={"help": "The column to predict."})
    categorical_columns: list[str] | None = field(
        default=None, metadata={"help": "Columns of numbers that are codes of categories; texts always are categories."}
    )
    test_fraction: float = field(
        default=0.0, metadata={"help": "Of train, held out for the test; 0 takes the split test_split."}
    )


ARGUMENTS = (ModelArguments, TableArguments, ScriptTrainingArguments)


def main() -> None:
    """Read the arguments, train, write the model and its logits, and measure them."""
    model_args, data_args, args = parse_recipe(ARGUMENTS, description=__doc__)
    settings, checkpoint = start_run(args, model=model_args, data=data_args)
    data = read_data(data_args)
    encoder = TableEncoder.fit(data["train"], data_args.label_column, categorical=data_args.categorical_columns or [])
    check_teacher_inputs(args.teacher, "tables", encoder)
    splits = {name: encoder.encode(table) for name, table in data.items()}
    set_seed(args.seed)
    model = make_model(model_args, encoder)

    trainer = SelectiveTrainer(model, args, train_dataset=splits["train"], eval_dataset=splits["validation"])
    training = train_run(trainer, settings, checkpoint)
    finish(trainer, splits, settings=settings, training=training, processor=encoder)


def read_data(data_args: TableArguments) -> DatasetDict:
    """The three splits, with all their columns."""
    data = load_data(data_args.dataset_name)
    data = with_test(data, fraction=data_args.test_fraction, seed=data_args.validation_seed)
    data = with_validation(
        data, size=data_args.validation_size, seed=data_args.validation_seed, test_split=data_args.test_split
    )
    check_filled(data, data["train"].column_names)
    return limit_samples(data, data_args.max_samples, seed=data_args.validation_seed)


def make_model(model_args: ModelArguments, encoder: TableEncoder) -> PreTrainedModel:
    """A new model for these features and classes."""
    features = encoder.num_features
    return new_classifier(
        "tables", "tabular_mlp", encoder.classes, one_logit=model_args.one_logit, num_features=features
    )


if __name__ == "__main__":
    run_script(main, ARGUMENTS)
