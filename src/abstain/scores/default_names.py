"""Texts that number classes: numbers in quotes, and `LABEL_0`, as transformers calls a class that has no name."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DEFAULT_NAME = re.compile(r"LABEL_(\d{1,9})")


def default_numbers(texts: Any) -> NDArray[np.int64] | None:
    """The numbers of classes that are called by default names; None where a text is another.

    Args:
        texts: (N,).

    Returns:
        (N,) int64.

    Example:
        >>> default_numbers(["LABEL_1", "LABEL_10"]).tolist(), default_numbers(["LABEL_1", "cat"])
        ([1, 10], None)
    """
    names, inverse = np.unique(np.asarray(texts, dtype=str), return_inverse=True)
    found = [_DEFAULT_NAME.fullmatch(name) for name in names.tolist()]
    numbers = [int(match[1]) for match in found if match]
    return np.array(numbers, dtype=np.int64)[inverse] if numbers and len(numbers) == len(names) else None


def numbers_written(texts: NDArray[Any]) -> NDArray[Any] | None:
    """The numbers of classes that are called by them or by default names; None where a text is another.

    Args:
        texts: (N,) or (N, …), of any kind.

    Returns:
        Of its shape, int64 or float64.

    Example:
        >>> numbers_written(np.array(["1", " 0"])).tolist(), numbers_written(np.array(["LABEL_2"])).tolist()
        ([1.0, 0.0], [2])
    """
    if texts.dtype.kind not in "OU" or not texts.size:
        return None
    if texts.dtype.kind == "O" and not all(isinstance(text, str) for text in texts.flat):
        return None
    try:
        return texts.astype(str).astype(np.float64)
    except ValueError:
        numbers = default_numbers(texts.ravel())
        return None if numbers is None else numbers.reshape(texts.shape)
