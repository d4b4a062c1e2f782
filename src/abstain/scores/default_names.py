"""The names that transformers gives to classes of which it has none: `LABEL_0`, `LABEL_1` and so on."""

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
