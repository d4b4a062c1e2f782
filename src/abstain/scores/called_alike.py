"""Whether labels and predicted classes are called alike: a class that has two names is never predicted rightly."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from abstain._checks import InputError

FEWEST = 10
"""Of fewer samples the classes' numbers may differ by one by chance, as in a small batch."""


def check_called_alike(labels: NDArray[Any], predictions: NDArray[Any]) -> None:
    """Refuse classes that labels and predictions call differently.

    Args:
        labels: (N,) integers or names, of the samples that count.
        predictions: (N,) of the same kind.

    Raises:
        InputError: a label that is never predicted and a prediction that is never a label differ in case or blanks
            only, or numbers of one count from 0 and those of the other from 1.
    """
    if not len(labels):
        return
    if labels.dtype.kind in "OU":
        _check_names({str(name) for name in labels}, {str(name) for name in predictions})
    elif len(labels) >= FEWEST:
        _check_numbers(labels, predictions)


def _check_names(labels: set[str], predictions: set[str]) -> None:
    if any(len({*map(_folded, names)}) < len(names) for names in (labels, predictions)):
        return  # one of them tells classes apart by what would be passed over
    never_labels = {_folded(name): name for name in predictions - labels}
    for label in sorted(labels - predictions):
        if _folded(label) in never_labels:
            raise InputError(
                f"the label {label!r} is never predicted and the prediction {never_labels[_folded(label)]!r} is never "
                "a label, though they differ in case or blanks only: call the classes alike"
            )


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _check_numbers(labels: NDArray[Any], predictions: NDArray[Any]) -> None:
    ends = [(int(numbers.min()), int(numbers.max())) for numbers in (labels, predictions)]
    shift, of_last = ends[0][0] - ends[1][0], ends[0][1] - ends[1][1]
    if shift != of_last or abs(shift) != 1 or ends[0][0] == ends[0][1]:  # one class alone does not count
        return
    if (labels == predictions + shift).sum() > (labels == predictions).sum():
        raise InputError(
            f"the labels go from {ends[0][0]} to {ends[0][1]} and the predictions from {ends[1][0]} to {ends[1][1]}, "
            "as if one counted from 0 and the other from 1: count both alike"
        )
