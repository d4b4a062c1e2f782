"""The checkpoints and logits that come with the package, so that real numbers can be had without a network."""

from __future__ import annotations

from pathlib import Path

from abstain._checks import check_choice

_HOME = Path(__file__).parents[1] / "released_checkpoints"


def released_checkpoints() -> list[str]:
    """The names of the checkpoints that come with the package."""
    return sorted(folder.name for folder in _HOME.iterdir() if folder.is_dir())


def released_checkpoint(name: str) -> Path:
    """The folder of a checkpoint that comes with the package.

    It can be loaded with `AutoModelForImageClassification.from_pretrained` once `abstain.models` is imported, and its
    subfolder `logits` is a logits data set with the splits `validation` and `test`.

    Raises:
        InputError: there is none of that name.
    """
    return _HOME / check_choice("released checkpoint", name, released_checkpoints())
