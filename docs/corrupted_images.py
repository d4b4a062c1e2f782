"""Five transforms of torchvision at five severities, on CIFAR-10, and what a released checkpoint says of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as to

from abstain import SelectiveClassifier, released_checkpoint

SEVERITIES: dict[str, tuple[str, tuple[float, ...]]] = {
    "blur": ("standard deviation of a Gaussian of 5 × 5 pixels", (0.4, 0.5, 0.6, 0.8, 1.0)),
    "noise": ("standard deviation of Gaussian noise, of values in [0, 1]", (0.01, 0.02, 0.03, 0.05, 0.08)),
    "contrast": ("factor of contrast", (0.8, 0.6, 0.45, 0.3, 0.2)),
    "JPEG": ("quality", (80, 60, 40, 20, 10)),
    "rotation": ("degrees, bilinear, black corners", (5, 10, 15, 20, 30)),
}
"""What the parameter of each transform is, and its values, from the mildest to the most severe."""

TRANSFORMS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "blur": lambda image, sigma: to.gaussian_blur(image, kernel_size=[5, 5], sigma=[sigma, sigma]),
    "noise": lambda image, sigma: to.to_dtype(
        to.gaussian_noise(to.to_dtype(image, torch.float32, scale=True), sigma=sigma), torch.uint8, scale=True
    ),
    "contrast": to.adjust_contrast,
    "JPEG": lambda image, quality: to.jpeg(image, int(quality)),
    "rotation": lambda image, angle: to.rotate(image, angle, interpolation=InterpolationMode.BILINEAR),
}
"""Each of a uint8 image (3, H, W) and its parameter, to another."""


def images_and_labels(folder: Path, n: int, seed: int) -> tuple[list[Tensor], NDArray[np.int64]]:
    """Seeded images of the test set as uint8 (3, 32, 32), and their labels."""
    data = datasets.load_dataset("parquet", data_files=str(folder / "test.parquet"), split="train")
    data = data.shuffle(seed=seed).select(range(n))
    return [to.pil_to_tensor(image.convert("RGB")) for image in data["img"]], np.array(data["label"])


def transformed(images: list[Tensor], name: str, parameter: float) -> list[Any]:
    """What comes to the classifier, as PIL images; the noise is seeded."""
    torch.manual_seed(0)
    return [to.to_pil_image(TRANSFORMS[name](image, parameter)) for image in images]


def classifier_and_validation(name: str) -> tuple[SelectiveClassifier, NDArray[np.float64]]:
    """A released classifier, and its confidences of the half of validation data that chose its threshold."""
    classifier = SelectiveClassifier.from_pretrained(released_checkpoint(name), device="cpu")
    assert classifier.rule is not None
    logits, _ = classifier.validation_logits()
    _, chosen = np.array_split(np.random.default_rng(0).permutation(len(logits)), 2)  # as AbstentionRule.fit
    confidence = classifier.rule.confidence.score(logits[chosen])
    point = classifier.rule.operating_point
    if (confidence >= point.threshold).mean() != point.coverage:
        raise SystemExit(f"{name} was not fitted on the halves that seed 0 gives, so its validation half is not known")
    return classifier, confidence
