"""The data set of logits on the Hub: one repository for all checkpoints, a configuration for each, with its splits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

from abstain._checks import InputError
from abstain.hub.facts import logits_splits
from abstain.inference.loading import LOGITS
from abstain.logits.dataset import read_logits

CARD = """\
# Logits

What classifiers say of validation and test data: one configuration a checkpoint, whose name is that of the model's
repository. Each row is one sample: its `logits`, its `label`, and of pixels in `sample` the image that it is of. They
are there to measure how well a model knows when to abstain, and to choose thresholds, without the model:

```python
import abstain
from datasets import load_dataset

predictions = abstain.read_predictions(load_dataset("{name}", "{config}", split="{split}"))
print(abstain.evaluate_logits(predictions.values, predictions.labels).to_markdown())
```
"""


def logits_dataset(folder: Path, class_names: Sequence[str]) -> DatasetDict | None:
    """The logits beside a model as a data set with a column of classes; None where there are none.

    Args:
        folder: of the model.
        class_names: in the order of the classes.

    Raises:
        InputError: a split cannot be read, or has a label that is no class.
    """
    splits = logits_splits(folder)
    return DatasetDict({name: _split(folder, name, class_names) for name in splits}) if splits else None


def files_of(data: DatasetDict, config: str) -> Iterator[tuple[str, int, int]]:
    """(path in the repository, samples, bytes in memory) of each split; one file each until 500 MB."""
    for name, split in data.items():
        yield f"{config}/{name}-*.parquet", len(split), int(split.data.nbytes)


def config_name(model: str) -> str:
    """What the logits of a model are called: the last part of its name, as `datasets` allows it."""
    return re.sub(r"[^\w.-]", "_", model.rpartition("/")[2])


def _split(folder: Path, name: str, class_names: Sequence[str]) -> Dataset:
    logits, labels = read_logits(folder / LOGITS, name)
    if labels.max() >= len(class_names):
        raise InputError(
            f"the split {name!r} has the label {labels.max()}, but the model has {len(class_names)} classes: write the "
            "logits anew"
        )
    features = {"logits": List(Value("float32"), length=logits.shape[1]), "label": ClassLabel(names=list(class_names))}
    columns = {"logits": logits, "label": labels}
    files = [folder / LOGITS / f"{name}.parquet"]
    if not files[0].is_file():
        files = sorted((folder / LOGITS / name).glob("part-*.parquet"))
    if all("sample" in pq.read_schema(file).names for file in files):
        features["sample"] = Value("int64")
        columns["sample"] = np.concatenate([pq.read_table(file, columns=["sample"])["sample"] for file in files])
    return Dataset.from_dict(columns, features=Features(features))
