"""Values that are no array of numbers, no number and no fraction, and a table of calls that take them."""

import math
import random
import warnings

import numpy as np
import pandas as pd
import torch

CONFIDENCE, ERROR = [3.0, 2.0, 1.0, 0.0], [0, 0, 1, 1]
LOGITS, LABELS = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20) % 4
Z, Y = torch.tensor(LOGITS), torch.tensor(LABELS)


class Broken:
    """Fails where NumPy asks for its numbers."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no numbers")


def quiet(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


NOT_NUMBERS = {
    "text": ("abc", "one-dimensional"),
    "texts": (["a", "b", "c", "d"], "must hold real numbers"),
    "numbers as text": (["1", "2", "3", "4"], "must hold real numbers"),
    "None": (None, "of type NoneType cannot be read"),
    "one number": (3.0, "one-dimensional"),
    "a table": ([[1, 2], [3, 4]], "shape (2, 2)"),
    "a frame": (pd.DataFrame({"a": CONFIDENCE}), "shape (4, 1)"),
    "lists of unequal lengths": ([[1], [2, 3], 4, 5], "unequal lengths"),
    "complex numbers": ([1j, 2, 3, 4], "holds complex128"),
    "an empty cell": ([None, 1, 2, 3], "holds object"),
    "a mixture": (np.array([1, "a", 2, 3], dtype=object), "holds object"),
    "integers beyond float64": ([10**400, 1, 2, 3], "holds object"),
    "dates": (np.array(["2020-01-01"] * 4, dtype="M8[D]"), "holds datetime64"),
    "records": (np.zeros(4, dtype=[("a", float)]), "must hold real numbers"),
    "a dictionary": ({"a": 1}, "of type dict cannot be read"),
    "a set": ({1, 2, 3, 4}, "of type set cannot be read"),
    "a generator": ((x for x in CONFIDENCE), "of type generator cannot be read"),
    "a function": (len, "cannot be read"),
    "an object that fails": (Broken(), "of type Broken cannot be read (no numbers)"),
    "masked values": (np.ma.masked_array(CONFIDENCE, [0, 0, 1, 0]), "1 masked"),
    "a meta tensor": (torch.empty(4, device="meta"), "as a meta tensor cannot be read"),
    "a sparse tensor": (torch.tensor([3.0, 2.0, 1.0, 0.0]).to_sparse(), "call to_dense() first"),
    "a float8 tensor": (torch.tensor(CONFIDENCE).to(torch.float8_e4m3fn), "call float() first"),
    "a quantised tensor": (
        quiet(lambda: torch.quantize_per_tensor(torch.tensor(CONFIDENCE), 0.1, 0, torch.qint8)),
        "call dequantize() first",
    ),
    "a nested tensor": (quiet(lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])), "pad it"),
    "too few": ([1, 0], "must be equal"),
    "none at all": ([], "samples"),
    "missing values": (pd.Series([1, None, 0, 1], dtype="Float64"), "NaN"),
}
"""What is no array of four numbers -> (it, what is said)."""

NO_NUMBER = {
    "text": "0.05",
    "bytes": b"1",
    "None": None,
    "True": True,
    "NumPy's True": np.True_,
    "complex": 1j,
    "a list": [0.1],
    "an array": np.array([0.1]),
    "a dictionary": {},
    "a masked value": np.ma.masked,
    "too long an integer": 10**400,
    "a meta tensor": torch.tensor(0.5, device="meta"),
}

NO_FRACTION = {**NO_NUMBER, "NaN": math.nan, "negative": -0.1, "above 1": 1.5, "infinite": math.inf}

CASES = []
"""(name, what is called, a piece of the sentence)"""


def case(name, call, said):
    CASES.append((name, call, said))


def over(name, values, call, said):
    for kind, value in values.items():
        case(f"{name}: {kind}", lambda value=value: call(value), said)


def flipped(content, *, times, seed=0):
    """Copies of a file, each with one bit turned over."""
    chance = random.Random(seed)
    for _ in range(times):
        copy, place = bytearray(content), chance.randrange(len(content))
        copy[place] ^= 1 << chance.randrange(8)
        yield bytes(copy)
