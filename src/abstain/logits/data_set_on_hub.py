"""A data set on the Hub, or one file of it: had as a file or an object of this machine, or in one sentence why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from abstain._checks import ArgumentError, InputError, first_line
from abstain.logits.folders import pick_split
from abstain.logits.names import listed

FORM = "user/name, or hf://datasets/user/name@revision/file"
"""How a data set on the Hub, or a file of it, is named."""
_ADDRESS = re.compile(r"hf://datasets/(?P<name>[^/@]+/[^/@]+)(@(?P<revision>[^/]+))?(/(?P<file>.+))?")
_NAME = re.compile(r"[\w-][\w.-]*/[\w.-]+")
_NO_NETWORK = ("ConnectError", "ProxyError", "OfflineModeIsEnabled", "ConnectionError")
"""Classes of errors of the client that waiting does not mend, by name: they are httpx's or httpx2's, as it has it."""


@dataclass(frozen=True)
class OnHub:
    """What a name on the Hub names.

    Attributes:
        name: as it is given.
        repository: `user/name`.
        file: the path in it; None of all of it.
        revision: a branch, a tag or a commit; None is the newest.
        config_name: of a data set with several configurations, the one that is meant.
    """

    name: str
    repository: str
    file: str | None
    revision: str | None
    config_name: str | None = None


def on_hub(name: str, revision: str | None, config_name: str | None = None) -> OnHub | None:
    """What a name on the Hub names; None of a text that is no such name.

    Raises:
        InputError: the name has a revision, and another one is given; or it is of something else on the Hub, or of one
            file, and a configuration is given.
    """
    address = _ADDRESS.fullmatch(name)
    if address is None:
        if name.startswith("hf://"):
            raise ArgumentError(f"{name!r} names no data set on the Hub: write {FORM}")
        return OnHub(name, name, None, revision, config_name) if _NAME.fullmatch(name) else None
    own = address["revision"]
    if own and revision is not None and revision != own:
        raise ArgumentError(f'{name!r} names the revision {own!r}, but revision="{revision}" is given: give one')
    if address["file"] and config_name is not None:
        raise ArgumentError(f"{name!r} is one file, but a configuration is named: leave out config_name")
    return OnHub(name, address["name"], address["file"], own or revision, config_name)


def download(wanted: OnHub) -> Path:
    """The file of this machine that the one on the Hub is, or was when there was a network.

    Raises:
        InputError: there is no such data set, revision or file, or no network.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    assert wanted.file is not None
    unreachable = _why_unreachable(wanted)

    get = partial(hf_hub_download, wanted.repository, wanted.file, repo_type="dataset", revision=wanted.revision)
    try:
        return Path(_had(wanted, partial(get, local_files_only=unreachable is not None)))
    except LocalEntryNotFoundError as error:
        raise _not_reached(wanted, unreachable or "there is no network, or a slow one") from error
    except EntryNotFoundError as error:
        at = f" at the revision {wanted.revision!r}" if wanted.revision else ""
        files = _had(wanted, partial(_files, wanted))
        there = listed(get_close_matches(wanted.file, files) or files)
        raise ArgumentError(
            f"the data set {wanted.repository!r} on the Hub has no file {wanted.file!r}{at}, but {there}: give one"
        ) from error


def load(wanted: OnHub, split: str | None) -> Any:
    """The rows of one split, a `datasets.Dataset`.

    Raises:
        InputError: there is no such data set, revision, configuration or split, several and none named, or no network.
    """
    from datasets import load_dataset

    unreachable = _why_unreachable(wanted)
    if unreachable is not None and not _is_perhaps_kept(wanted):
        raise _not_reached(wanted, unreachable)
    if unreachable is not None and wanted.revision is not None:  # the newest that is kept would be read
        raise ArgumentError(
            f"the revision {wanted.revision!r} of {wanted.repository!r} cannot be told from others that are kept here "
            f"without the Hub, which is not reached ({unreachable}): try again with a network"
        )

    def loaded(part: str | None) -> Any:
        where: dict[str, Any] = {"name": wanted.config_name, "revision": wanted.revision, "split": part}
        return _had(wanted, lambda: load_dataset(wanted.repository, **where))

    if split is not None and not re.fullmatch(r"[\w.-]+", split):
        return loaded(split)  # some of the rows, as test[:100] are
    splits = loaded(None)
    return splits[pick_split(splits, split, f"the data set {wanted.name!r}")]


def _why_unreachable(wanted: OnHub) -> str | None:
    """Asked once, since the client asks for half a minute; None if the Hub answers, or is only slow to.

    Raises:
        InputError: it answers that there is no such revision.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.constants import HF_HUB_ETAG_TIMEOUT
    from huggingface_hub.errors import RevisionNotFoundError

    try:
        HfApi().dataset_info(wanted.repository, revision=wanted.revision, timeout=HF_HUB_ETAG_TIMEOUT)
    except RevisionNotFoundError as error:
        raise ArgumentError(
            f"the data set {wanted.repository!r} on the Hub has no revision {wanted.revision!r}: give one of its "
            "branches, tags or commits"
        ) from error
    except Exception as error:  # what else is wrong, whoever reads will see
        if type(error).__name__ in _NO_NETWORK:
            return "HF_HUB_OFFLINE is set" if type(error).__name__ == "OfflineModeIsEnabled" else "there is no network"
    return None


def _had(wanted: OnHub, get: Callable[[], Any]) -> Any:
    """What `get` gives, unless the Hub does not have it."""
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    try:
        return get()
    except (InputError, MemoryError, EntryNotFoundError):
        raise
    except Exception as error:  # no such data set, a script, a gate: each its own class
        several = re.search(r"(?:available configs|not found\. Available): \[(.*?)\]", str(error))
        if several:
            named = "none" if wanted.config_name is None else repr(wanted.config_name)
            raise ArgumentError(
                f"{wanted.name!r} has the configurations {several[1]}, but {named} is named: give one as config_name"
            ) from error
        if type(error).__name__ in _NO_NETWORK or "LocalEntryNotFoundError" in str(error):  # as datasets writes it
            raise _not_reached(wanted, "there is no network, or a slow one") from error
        why = "it does not exist there, or not for you" if isinstance(error, RepositoryNotFoundError) else None
        raise _not_had(wanted, why or first_line(error)) from error


def _not_had(wanted: OnHub, why: str) -> InputError:
    return ArgumentError(
        f"{wanted.name!r} is neither a file or folder here nor to be had from the Hub ({why}): give a path that "
        "exists, or the name of a data set that is open to you"
    )


def _not_reached(wanted: OnHub, why: str) -> InputError:
    return ArgumentError(
        f"{wanted.name!r} is neither a file or folder here nor to be had from the Hub, which is not reached ({why}): "
        "give a path that exists, or try again with a network"
    )


def _is_perhaps_kept(wanted: OnHub) -> bool:
    """Whether a data set of the same owner was read before, and is kept in its cache."""
    from datasets.config import HF_DATASETS_CACHE

    return any(Path(HF_DATASETS_CACHE).expanduser().glob(f"{wanted.repository.partition('/')[0]}___*"))


def _files(wanted: OnHub) -> list[str]:
    from huggingface_hub import HfApi

    return sorted(HfApi().list_repo_files(wanted.repository, repo_type="dataset", revision=wanted.revision))
