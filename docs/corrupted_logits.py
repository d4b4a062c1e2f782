"""The logits of released checkpoints on CIFAR-10 under each transform and severity, kept so that measuring goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import corrupted_images as corrupted
import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from abstain import SelectiveClassifier, released_checkpoint
from abstain._files import whole_file
from abstain.inference import AbstentionRule

Cell = tuple[str, float, int]
"""A transform, the value of its parameter, and its severity from 1 to 5; without any, the images as they are."""
CLEAN: Cell = ("none", 0.0, 0)


def cells() -> Iterator[Cell]:
    """The images as they are, and all transforms at all severities."""
    yield CLEAN
    for of, (_, values) in corrupted.SEVERITIES.items():
        yield from ((of, value, severity) for severity, value in enumerate(values, start=1))


def file_of(kept: Path, name: str, cell: Cell) -> Path:
    """Where the logits of a checkpoint on a cell are kept."""
    return kept / name / f"{cell[0]}_{cell[1]:g}.npy"


def make_logits(names: tuple[str, ...], data: Path, kept: Path, n: int) -> NDArray[np.int64]:
    """Make what `kept` lacks, of the first n shuffled test images that `corrupted_images` gives; their labels."""
    images, labels = corrupted.images_and_labels(data, n, seed=0)
    missing = [(name, cell) for name in names for cell in cells() if not file_of(kept, name, cell).exists()]
    classifiers = {
        name: SelectiveClassifier.from_pretrained(released_checkpoint(name), device="cpu") for name in dict(missing)
    }
    for name, cell in tqdm(missing, desc="logits"):
        of, value, _ = cell
        pictures = [corrupted.to.to_pil_image(image) for image in images]
        logits = classifiers[name].logits(pictures if cell == CLEAN else corrupted.transformed(images, of, value))
        with whole_file(file_of(kept, name, cell)) as partial, partial.open("wb") as file:
            np.save(file, np.asarray(logits, np.float32))
    return labels


def rule_of(name: str) -> AbstentionRule:
    """The rule of a released checkpoint, fitted and chosen on clean validation images."""
    return AbstentionRule.load(released_checkpoint(name))
