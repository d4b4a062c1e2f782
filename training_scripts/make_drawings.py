"""Write the images of a split as pencil drawings: a shift of the data that needs no download.

    python training_scripts/make_drawings.py --dataset_name uoft-cs/cifar10 --output_dir runs/cifar10_drawings

Each image becomes its contours in grey (Pillow's filter), as ImageNet-Sketch is to ImageNet. The result is a folder
with one Parquet file, for every `--dataset_name` here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from PIL import ImageFilter

from abstain.data import find_column, load_data, pick_split, write_split
from abstain.experiments import check_output_folder, parse_recipe, run_script


@dataclass
class DrawingArguments:
    """What to draw, and where to."""

    output_dir: str = field(metadata={"help": "Folder for the Parquet file."})
    dataset_name: str = field(default="digits", metadata={"help": "`digits`, a local folder, or a Hub name."})
    split: str = field(default="test", metadata={"help": "The split to draw; also the name of the result."})
    image_column: str | None = field(default=None, metadata={"help": "Default: the only column of images."})


ARGUMENTS = (DrawingArguments,)


def main() -> None:
    """Read the split, draw each image, and write them."""
    (args,) = parse_recipe(ARGUMENTS, description=__doc__)
    check_output_folder(args.output_dir)
    dataset = pick_split(load_data(args.dataset_name), args.split)
    column = find_column(dataset, args.image_column, "image")

    def draw(row: dict[str, Any]) -> dict[str, Any]:
        return {column: row[column].convert("L").filter(ImageFilter.CONTOUR).convert("RGB")}

    write_split(dataset.map(draw, desc="drawing"), args.output_dir, args.split)


if __name__ == "__main__":
    run_script(main, ARGUMENTS)
