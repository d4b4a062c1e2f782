r"""Train a classifier of texts, with or without label smoothing, and measure how well it knows when to abstain.

    python training_scripts/train_text_classification.py training_scripts/recipes/lstm_imdb.yaml \
        --word_vectors glove.6B.50d.txt --label_smoothing_factor 0.6 --output_dir runs/lstm_imdb_ls

A recipe sets options; the command line overrides them. The data set is a local folder of Parquet or CSV files, or a
name on the Hub. Without a checkpoint an LSTM is trained on frozen word vectors, whose vocabulary is the words of the
training texts that have a vector; with `--model_name_or_path` any checkpoint for sequence classification is fine-tuned
with its own tokenizer. With `accelerate launch` in place of `python` it runs on several GPUs (with `torchrun` on
several processors), or on machines that share the output folder. A run that was stopped continues from its last
checkpoint when the same command is given again.

The output folder holds the model and its tokenizer (`from_pretrained`), `logits/validation.parquet`,
`logits/test.parquet`, `samples.parquet` (confidence and error of each test sample), and `results.json`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from datasets import Dataset, DatasetDict
from transformers import DataCollatorWithPadding, PreTrainedModel, PreTrainedTokenizerBase, set_seed

from abstain import SelectiveTrainer
from abstain.data import (
    encode_texts,
    find_column,
    limit_samples,
    load_data,
    read_word_vectors,
    vocabulary,
    with_classes,
    with_validation,
    word_tokenizer,
)
from abstain.experiments import (
    ArgumentError,
    DataArguments,
    ScriptTrainingArguments,
    check_teacher_inputs,
    finish,
    parse_recipe,
    run_script,
    start_run,
    train_run,
)
from abstain.models import load_classifier, load_processor, new_classifier


@dataclass
class ModelArguments:
    """Which model to train."""

    _argument_group_name: ClassVar[str] = "model"

    model_name_or_path: str | None = field(
        default=None, metadata={"help": "A checkpoint to fine-tune: a folder or a name on the Hub."}
    )
    word_vectors: str | None = field(
        default=None, metadata={"help": "Without a checkpoint: a file of GloVe vectors, .txt or .txt.gz."}
    )
    config_overrides: str | None = field(
        default=None, metadata={"help": "Without a checkpoint: changes to the LSTM: hidden_size=128,dropout=0.5"}
    )
    one_logit: bool = field(
        default=False, metadata={"help": "Two classes share one logit z, which stands for the pair (0, z)."}
    )

    def __post_init__(self) -> None:
        if (self.model_name_or_path is None) == (self.word_vectors is None):
            raise ArgumentError("there must be one of word_vectors, for an LSTM, and model_name_or_path, to fine-tune")


@dataclass
class TextArguments(DataArguments):
    """Which texts to train on."""

    AT_LEAST: ClassVar = {**DataArguments.AT_LEAST, "max_length": 1}

    text_column: str = field(default="text", metadata={"help": "The column of texts."})
    max_length: int = field(default=256, metadata={"help": "Tokens that are kept of a text, from its beginning."})


ARGUMENTS = (ModelArguments, TextArguments, ScriptTrainingArguments)


def main() -> None:
    """Read the arguments, train, write the model and its logits, and measure them."""
    model_args, data_args, args = parse_recipe(ARGUMENTS, description=__doc__)
    settings, checkpoint = start_run(args, model=model_args, data=data_args)
    data, names = read_data(data_args)
    set_seed(args.seed)
    if model_args.model_name_or_path:
        model, tokenizer = load_model(model_args, names, max_length=data_args.max_length)
    else:
        model, tokenizer = make_lstm(model_args, names, data["train"], max_length=data_args.max_length)
    check_teacher_inputs(args.teacher, "texts", tokenizer)
    splits = {name: encode_texts(split, tokenizer, max_length=data_args.max_length) for name, split in data.items()}

    trainer = SelectiveTrainer(
        model,
        args,
        train_dataset=splits["train"],
        eval_dataset=splits["validation"],
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    training = train_run(trainer, settings, checkpoint)
    finish(trainer, splits, settings=settings, training=training, processor=tokenizer)


def read_data(data_args: TextArguments) -> tuple[DatasetDict, list[str]]:
    """The three splits with the columns `text` and `label`, and the names of the classes."""
    data = load_data(data_args.dataset_name)
    data = with_validation(
        data, size=data_args.validation_size, seed=data_args.validation_seed, test_split=data_args.test_split
    )
    text_column = find_column(data["train"], data_args.text_column, "text")
    label_column = find_column(data["train"], data_args.label_column, "label")
    if text_column == label_column:
        raise ArgumentError(f"the column {text_column!r} cannot hold texts and labels: give text_column, label_column")
    data, names = with_classes(data, label_column)
    data = limit_samples(data, data_args.max_samples, seed=data_args.validation_seed)
    data = data.select_columns([text_column, label_column])
    return data.rename_columns({text_column: "text", label_column: "label"}), names


def make_lstm(
    model_args: ModelArguments, names: list[str], train: Dataset, *, max_length: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A new LSTM on the vectors of the words of these texts, and its tokenizer."""
    words, vectors = read_word_vectors(model_args.word_vectors, vocabulary(train))
    sizes = {"vocab_size": len(vectors), "embedding_size": vectors.shape[1]}
    model = new_classifier(
        "texts",
        "lstm_text_classifier",
        names,
        one_logit=model_args.one_logit,
        overrides=model_args.config_overrides,
        **sizes,
    )
    model.set_word_vectors(vectors)
    return model, word_tokenizer(words, max_length=max_length)


def load_model(
    model_args: ModelArguments, names: list[str], *, max_length: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The checkpoint with a head for these classes, and its tokenizer."""
    name = model_args.model_name_or_path
    model = load_classifier("texts", name, names, one_logit=model_args.one_logit)
    tokenizer = load_processor("texts", name)
    tokenizer.model_max_length = max_length  # what the model is trained on is what its users give it
    if tokenizer.pad_token is None:  # as of a language model
        tokenizer.pad_token = tokenizer.eos_token
        model.config.pad_token_id = tokenizer.pad_token_id
    return model, tokenizer


if __name__ == "__main__":
    run_script(main, ARGUMENTS)
