"""What an answer that may abstain costs beside transformers' pipeline, and loading beside transformers' own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from data import BATCH, EDGE, N_IMAGES, SMALL_EDGE, make_images, make_model, make_small_images
from datasets import Dataset
from transformers import AutoImageProcessor, AutoModelForImageClassification, Pipeline, pipeline
from transformers.pipelines.pt_utils import KeyDataset

from abstain import AbstentionRule, SelectiveClassifier
from abstain.data.processors import resize_and_crop, squash
from abstain.inference.weights import weights_sha256
from abstain.models.auto import new_classifier

ROUNDS = 2
LOADS = 20
NAMES = [str(index) for index in range(10)]


def make_rule() -> AbstentionRule:
    """One of ten classes, by the p-norm of their logits."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, 1000)
    logits = (generator.normal(size=(1000, 10)) + 2 * np.eye(10)[labels]).astype(np.float32)
    return AbstentionRule.fit(logits, labels, target_risk=0.1)


def make_classifier(edge: int) -> SelectiveClassifier:
    """A small ResNet: of images of 224 pixels transformers', of 32 pixels that of CIFAR-10."""
    if edge == EDGE:
        model, processor = make_model(), resize_and_crop(EDGE, crop_fraction=1.0)
    else:
        model, processor = new_classifier("images", "cifar_resnet", NAMES).eval(), squash(edge, edge)
    return SelectiveClassifier(model, processor, make_rule(), batch_size=BATCH)


def make_pipeline(classifier: SelectiveClassifier) -> Pipeline:
    """That of transformers itself, of the same model on the same device."""
    made: Pipeline = pipeline(
        "image-classification",
        model=classifier.model,
        image_processor=classifier.processor,
        device=classifier.model.device,
        batch_size=BATCH,
    )
    return made


def answer_all(classifier: SelectiveClassifier, images: Dataset) -> int:
    """How many are accepted."""
    return sum(answer.accepted for answer in classifier(images, progress=False))


def classify_all(classify: Pipeline, images: Dataset) -> int:
    """How many have a best class."""
    return sum(bool(of_image[0]["label"]) for of_image in classify(KeyDataset(images, "image")))


def processor_seconds(work: Callable[[], Any]) -> float:
    """Of all threads of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def alternating(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The least processor time of each, which take turns, so that a busy machine slows all of them alike."""
    times = [{name: processor_seconds(work) for name, work in works.items()} for _ in range(rounds)]
    return {name: min(of_round[name] for of_round in times) for name in works}


def of_answers() -> list[dict[str, Any]]:
    """Images of two sizes."""
    rows = []
    for edge, images in ((SMALL_EDGE, make_small_images(N_IMAGES)), (EDGE, make_images())):
        classifier = make_classifier(edge)
        classify = make_pipeline(classifier)
        best = alternating(
            {
                "ours": lambda c=classifier, i=images: answer_all(c, i),
                "theirs": lambda p=classify, i=images: classify_all(p, i),
            },
            ROUNDS,
        )
        work = f"SelectiveClassifier, {N_IMAGES:,} images of {edge} pixels, batch {BATCH}, processor time"
        more = {"images_per_second": N_IMAGES / best["ours"]}
        rows.append(_row(work, best["ours"], "transformers' pipeline", best["theirs"], "≤ 1.05×", **more))
    return rows


def of_loading() -> list[dict[str, Any]]:
    """A folder with its rule, whose hash of the weights is timed apart."""
    with tempfile.TemporaryDirectory() as folder:
        classifier = make_classifier(EDGE)
        classifier.model = new_classifier("images", "resnet", NAMES).eval()  # of a usual size: ResNet-50
        classifier.save_pretrained(folder)
        best = alternating(
            {
                "ours": lambda: SelectiveClassifier.from_pretrained(folder, device="cpu"),
                "theirs": lambda: load_bare(folder),
                "hash": lambda: weights_sha256(Path(folder)),
            },
            LOADS,
        )
    ours, other = best["ours"] - best["hash"], "AutoModel and its processor"
    loading, hashing = "SelectiveClassifier.from_pretrained without its hash", "the hash of the weights"
    return [
        _row(f"{loading}, ResNet-50, processor time", ours, other, best["theirs"], "≤ 1.1×"),
        _row(f"{hashing}, ResNet-50, processor time", best["hash"], other, best["theirs"], "–"),
    ]


def load_bare(folder: str) -> None:
    """What transformers loads of the same folder."""
    AutoModelForImageClassification.from_pretrained(folder)
    AutoImageProcessor.from_pretrained(folder)


def _row(work: str, ours: float, other: str, theirs: float, wanted: str, **more: Any) -> dict[str, Any]:
    return {"work": work, "seconds": ours, "other": other, "other_seconds": theirs, "wanted": wanted, **more}


def measure() -> list[dict[str, Any]]:
    """The rows of the table, in seconds of processor time."""
    return [*of_answers(), *of_loading()]
