r"""Write the logits data set of a checkpoint: for a split of any size, in shards, on one process or many.

    python training_scripts/extract_logits.py --model_name_or_path runs/resnet50_imagenet \
        --dataset_name ILSVRC/imagenet-1k --split validation --output_dir runs/resnet50_imagenet/logits --dtype bfloat16

The checkpoint is any classifier of images or texts or segmentation model of transformers, timm or this package, or this
package's classifier of tables; the data set is `digits`, a local folder of Parquet files, CSV files or images, or a
name on the Hub. With `accelerate launch` (`torchrun` on processors) in place of `python`, every process writes shards
of its own. The same command again goes on where it stopped.

The shards are `output_dir/split/part-00000-of-….parquet`, with `extraction.json` beside them; read them with
`abstain.read_logits(output_dir, split)` or `abstain evaluate output_dir/split`. Of segmentation they hold a few
thousand labelled pixels an image (`--pixels_per_sample`), chosen by its row in the split: the same for every model, and
those of the training script where it takes the split as a whole.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, ClassVar

from transformers import PreTrainedConfig

from abstain import InputError
from abstain.data import PixelChoice, TableEncoder, find_column, load_data, pick_split, with_head_classes
from abstain.experiments import ArgumentError, check_output_folder, parse_recipe, run_script, without_folders
from abstain.logits import ExtractionPlan, ImageInputs, PixelInputs, TableInputs, TextInputs, extract_shards, processes
from abstain.models import classifier_config, kind_of, load_classifier, load_processor

if TYPE_CHECKING:
    from datasets import Dataset

    Inputs = ImageInputs | TextInputs | TableInputs | PixelInputs

SIZES = {"samples_per_shard": 10_000, "batch_size": 256}
PIXEL_SIZES = {"samples_per_shard": 200, "batch_size": 8}
"""Of images with thousands of pixels each."""


@dataclass
class ExtractionArguments:
    """What to run, on what, and where to."""

    GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {
        "model and data": (
            "model_name_or_path",
            "dataset_name",
            "split",
            "image_column",
            "text_column",
            "label_column",
            "max_length",
            "max_samples",
            "skip_bad_samples",
        ),
        "segmentation": ("annotation_column", "pixels_per_sample", "pixels_seed", "label_ids", "ignore_index"),
        "what is written": ("output_dir", "output_split", "samples_per_shard"),
        "how it runs": ("batch_size", "workers", "dtype", "torch_compile", "channels_last"),
    }

    model_name_or_path: str = field(metadata={"help": "A checkpoint: a folder or a name on the Hub, timm's too."})
    output_dir: str = field(metadata={"help": "Folder of the logits data set."})
    dataset_name: str = field(default="digits", metadata={"help": "`digits`, a local folder, or a Hub name."})
    split: str = field(default="test", metadata={"help": "The split of the data set."})
    output_split: str | None = field(default=None, metadata={"help": "What to call it; default: as the split."})
    image_column: str | None = field(default=None, metadata={"help": "Default: the only column of images."})
    text_column: str | None = field(default=None, metadata={"help": "Default: the only column of strings."})
    label_column: str | None = field(
        default=None, metadata={"help": "Default: the only column of classes, or `label`."}
    )
    max_length: int | None = field(default=None, metadata={"help": "Tokens of a text at most; default: the model's."})
    max_samples: int | None = field(default=None, metadata={"help": "Only the first so many, for a quick try."})
    annotation_column: str | None = field(default=None, metadata={"help": "The column of masks; default: annotation."})
    pixels_per_sample: int = field(default=5000, metadata={"help": "Labelled pixels of an image."})
    pixels_seed: int = field(default=0, metadata={"help": "Chooses them; the same for all models to be compared."})
    label_ids: list[int] | None = field(
        default=None,
        metadata={"help": "The id of each class in the masks; all others are ignored."},
    )
    ignore_index: int | None = field(
        default=None, metadata={"help": "The label of pixels that do not count; default: the model's."}
    )
    samples_per_shard: int | None = field(
        default=None, metadata={"help": "Samples (images) of a shard; default: 10000, of segmentation 200."}
    )
    batch_size: int | None = field(
        default=None, metadata={"help": "Samples at once on each process; default: 256, of segmentation 8."}
    )
    workers: int = field(default=0, metadata={"help": "Processes that decode ahead, for each process."})
    dtype: str = field(
        default="float32", metadata={"help": "Of the forward pass: float32, bfloat16 or float16; the head is float32."}
    )
    torch_compile: bool = field(default=False, metadata={"help": "Compile the model (slow start, faster after)."})
    channels_last: bool = field(default=False, metadata={"help": "Channels-last memory format (often faster)."})
    skip_bad_samples: bool = field(
        default=False, metadata={"help": "Leave out images that do not decode, and count them in extraction.json."}
    )

    def plan(self, sizes: dict[str, int]) -> ExtractionPlan:
        """How the split is cut and run, with these sizes where none are given."""
        names = ("dtype", "torch_compile", "channels_last", "skip_bad_samples", "workers")
        given = {name: size if getattr(self, name) is None else getattr(self, name) for name, size in sizes.items()}
        return ExtractionPlan(**given, **{name: getattr(self, name) for name in names})


ARGUMENTS = (ExtractionArguments,)


def main() -> None:
    """Read the split, load the checkpoint, and write its logits."""
    (args,) = parse_recipe(ARGUMENTS, description=__doc__)
    folder = check_output_folder(args.output_dir) / (args.output_split or args.split)
    config = classifier_config(args.model_name_or_path)
    kind = kind_of(config)
    plan = args.plan(PIXEL_SIZES if kind == "pixels" else SIZES)
    with processes().main_process_first():  # the others find the data set in the cache
        dataset = read_split(args)
    inputs = PREPARED[kind](args, dataset, config)
    model = load_classifier(kind, args.model_name_or_path)
    outcome = extract_shards(model, inputs, folder, plan, settings=settings_of(args, inputs))
    processes().print(
        f"{outcome['samples']} samples ({outcome['skipped']['count']} skipped) are in {folder}; "
        f"measure them with: abstain evaluate {folder}"
    )


def read_split(args: ExtractionArguments) -> Dataset:
    """The rows to run; they stay on disk."""
    dataset = pick_split(load_data(args.dataset_name), args.split)
    return dataset if args.max_samples is None else dataset.select(range(min(len(dataset), args.max_samples)))


def prepare_images(args: ExtractionArguments, dataset: Dataset, config: PreTrainedConfig) -> ImageInputs:
    """Images as the checkpoint's image processor makes them."""
    column = find_column(dataset, args.image_column, "image")
    dataset, label_column = with_labels(args, dataset, column, config)
    processor = load_processor("images", args.model_name_or_path)
    return ImageInputs(dataset, processor, column, label_column, args.split)


def prepare_texts(args: ExtractionArguments, dataset: Dataset, config: PreTrainedConfig) -> TextInputs:
    """Texts as the checkpoint's tokenizer makes them."""
    column = find_column(dataset, args.text_column, "text")
    dataset, label_column = with_labels(args, dataset, column, config)
    return TextInputs(dataset, load_processor("texts", args.model_name_or_path), column, label_column, args.max_length)


def with_labels(
    args: ExtractionArguments, dataset: Dataset, column: str, config: PreTrainedConfig
) -> tuple[Dataset, str]:
    """The columns of inputs and of labels, which are the classes of the checkpoint's head, and the latter's name."""
    label_column = find_column(dataset, args.label_column, "label")
    dataset = dataset.select_columns([column, label_column])
    return with_head_classes(dataset, label_column, config.id2label, split=args.split), label_column


def prepare_pixels(args: ExtractionArguments, dataset: Dataset, config: PreTrainedConfig) -> PixelInputs:
    """Images with their masks."""
    columns = {}
    for role, name in (("image", args.image_column), ("annotation", args.annotation_column)):
        found = find_column(dataset, name, role)
        columns[found] = role
    if len(columns) < 2:
        raise ArgumentError(f"images and masks are both in the column {found!r}: give image_column, annotation_column")
    dataset = dataset.select_columns(list(columns)).rename_columns(columns)
    processor, ids, ignored = load_processor("pixels", args.model_name_or_path), args.label_ids, args.ignore_index
    if ids is None and getattr(processor, "do_reduce_labels", False):  # id 0 is no class
        ids = list(range(1, config.num_labels + 1))
    if ignored is None:
        ignored = getattr(config, "semantic_loss_ignore_index", 255)
    choice = PixelChoice(config.num_labels, args.pixels_per_sample, args.pixels_seed, ignored, ids)
    return PixelInputs(dataset, processor, choice)


def prepare_table(args: ExtractionArguments, dataset: Dataset, config: PreTrainedConfig) -> TableInputs:
    """Rows of a table as the encoder beside the checkpoint makes them."""
    encoder = TableEncoder.from_pretrained(args.model_name_or_path)
    if encoder.num_features != config.num_features:
        raise InputError(
            f"the encoder gives {encoder.num_features} features, but the model takes {config.num_features}: give a "
            "folder that a training run wrote"
        )
    encoder.encode(dataset.take(1))  # a table with other columns is refused before anything is written
    return TableInputs(dataset, encoder)


PREPARED = {"images": prepare_images, "texts": prepare_texts, "pixels": prepare_pixels, "tables": prepare_table}
"""What the checkpoint classifies -> the data set ready for it."""


def settings_of(args: ExtractionArguments, inputs: Inputs) -> dict:
    """What an extraction that is taken up must have in common with the one before, without paths of this machine."""
    names = ("model_name_or_path", "dataset_name", "split", "max_length", "max_samples")
    values: dict = {name: value for name, value in without_folders(args).items() if name in names}
    if isinstance(inputs, PixelInputs):
        values |= asdict(inputs.choice)
    elif not isinstance(inputs, TableInputs):
        values |= {"column": inputs.column, "label_column": inputs.label_column}
    return {**values, "inputs_sha256": inputs.fingerprint()}


if __name__ == "__main__":
    run_script(main, ARGUMENTS)
