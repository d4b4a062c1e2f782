"""Predict or abstain."""

from abstain.inference.abstention import AbstentionRule

__all__ = [
    "AbstentionRule",
]
