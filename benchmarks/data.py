"""What reading data costs beside its library: labels beside Arrow, images beside datasets, extraction beside PIL."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value
from PIL import Image as PILImage
from transformers import ResNetConfig, ResNetForImageClassification

from abstain.data.columns import read_labels, with_classes
from abstain.data.image_tensors import decode_images
from abstain.data.processors import resize_and_crop
from abstain.logits.forward import ExtractionPlan
from abstain.logits.inputs import ImageInputs
from abstain.logits.sharded import extract_shards

N_LABELS, N_CLASSES = 1_000_000, 1000
N_IMAGES, EDGE, BATCH = 5000, 224, 100
N_SMALL, SMALL_EDGE = 4500, 32
ROUNDS = 2
SMALL = {"embedding_size": 8, "hidden_sizes": [8, 16, 32, 64], "depths": [1, 1, 1, 1], "layer_type": "basic"}


def write_labels(path: Path) -> Dataset:
    """Integer labels beside short texts, as a Parquet file and as the data set that is made of it."""
    labels = np.random.default_rng(0).integers(0, N_CLASSES, N_LABELS)
    kinds = Features({"text": Value("string"), "label": Value("int64")})
    Dataset.from_dict({"text": ["a text"] * N_LABELS, "label": labels}, features=kinds).to_parquet(str(path))
    return Dataset.from_parquet(str(path), cache_dir=str(path.parent / "cache"))


def seconds_of_labels(dataset: Dataset) -> float:
    """What a training script makes of the labels of one split: the classes, the check of each, and a tensor."""
    start = time.perf_counter()
    data, _ = with_classes(DatasetDict(train=dataset), "label")
    torch.from_numpy(read_labels(data["train"], "label"))
    return time.perf_counter() - start


def seconds_of_arrow(path: Path) -> float:
    """The column alone, from the file to NumPy."""
    start = time.perf_counter()
    pq.read_table(path, columns=["label"])["label"].to_numpy()
    return time.perf_counter() - start


def make_images() -> Dataset:
    """Smooth colour images, as JPEG files of about the size of photographs."""
    generator = np.random.default_rng(0)
    coarse = (PILImage.fromarray(generator.integers(0, 256, (56, 56, 3), dtype=np.uint8)) for _ in range(N_IMAGES))
    return as_dataset((image.resize((EDGE, EDGE)) for image in coarse), "JPEG")


def make_small_images(n_kept: int = N_SMALL) -> Dataset:
    """Noise of the size of CIFAR-10, as PNG files; so many rows are chosen of more, as where some are held out."""
    generator = np.random.default_rng(0)
    shape = (SMALL_EDGE, SMALL_EDGE, 3)
    noise = (PILImage.fromarray(generator.integers(0, 256, shape, dtype=np.uint8)) for _ in range(N_IMAGES))
    return as_dataset(noise, "PNG").shuffle(seed=0).select(range(n_kept))


def as_dataset(images: Iterable[PILImage.Image], kind: str) -> Dataset:
    """Files of these images, in 10 classes."""
    files = []
    for image in images:
        buffer = io.BytesIO()
        image.save(buffer, kind)
        files.append({"bytes": buffer.getvalue(), "path": None})
    kinds = Features({"image": Image(), "label": ClassLabel(names=[str(index) for index in range(10)])})
    labels = np.random.default_rng(1).integers(0, 10, len(files))
    return Dataset.from_dict({"image": files, "label": labels}, features=kinds)


def seconds_of_decoding(images: Dataset) -> float:
    """`decode_images`, with the statistics of the channels."""
    start = time.perf_counter()
    decode_images(images)
    return time.perf_counter() - start


def seconds_of_iteration(images: Dataset) -> float:
    """The images alone, decoded by datasets one after the other, with nothing kept."""
    start = time.perf_counter()
    for _ in images.select_columns(["image"]):
        pass
    return time.perf_counter() - start


def make_model() -> ResNetForImageClassification:
    """A ResNet so small that reading the images is most of the work."""
    torch.manual_seed(0)
    return ResNetForImageClassification(ResNetConfig(num_labels=10, **SMALL)).eval()


def seconds_of_extraction(images: Dataset) -> float:
    """`extract_shards`, up to the files of logits."""
    processor, model = resize_and_crop(EDGE, crop_fraction=1.0), make_model()
    inputs, plan = ImageInputs(images, processor, "image"), ExtractionPlan(batch_size=BATCH)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        extract_shards(model, inputs, Path(folder) / "test", plan, settings={})
        return time.perf_counter() - start


@torch.inference_mode()
def seconds_of_bare_loop(images: Dataset) -> float:
    """The same images decoded by PIL, processed in one call a batch and run, with nothing kept.

    Both sides read in the process that runs the model, without workers, and decode whole images.
    """
    files, processor = images.cast_column("image", Image(decode=False)), resize_and_crop(EDGE, crop_fraction=1.0)
    model = make_model()
    start = time.perf_counter()
    for batch in files.iter(batch_size=BATCH):
        opened = [PILImage.open(io.BytesIO(file["bytes"])).convert("RGB") for file in batch["image"]]
        model(processor(opened, return_tensors="pt")["pixel_values"])
    return time.perf_counter() - start


def measure() -> list[dict[str, Any]]:
    """The rows of the table; sides take turns, and the best round of each counts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.parquet"
        labels, images, small = write_labels(path), make_images(), make_small_images()
        shuffled = labels.shuffle(seed=0)
        works = {
            "labels": lambda: seconds_of_labels(labels),
            "shuffled": lambda: seconds_of_labels(shuffled),
            "arrow": lambda: seconds_of_arrow(path),
            "decoding": lambda: seconds_of_decoding(small),
            "iteration": lambda: seconds_of_iteration(small),
            "extraction": lambda: seconds_of_extraction(images),
            "bare": lambda: seconds_of_bare_loop(images),
        }
        rounds = [{name: work() for name, work in works.items()} for _ in range(ROUNDS)]
    best = {name: min(times[name] for times in rounds) for name in works}
    arrow, split = "pyarrow, which reads the column", "labels of 1,000,000 rows: classes, check and tensor"
    rows = [
        (split, "labels", arrow, "arrow", {}),
        (f"{split}, of a shuffled split", "shuffled", arrow, "arrow", {}),
        (
            f"decode_images, {N_SMALL:,} PNGs of {SMALL_EDGE} pixels",
            "decoding",
            "bare iteration of datasets",
            "iteration",
            {"images_per_second": N_SMALL / best["decoding"]},
        ),
        (
            f"extract_shards, {N_IMAGES:,} JPEGs of {EDGE} pixels, small ResNet",
            "extraction",
            "bare decode, processor and forward",
            "bare",
            {"images_per_second": N_IMAGES / best["extraction"]},
        ),
    ]
    return [
        {"work": work, "seconds": best[ours], "other": other, "other_seconds": best[theirs], "wanted": "–", **more}
        for work, ours, other, theirs, more in rows
    ]
