"""Write the table of costs into `docs/scale.md`, from the work that each recipe's model does and from measured runs.

With `--check` nothing is written, and the exit status says whether the page is out of date.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import torch
from pages import ROOT, with_blocks, write_or_check
from results import read_runs
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import TimmWrapperConfig, TimmWrapperForImageClassification

from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.deeplabv3plus import DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification
from abstain.report import markdown_table

PAGE = ROOT / "docs" / "scale.md"
LARGE = ROOT / "benchmarks" / "large.json"
GPU_FLOPS = 100e12
"""Assumed: what one data-centre GPU sustains in bf16 training, about a third of the peak of an A100 (312·10¹²)."""
TRAINING_PASSES = 3
"""Forward, and backward on activations and on weights."""


@dataclass(frozen=True)
class Row:
    """A recipe at full scale: the model, the shape of one sample, and how often samples are passed through it."""

    recipe: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    samples: float
    passes: int = 1


def timm_model(name: str) -> nn.Module:
    """A timm architecture as the recipes make it."""
    return TimmWrapperForImageClassification(TimmWrapperConfig(architecture=name, num_labels=1000))


ROWS = [
    Row(
        "resnet20_cifar10_full",
        lambda: CifarResNetForImageClassification(CifarResNetConfig(num_labels=10)),
        (3, 32, 32),
        75 * 45_000,
    ),
    Row(
        "densenet_bc_cifar100",
        lambda: DenseNetBCForImageClassification(DenseNetBCConfig(num_labels=100)),
        (3, 32, 32),
        300 * 45_000,
    ),
    Row("resnet50_imagenet", lambda: timm_model("resnet50"), (3, 224, 224), 120 * 1_231_167),
    Row("vit_s16_imagenet", lambda: timm_model("vit_small_patch16_224"), (3, 224, 224), 300 * 1_231_167, passes=2),
    Row(
        "deeplabv3plus_cityscapes",
        lambda: DeepLabV3PlusForSemanticSegmentation(DeepLabV3PlusConfig(encoder_name="resnet101", num_labels=19)),
        (3, 768, 768),
        40_000 * 12,
    ),
]


def main() -> None:
    """Render the page, and write or check it."""
    write_or_check(
        {PAGE: with_blocks(PAGE, {"estimated": estimated(), "measured": measured(), "larger": larger_than_memory()})}
    )


def forward_flops(row: Row) -> int:
    """Floating-point operations of one sample's forward pass, two a multiply-add."""
    model, sample = row.make().eval(), torch.zeros(1, *row.shape)
    # attention as products of matrices, which every torch counts: 2.6 passes over its fused form on processors
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(sample)
    return counter.get_total_flops()


def estimated() -> str:
    """The work of every recipe at full scale, and the hours it takes a GPU of the assumed speed."""
    rows = [["recipe", "GFLOP a sample, forward", "samples", "passes", "EFLOP", "GPU hours, estimated"]]
    for row in ROWS:
        forward = forward_flops(row)
        total = forward * TRAINING_PASSES * row.passes * row.samples
        work = [f"{forward / 1e9:.3g}", f"{row.samples:,.0f}", str(row.passes), f"{total / 1e18:.3g}"]
        rows.append([row.recipe, *work, f"{total / GPU_FLOPS / 3600:.3g}"])
    return markdown_table(rows, "lrrrrr")


def measured() -> str:
    """Minutes of training of the runs in `model_cards`."""
    rows = [["recipe", "runs", "hardware", "minutes of training"]]
    for recipe, runs in read_runs().items():
        minutes = [run["training"]["train_runtime"] / 60 for run in runs if not run["training"].get("resumed_from")]
        places = sorted({f"{run['environment']['device']}, {run['environment']['threads']} threads" for run in runs})
        span = f"{min(minutes):.1f} to {max(minutes):.1f}" if minutes else "–"
        rows.append([recipe, str(len(runs)), "; ".join(places), span])
    return markdown_table(rows, "lrlr")


def larger_than_memory() -> str:
    """Time and memory of the cases of `benchmarks/large.py`, beside the bare loop, which is its first."""
    found = json.loads(LARGE.read_text(encoding="utf-8"))
    bare = found["rows"][0]
    rows = [[f"{found['n_rows']:,} × {found['n_classes']:,}", "seconds", "of processor", "to the loop", "peak, MB"]]
    for row in found["rows"]:
        ratio = f"{row['processor_seconds'] / bare['processor_seconds']:.2f}×"
        times = [f"{row['seconds']:.0f}", f"{row['processor_seconds']:.0f}", ratio]
        rows.append([row["case"], *times, f"{row['peak_mb']:.0f}"])
    return markdown_table(rows, "lrrrr")


if __name__ == "__main__":
    main()
