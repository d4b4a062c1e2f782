"""Wrong files of predictions: good ones of every kind, changed in one way each, and damaged."""

import gzip
import io
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save

N = 12
LABEL = [0, 1, 2] * 4
LOGITS = (np.random.default_rng(0).normal(size=(N, 3)) * 3).round(3).tolist()


def wide():
    """The columns of a good file."""
    return {"label": [*LABEL]} | {f"logit_{k}": [row[k] for row in LOGITS] for k in range(3)}


def text(columns, separator):
    shown = [["" if cell is None else str(cell) for cell in row] for row in zip(*columns.values(), strict=True)]
    return "\n".join(separator.join(row) for row in [list(columns), *shown]).encode() + b"\n"


def lines(columns):
    rows = zip(*columns.values(), strict=True)
    return "\n".join(json.dumps(dict(zip(columns, row, strict=True))) for row in rows).encode()


def parquet(columns):
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def in_lists(columns):
    """The same with one column of lists."""
    values = [columns[name] for name in columns if name.startswith("logit_")]
    lists = {"logits": [list(row) for row in zip(*values, strict=True)]} if values else {}
    return {**lists, **{name: column for name, column in columns.items() if not name.startswith("logit_")}}


TEXTS = {
    "table.csv": lambda columns: text(columns, ","),
    "semicolon.csv": lambda columns: text(columns, ";"),
    "table.tsv": lambda columns: text(columns, "\t"),
    "table.csv.gz": lambda columns: gzip.compress(text(columns, ","), mtime=0),
    "lines.jsonl": lines,
    "lists.jsonl": lambda columns: lines(in_lists(columns)),
    "wide.parquet": parquet,
    "lists.parquet": lambda columns: parquet(in_lists(columns)),
}
"""Name of a file -> what writes it; all can have an empty cell."""


def arrays(columns):
    columns = in_lists(columns)
    return {name: np.array(column) for name, column in columns.items()}


def npz(columns):
    sink = io.BytesIO()
    np.savez(sink, **arrays(columns))
    return sink.getvalue()


ARRAYS = {"arrays.npz": npz, "tensors.safetensors": lambda columns: save(arrays(columns))}


def cell(name, value, row=3):
    def change(columns):
        columns[name][row] = value
        return columns

    return change


def column(name, values):
    return lambda columns: {**columns, name: values}


def without(*names):
    return lambda columns: {name: held for name, held in columns.items() if name not in names}


PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)


def probabilities(scale=1.0, odd=None):
    def change(columns):
        rows = PROBABILITIES * scale
        if odd is not None:
            rows[3, 0] = odd
        return columns | {f"logit_{k}": rows[:, k].tolist() for k in range(3)}

    return change


VALUES = {
    "a NaN": (cell("logit_1", math.nan), "NaN or infinite|empty cell|cannot be read"),
    "an infinity": (cell("logit_1", math.inf), "NaN or infinite"),
    "a negative label": (cell("label", -1), "a label is -1"),
    "the usual ignored label": (cell("label", -100), "a label is -100.*ignore_index=-100"),
    "a label that is too large": (cell("label", 3), "a label is 3, but must be from 0 to 2"),
    "an enormous label": (cell("label", 2**62), "a label is 4611686018427387904"),
    "a class only here": (cell("label", 255), "ignore_index=255"),
    "labels of 1e25": (column("label", [1e25] * N), "a label is 1e.25"),
    "labels between classes": (column("label", [0.5] * N), "a label is 0.5, but must be a whole number"),
    "no labels": (without("label"), "no labels by their name"),
    "no values": (without("logit_0", "logit_1", "logit_2"), "none that holds logits|has the columns label"),
    "percent": (probabilities(100.0), "sum to 100, as percent do"),
    "a row that sums to more": (probabilities(odd=1.0), "names say|most rows look like probabilities"),
    "a probability below 0": (probabilities(odd=-0.25), "most rows look like probabilities"),
    "labels of two names": (lambda c: {**c, "target": c["label"][::-1]}, "can both be the labels"),
    "two sets of values": (
        lambda c: {**c, "score_0": [0.5] * N, "score_1": [0.25] * N},
        "can all be the values|can both be the",
    ),
}
"""What can be wrong in a file of any kind -> (how, what is said)."""

CELLS = {
    "an empty value": (cell("logit_1", None), "empty cell|missing|holds"),
    "an empty label": (cell("label", None), "empty cell|missing|a label"),
    "a label that is text": (column("label", ["cat", "1", *["cat"] * 10]), "hold the number 1 and the text 'cat'"),
    "two names for three classes": (column("label", ["cat", "dog"] * 6), "names"),
    "labels that are lists": (column("label", [[0, 1]] * N), "labels|cannot be read"),
}
"""The same of files with cells."""

WIDE = {
    "a text among the values": (
        lambda c: {**c, "logit_1": ["none", *map(str, c["logit_1"][1:])]},
        "must hold numbers|none that holds|from 0 to|cannot be read|gap",
    ),
    "a column that is missing": (without("logit_1"), "from 0 to 1, but 1 is not there"),
    "a column too many": (column("logit_7", [0.0] * N), "from 0 to 3, but 3 is not there"),
    "classes numbered from 1": (
        lambda c: {"label": c["label"]} | {f"logit_{k + 1}": c[f"logit_{k}"] for k in range(3)},
        "whose numbers should be those of the classes",
    ),
    "one probability alone": (lambda c: {"label": [0, 1] * 6, "p": [0.5, 0.75] * 6}, "one column within"),
    "a label alone": (lambda c: {"label": c["label"]}, "has the columns label"),
}
WIDE_FILES = [name for name in TEXTS if "lists" not in name]


def damaged(content):
    """How a file is damaged -> what is left of it."""
    half = len(content) // 2
    return {
        "empty": b"",
        "its first byte": content[:1],
        "its beginning": content[:half],
        "without its last byte": content[:-1],
        "its end": content[half:],
        "zeros": bytes(len(content)),
        "another file": b"\x89PNG\r\n\x1a\n" + content[:40],
        "noise": np.random.default_rng(0).bytes(300),
    }


FILES = []
"""(name of the case, name of the file, its content, a pattern of the sentence)"""

for name, write in {**TEXTS, **ARRAYS}.items():
    kinds = {**VALUES, **(CELLS if name in TEXTS else {}), **(WIDE if name in WIDE_FILES else {})}
    for kind, (change, said) in kinds.items():
        FILES.append((f"{name}: {kind}", name, write(change(wide())), said))
for name in ("wide.parquet", "arrays.npz", "tensors.safetensors", "table.csv.gz"):
    for kind, content in damaged({**TEXTS, **ARRAYS}[name](wide())).items():
        FILES.append((f"{name}: {kind}", name, content, "cannot be read|has no row|has the columns|is empty"))
GOOD_CSV = text(wide(), ",").decode()
for kind, content, said in (
    ("empty", "", "is empty"),
    ("a header alone", GOOD_CSV.splitlines()[0] + "\n", "no row"),
    ("a row too short", GOOD_CSV + "1,2\n", "cannot be read"),
    ("a row too long", GOOD_CSV + "1,2,3,4,5\n", "cannot be read"),
    ("no header", "\n".join(GOOD_CSV.splitlines()[1:]), "has the columns"),
    ("two columns of one name", GOOD_CSV.replace("logit_1", "logit_0", 1), "several columns called 'logit_0'"),
    ("blanks", "\n\n\n", "is empty"),
    ("a web page", "<!doctype html>\n<html><body>404</body></html>\n", "has the columns|cannot be read"),
    ("UTF-16", GOOD_CSV.encode("utf-16"), "is text in UTF-16"),
    ("Latin-1", "label,größe\n1,2\n".encode("latin-1"), "cannot be read|has the columns"),
):
    FILES.append((f"plain.csv: {kind}", "plain.csv", content if isinstance(content, bytes) else content.encode(), said))
for name, content, said in (
    ("array.npy", b"", "is empty"),
    ("model.pt", b"PK", "a pickle can run code"),
    ("notes.txt", b"hello", "unknown kind of file '.txt'"),
    ("noending", b"hello", "unknown kind of file 'noending'"),
    ("lines.jsonl", b"[1, 2]\n", "cannot be read"),
    ("lines.jsonl", b'{"label": 1, "logits": [1,\n', "cannot be read"),
    ("lines.jsonl", b'{"label": 1, "logits": [1, 2]}\n{"label": 1, "logits": [1]}\n', "has rows of 1 and of 2 numbers"),
    ("lines.jsonl", b'{"label": 0, "logits": [1, null]}\n', "empty cell"),
    ("lines.jsonl", b'{"label": 0, "logits": "1 2"}\n', "has the columns|must hold numbers"),
    ("lines.jsonl", b'{"label": {"a": 1}, "logits": [1, 2]}\n', "'label' .* neither numbers nor texts"),
):
    FILES.append((f"{name}: {content[:30]!r}", name, content, said))
