"""Predict or abstain: a rule for when to answer, and a classifier that follows it.

Each name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.inference.abstention import AbstentionRule
    from abstain.inference.answers import Answer, PixelAnswer
    from abstain.inference.classifier import SelectiveClassifier
    from abstain.inference.pipelines import pipeline

__all__ = [
    "AbstentionRule",
    "Answer",
    "PixelAnswer",
    "SelectiveClassifier",
    "pipeline",
]

__getattr__ = lazy_names(
    __name__,
    {
        "abstention": ["AbstentionRule"],
        "answers": ["Answer", "PixelAnswer"],
        "classifier": ["SelectiveClassifier"],
        "pipelines": ["pipeline"],
    },
)
