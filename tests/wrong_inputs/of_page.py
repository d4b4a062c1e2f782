"""Wrong uploads to the page: the files, by name and content, and a pattern of the sentence."""

import io

import numpy as np

from wrong_inputs.of_commands import SOURCES
from wrong_inputs.of_files import FILES, LABEL, LOGITS


def array(values):
    sink = io.BytesIO()
    np.save(sink, np.asarray(values))
    return sink.getvalue()


def archive(**values):
    sink = io.BytesIO()
    np.savez_compressed(sink, **values)
    return sink.getvalue()


LOGITS_FILE, LABELS_FILE = array(LOGITS), array(LABEL)
GOOD = SOURCES["good.csv"]
UPLOADS = {
    "nothing": ({}, "there is no test file: choose one, then measure it"),
    "two tables": ({"a.csv": GOOD, "b.csv": GOOD}, "but must be one"),
    "a table and an array": ({"a.csv": GOOD, "b.npy": LABELS_FILE}, "but must be one"),
    "logits without labels": ({"a.npy": LOGITS_FILE}, "or two .npy files at once"),
    "three arrays": ({"a.npy": LOGITS_FILE, "b.npy": LABELS_FILE, "c.npy": LABELS_FILE}, "or two .npy files at once"),
    "two logits": ({"a.npy": LOGITS_FILE, "b.npy": LOGITS_FILE}, "label"),
    "two labels": ({"a.npy": LABELS_FILE, "b.npy": LABELS_FILE}, "."),
    "too few labels": ({"a.npy": LOGITS_FILE, "b.npy": array(LABEL[:5])}, "have shape"),
    "a damaged array": ({"a.npy": LOGITS_FILE[:60], "b.npy": LABELS_FILE}, "cannot be read|label"),
    "one sample": ({"a.csv": GOOD.splitlines()[0] + b"\n" + GOOD.splitlines()[1]}, "there is 1 sample"),
    "a picture": ({"a.png": b"\x89PNG"}, "unknown kind of file"),
    "a notebook": ({"a.ipynb": b"{}"}, "unknown kind of file"),
    "a checkpoint": ({"model.pt": b"PK"}, "a pickle can run code"),
    "labels that are a class only here": ({"a.csv": GOOD.replace(b"\n2,", b"\n9,")}, "a label is 9"),
    "one column in [0, 1]": ({"a.csv": SOURCES["column.csv"]}, "one column within"),
    "a bomb": (
        {"a.npz": archive(logits=np.zeros((1000, 140_000)), label=np.zeros(1000, int))},
        "MB unpacked, but at most",
    ),
}
"""What is uploaded -> (name -> content, what is said)."""
for case, name, content, said in FILES[::9]:
    UPLOADS[case] = ({name: content}, said.replace("ignore_index=", "ignore.index."))
