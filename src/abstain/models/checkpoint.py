"""The files of a checkpoint: of a folder, or of a name on the Hub; none of them runs code when it is read."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

from abstain._checks import ArgumentError, InputError, first_line
from abstain._files import as_path, is_missing_file

WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
"""Weights, configurations, and what tokenizers are made of."""
PICKLED_WEIGHTS = (".bin", ".ckpt", ".h5", ".msgpack", ".pkl", ".pt", ".pth")
"""How weights are called that are not read: most are pickles."""
MOST_BYTES = {".json": 2**28, ".txt": 2**28, ".jinja": 2**24, ".model": 2**28}
"""Larger files than these are no configuration and no vocabulary."""
ADAPTER = "adapter_config.json"
HTTPError: type[Exception] = next(kind for kind in HfHubHTTPError.__mro__ if kind.__name__ == "HTTPError")
"""What the client of the Hub raises without a network: of httpx, or of httpx2, by its version."""
NOT_TO_BE_HAD = (HTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError)


def checkpoint_folder(name_or_path: str | Path, *, revision: str | None = None) -> Path:
    """The folder that holds a checkpoint: itself, or what is downloaded of a repository into the Hub's cache.

    Only files at the top of a repository are downloaded that a model is made of: safetensors, JSON and vocabularies.

    Args:
        name_or_path: a folder, or a name on the Hub.
        revision: a branch, a tag or a commit on the Hub.

    Raises:
        ArgumentError: there is no such folder or repository, a file of this name, or a revision of a folder.
        InputError: its weights are pickles alone, or those of an adapter; or a file cannot be what it is called.
    """
    folder = as_path(name_or_path, "the model")
    if folder.is_dir():
        if revision is not None:
            raise ArgumentError(f"a revision is given, but {str(name_or_path)!r} is a folder: leave it out")
        names = [path.name for path in folder.iterdir()]
    elif folder.is_file():
        raise ArgumentError(f"{str(name_or_path)!r} is a file, but a model is a folder: give the one that holds it")
    elif is_missing_file(folder):
        raise ArgumentError(
            f"there is no file {str(name_or_path)!r}, and a model is a folder: give one that exists, or "
            "a name on the Hub"
        )
    else:
        folder, names = _downloaded(str(name_or_path), revision)
    if ADAPTER in names and "config.json" not in names:
        raise InputError(
            f"{str(name_or_path)!r} holds an adapter alone, and not the model that it belongs to: save the whole, "
            "model.merge_and_unload() of peft"
        )
    _check_weights(str(name_or_path), names)
    _check_files(folder)
    return folder


def _downloaded(name: str, revision: str | None) -> tuple[Path, list[str]]:
    """Where the files of a repository are on this machine, and the names of all that it has at its top."""
    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=[*WANTED], ignore_patterns=["*/*"]))
        names = [path.name for path in folder.iterdir()]
        if not any(path.endswith(".safetensors") for path in names):
            names = [path for path in HfApi().list_repo_files(name, revision=revision) if "/" not in path]
    except NOT_TO_BE_HAD as error:
        of = f" at the revision {revision!r}" if revision else ""
        raise ArgumentError(
            f"{name!r}{of} is neither a folder here nor to be had from the Hub ({first_line(error)}): give a folder "
            "that exists, or the name of a model and a network"
        ) from error
    return folder, names


def _check_weights(name: str, names: list[str]) -> None:
    if any(path.endswith(".safetensors") for path in names):
        return
    pickled = sorted(path for path in names if path.endswith(PICKLED_WEIGHTS))
    if pickled:
        raise InputError(
            f"{name!r} has its weights in {', '.join(pickled)}, which could run code when it is read: save them as "
            "safetensors"
        )
    raise InputError(f"{name!r} has no weights: it needs a file model.safetensors")


def _check_files(folder: Path) -> None:
    """Sizes before anything is read, and that the parts of the weights lie in the folder itself."""
    for path in folder.iterdir():
        most = MOST_BYTES.get(path.suffix)
        if most and path.is_file() and path.stat().st_size > most:
            raise InputError(
                f"{str(path)!r} has {path.stat().st_size:,} bytes, but at most {most:,} are read: look at it"
            )
    for index in folder.glob("*.safetensors.index.json"):
        for part in _parts(index):
            if PurePosixPath(part).name != part or not part.endswith(".safetensors"):
                raise InputError(f"{str(index)!r} names a part {part!r}, but it must be a safetensors file beside it")


def _parts(index: Path) -> set[str]:
    try:
        return set(map(str, json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{str(index)!r} is no index of weights ({first_line(error)}): save the model anew") from error
