"""Write the logits data set of a checkpoint: for a split of any size, in parts, on one process or many.

    python training_scripts/extract_logits.py --model_name_or_path runs/resnet50_imagenet \
        --dataset_name ILSVRC/imagenet-1k --split validation --output_dir runs/resnet50_imagenet/logits --dtype bfloat16

The checkpoint is any image or text classifier of transformers, timm or this package; the data set is `digits`, a local
folder of Parquet files or of images, or a name on the Hub. With `accelerate launch` (`torchrun` on processors) in place
of `python`, every process writes parts of its own. The same command again goes on where it stopped.

The parts are `output_dir/split/part-00000-of-….parquet`, with `extraction.json` beside them; read them with
`abstain.read_logits(output_dir, split)` or `abstain evaluate output_dir/split`.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datasets import ClassLabel, Image
from transformers import (
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoImageProcessor,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
)

from abstain import InputError
from abstain.data import class_names, find_column, load_data
from abstain.model_inputs import ModelInputs, check_head, find_input_column
from abstain.models import classifier_config, load_image_classifier
from abstain.sharded_extraction import ExtractionPlan, extract_shards, processes
from abstain.training import parse_recipe

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass
class ExtractionArguments:
    """What to run, on what, and where to."""

    model_name_or_path: str = field(metadata={"help": "A checkpoint: a folder or a name on the Hub, timm's too."})
    output_dir: str = field(metadata={"help": "Folder of the logits data set."})
    dataset_name: str = field(default="digits", metadata={"help": "`digits`, a local folder, or a Hub name."})
    split: str = field(default="test", metadata={"help": "The split of the data set."})
    output_split: str | None = field(default=None, metadata={"help": "What to call it; default: as the split."})
    image_column: str | None = field(default=None, metadata={"help": "Default: the only column of images."})
    text_column: str | None = field(default=None, metadata={"help": "Default: the only column of strings."})
    label_column: str | None = field(default=None, metadata={"help": "Default: the only column of classes."})
    max_length: int | None = field(default=None, metadata={"help": "Tokens of a text at most; default: the model's."})
    max_samples: int | None = field(default=None, metadata={"help": "Only the first so many, for a quick try."})
    samples_per_shard: int = field(default=10_000, metadata={"help": "Samples of a part."})
    batch_size: int = field(default=256, metadata={"help": "Samples at once on each process."})
    workers: int = field(default=0, metadata={"help": "Processes that decode ahead, for each process."})
    dtype: str = field(
        default="float32", metadata={"help": "Of the forward pass: float32, bfloat16 or float16; the head is float32."}
    )
    torch_compile: bool = field(default=False, metadata={"help": "Compile the model (slow start, faster after)."})
    channels_last: bool = field(default=False, metadata={"help": "Channels-last memory format (often faster)."})
    skip_bad_samples: bool = field(
        default=False, metadata={"help": "Leave out images that do not decode, and count them in extraction.json."}
    )

    def __post_init__(self) -> None:
        names = ("samples_per_shard", "batch_size", "dtype", "torch_compile", "channels_last", "skip_bad_samples")
        self.plan = ExtractionPlan(**{name: getattr(self, name) for name in names}, workers=self.workers)


def main() -> None:
    """Read the split, load the checkpoint, and write its logits."""
    (args,) = parse_recipe((ExtractionArguments,), description=__doc__)
    with processes().main_process_first():  # the others find the data set in the cache
        dataset = read_split(args)
    model, inputs = prepare(args, dataset)
    folder = Path(args.output_dir).expanduser() / (args.output_split or args.split)
    outcome = extract_shards(model, inputs, folder, args.plan, settings=settings_of(args, inputs))
    processes().print(
        f"{outcome['samples']} samples ({outcome['skipped']['count']} skipped) are in {folder}; "
        f"measure them with: abstain evaluate {folder}"
    )


def read_split(args: ExtractionArguments) -> Dataset:
    """The rows to run; they stay on disk."""
    data = load_data(args.dataset_name)
    if args.split not in data:
        raise InputError(f"there is no split {args.split!r}: this data set has {', '.join(data)}")
    dataset = data[args.split]
    if not len(dataset):
        raise InputError(f"the split {args.split!r} is empty, but at least one sample is needed")
    return dataset if args.max_samples is None else dataset.select(range(min(len(dataset), args.max_samples)))


def prepare(args: ExtractionArguments, dataset: Dataset) -> tuple[PreTrainedModel, ModelInputs]:
    """The checkpoint, and the data set as its image processor or tokenizer makes it."""
    label_column = find_column(dataset, args.label_column, ClassLabel, "label")
    class_names(dataset, label_column)
    config = classifier_config(args.model_name_or_path)
    check_head(dataset, label_column, config, split=args.split)
    name, wanted = args.model_name_or_path, {"label_column": label_column, "split": args.split}
    if type(config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING:
        model = AutoModelForSequenceClassification.from_pretrained(name, config=config)
        column = find_input_column(dataset, args.text_column)
        tokenizer = AutoTokenizer.from_pretrained(name)
        return model, ModelInputs(dataset, tokenizer, column, max_length=args.max_length, **wanted)
    column = find_column(dataset, args.image_column, Image, "image")
    try:
        processor = AutoImageProcessor.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise InputError(f"the checkpoint {name!r} has no image processor: save one beside it") from error
    return load_image_classifier(name), ModelInputs(dataset, processor, column, **wanted)


def settings_of(args: ExtractionArguments, inputs: ModelInputs) -> dict[str, object]:
    """What an extraction that is taken up must have in common with the one before, without paths of this machine."""
    names = ("model_name_or_path", "dataset_name", "split", "max_length", "max_samples")
    values = {name: value for name, value in asdict(args).items() if name in names}
    values = {k: Path(v).name if isinstance(v, str) and Path(v).is_dir() else v for k, v in values.items()}
    columns = {"column": inputs.column, "label_column": inputs.label_column}
    return {**values, **columns, "inputs_sha256": inputs.fingerprint()}


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
