"""Named data sets, the Hub's, and local folders of Parquet, CSV or images, as one `datasets.DatasetDict`."""

from __future__ import annotations

import re
from pathlib import Path

from datasets import Dataset, DatasetDict, load_dataset
from datasets.exceptions import DatasetGenerationError

from abstain._checks import ArgumentError, InputError, check_fraction, first_line
from abstain._files import check_folder, ending_of, is_missing_file, whole_file
from abstain.data.digits import load_digits_dataset

EMBEDDED = {
    f"{'noisy_' if noisy else ''}digits{'_rows' if rows else ''}": {"noisy": noisy, "rows": rows}
    for rows in (False, True)
    for noisy in (False, True)
}
"""Data sets that come with scikit-learn, as `load_digits_dataset` makes them."""


def load_data(name: str) -> DatasetDict:
    """Read a data set with all its splits.

    Args:
        name: `digits` or `noisy_digits` (embedded, need no network: see `load_digits_dataset`; with `_rows` behind it a
            table), a local folder (of Parquet or CSV files, or of images in one folder a class), or the name of a data
            set on the Hub.

    Raises:
        InputError: the folder does not exist, is a file or holds no data set, or the name is that of a file which is
            not there, or not to be had from the Hub.
    """
    if name in EMBEDDED:
        return load_digits_dataset(**EMBEDDED[name])
    path = Path(name).expanduser()
    if path.is_file():
        raise ArgumentError(
            f"the data set {name!r} is a file, but must be a folder with one file a split: give a folder that holds it "
            f"as {'test' + ending_of(path)!r}, say"
        )
    if is_missing_file(path):
        raise ArgumentError(
            f"there is no file {name!r}, and a data set must be a folder with one file a split: give a folder that "
            f"holds {'test' + ending_of(path)!r}, say"
        )
    if name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name:
        check_folder(name, "the data folder")
    try:
        return load_dataset(str(path) if path.is_dir() else name)
    except (OSError, ValueError, DatasetGenerationError) as error:  # not found, no network, not a data set
        reason = first_line(error)
        empty = re.fullmatch('Instruction "(.*)" corresponds to no data!', reason)
        if empty:
            raise InputError(f"the split {empty[1]!r} is empty, but at least one sample is needed") from error
        place = "in this folder" if path.is_dir() else "on the Hub"
        raise InputError(
            f"the data set {name!r} could not be read {place} ({reason}): "
            "give `digits` or `noisy_digits`, a folder of Parquet or CSV files or of images, or a Hub name and a "
            "network"
        ) from error


def with_validation(
    data: DatasetDict, *, size: int, seed: int, test_split: str = "test", from_test: bool = False
) -> DatasetDict:
    """Splits `train`, `validation` and `test`, with `size` seeded random samples of train held out for validation.

    Args:
        data: a data set with a `train` split and the one called `test_split`.
        size: samples to hold out; 0 takes the data set's own `validation` split.
        seed: of the choice; the same seed holds out the same samples, whatever the model.
        test_split: the split to report; `validation` for data sets whose test labels are secret.
        from_test: hold them out of the split to report instead, which keeps the rest.

    Raises:
        InputError: a split that is needed is missing or empty, or smaller than `size`.
    """
    own = not size and not from_test
    for name in ("train", test_split, *(["validation"] if own else [])):
        pick_split(data, name)
    if own:
        return DatasetDict(train=data["train"], validation=data["validation"], test=data[test_split])
    source = test_split if from_test else "train"
    if not 0 < size < len(data[source]):
        most = len(data[source]) - 1
        raise ArgumentError(f"validation_size is {size}, but must be from 1 to {most} ({source} must keep some)")
    if from_test:
        held = data[test_split].train_test_split(train_size=size, seed=seed)
        return DatasetDict(train=data["train"], validation=held["train"], test=held["test"])
    held = data["train"].train_test_split(test_size=size, seed=seed)
    return DatasetDict(train=held["train"], validation=held["test"], test=data[test_split])


def pick_split(data: DatasetDict, name: str) -> Dataset:
    """The split called `name`.

    Raises:
        InputError: there is none, or it is empty.
    """
    if name not in data:
        raise ArgumentError(f"there is no split {name!r}: this data set has {', '.join(data)}")
    if len(data[name]) == 0:
        raise InputError(f"the split {name!r} is empty, but at least one sample is needed")
    return data[name]


def write_split(dataset: Dataset, folder: str | Path, name: str) -> Path:
    """Write `folder/name.parquet`, which `load_data` reads as the split `name`.

    Raises:
        InputError: there is such a file already, or it cannot be written; no half of one is left.
    """
    path = Path(folder).expanduser() / f"{name}.parquet"
    if path.exists():
        raise ArgumentError(f"{str(path)!r} exists already: give another folder")
    with whole_file(path) as partial:
        dataset.to_parquet(str(partial))
    return path


def with_test(data: DatasetDict, *, fraction: float, seed: int) -> DatasetDict:
    """A seeded random fraction of `train` held out as `test`, for data sets that come in one piece.

    Args:
        data: a data set with a `train` split and no `test` split.
        fraction: of `train`, in (0, 1); 0 takes the data as they are.
        seed: of the choice; the same seed holds out the same samples, whatever the model.

    Raises:
        InputError: a fraction outside [0, 1), no or a too small split `train`, or a split `test` that is there already.
    """
    if not check_fraction("test_fraction", fraction, open_above=True):
        return data
    if "test" in data or "train" not in data:
        raise ArgumentError(
            f"test_fraction divides the split `train`, but this data set has {', '.join(data)}: leave it out"
        )
    size = round(fraction * len(data["train"]))
    if not 0 < size < len(data["train"]):
        raise ArgumentError(
            f"test_fraction takes {size} of the {len(data['train'])} samples, but train and test need some"
        )
    held = data["train"].train_test_split(test_size=size, seed=seed)
    return DatasetDict({**data, **held})


def limit_samples(data: DatasetDict, most: int | None, *, seed: int) -> DatasetDict:
    """At most so many samples of each split, chosen at random, for a quick try; None takes all."""
    if most is None:
        return data
    return DatasetDict(
        {name: split.shuffle(seed=seed).select(range(min(len(split), most))) for name, split in data.items()}
    )
