"""Which files of a folder hold a split: one file, its shards, or a folder of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from abstain._checks import ArgumentError, InputError, nearest

_SHARD = re.compile(r"(?P<split>.*?)-?(?P<index>\d+)-of-(?P<count>\d+)(-[0-9a-f]+)?")
_SAMPLE_LOG = re.compile(r"samples_(?P<task>.+)_\d{4}-\d\d-\d\dT[\d.\-]+")
_PART = re.compile(r"(part[-.]?)?\d+([-.].*)?")


def pick_split(splits: Mapping[str, object], split: str | None, title: str) -> str:
    """The name of the split that is meant; without one the only one there is.

    Raises:
        InputError: there are several and none is named, or there is none of that name.
    """
    if split is None:
        if len(splits) > 1:
            raise InputError(f"{title} holds the splits {', '.join(sorted(splits))}: name one with split=")
        return next(iter(splits))
    if split not in splits:
        raise ArgumentError(f"{title} has no split {split!r}: {nearest(split, splits)}")
    return split


def files_of(folder: Path, split: str | None, kinds: Iterable[str]) -> list[Path]:
    """The files of one split of a folder, in the order of their rows.

    `test.parquet`, `test-00000-of-00002.parquet`, `data/test-…`, `test/part-00000-of-00002.parquet` and
    `test/0000.parquet` are files of the split `test`; a log `samples_<task>_<date>.jsonl` is one of its task.

    Args:
        folder: that holds them, or whose folders do.
        split: its name; None where there is only one.
        kinds: endings of files of predictions, with the dot.

    Raises:
        InputError: there is no such file, several splits and none named, or some shards are missing.
    """
    title, splits = repr(str(folder)), splits_in(folder, kinds)
    if not splits:
        raise InputError(f"the folder {title} holds no file of predictions: they end in {', '.join(sorted(kinds))}")
    chosen = splits[pick_split(splits, split, f"the folder {title}")]
    _check_one_set(chosen, folder, kinds)
    return chosen


def splits_in(folder: Path, kinds: Iterable[str]) -> dict[str, list[Path]]:
    """Name of each split of a folder -> its files, as `files_of` tells them apart; none of what is no folder."""
    splits: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if _ending(path, kinds) and path.is_file():
            splits.setdefault(_split_of(path, folder, kinds), []).append(path)
    return splits


def _ending(path: Path, kinds: Iterable[str]) -> str:
    name = path.name.lower()
    hidden = path.name.startswith((".", "_"))
    return "" if hidden else max((kind for kind in kinds if name.endswith(kind)), key=len, default="")


def _split_of(path: Path, folder: Path, kinds: Iterable[str]) -> str:
    stem = path.name[: -len(_ending(path, kinds))]
    if log := _SAMPLE_LOG.fullmatch(stem):
        return log["task"]
    shard = _SHARD.fullmatch(stem)
    split = shard["split"] if shard else stem
    if split == "part" or not split or (not shard and _PART.fullmatch(stem)):
        return path.parent.name if path.parent != folder else folder.name
    return split


def _check_one_set(files: list[Path], folder: Path, kinds: Iterable[str]) -> None:
    """Refuse shards of several sets, several files that are no shards, and sets with a gap."""
    title = repr(str(folder))
    shards = [_SHARD.fullmatch(path.name[: -len(_ending(path, kinds))]) for path in files]
    counts = {int(shard["count"]) for shard in shards if shard}
    places = {path.parent for path in files}
    parts = all(_PART.fullmatch(path.name) for path in files)
    if len(places) > 1 or len(counts) > 1 or (len(files) > 1 and not all(shards) and not parts):
        one, other = (files[place].relative_to(folder) for place in (0, -1))
        raise InputError(f"{title} holds both {one} and {other} for one split: give the one that is meant")
    if counts:
        found = [int(shard["index"]) for shard in shards if shard]
        count = counts.pop()
        missing = sorted(set(range(count)) - set(found))
        if missing or len(found) != count:
            lack = f"lacks shard {missing[0]}" if missing else "holds one shard twice"
            raise InputError(f"{title} holds {len(files)} of {count} shards and {lack}: complete the set")
