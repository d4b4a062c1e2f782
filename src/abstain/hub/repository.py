"""What of a folder goes into a repository of the Hub, where to, and what does not, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from abstain._checks import ArgumentError, InputError, shown
from abstain._files import RESULTS_FILE, check_folder, check_new_folder, whole_file
from abstain.hub.card_words import WORDS_FILE
from abstain.inference.loading import LOGITS
from abstain.inference.pushable import PICKLES, holds_token, is_pickle
from abstain.models.checkpoint import checkpoint_folder

CARD_FILE = "README.md"
LICENSE_FILE = "LICENSE"
MODEL_FILES = re.compile(
    rf"[^/]+\.safetensors|[^/]+\.json|[^/]+\.(txt|model|jinja)|README\.md|{LICENSE_FILE}|risk_coverage\.png|samples\.parquet"
    rf"|{LOGITS}/[^/]+\.parquet|{LOGITS}/[^/]+/part-[^/]+\.parquet"
)
"""What a repository of a model holds."""
LEFT_OUT = {
    r"checkpoint-[^/]+/.*": "a checkpoint to go on from",
    r"run\.json": f"the settings of a run, which {RESULTS_FILE} repeats",
    r"(trainer_state|all_results|train_results|eval_results)\.json": "the state of a trainer",
    re.escape(WORDS_FILE): "the words of the card",
    r"(.*/)?\.[^/]*(/.*)?": "hidden",
}
"""What stays here though a model could have files of such names, and why."""
PLAIN = re.compile(r"[\w.-]+(/[\w.-]+)*", re.ASCII)
MOST_BYTES = 50 * 10**9
"""Of a file, as the Hub takes it."""


@dataclass(frozen=True)
class SentFile:
    """One file of a repository.

    Attributes:
        path: in the repository.
        source: on this machine, or what it will hold.
    """

    path: str
    source: Path | bytes

    def content(self) -> bytes:
        """What the file holds."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size


@dataclass(frozen=True)
class RepositoryPlan:
    """What will be sent to one repository, in one commit.

    Attributes:
        name: on the Hub, `user/name`.
        kind: `model`, `dataset` or `space`.
        files: in the order of their paths.
        left_out: path of each file that stays here -> why.
    """

    name: str
    kind: str
    files: tuple[SentFile, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(file.size for file in self.files)

    @property
    def holds_wheel(self) -> bool:
        """Whether a package travels in it."""
        return any(file.path.endswith(".whl") for file in self.files)

    def write(self, folder: str | Path) -> Path:
        """Write all files as they would be sent, into a folder that is made for them.

        Raises:
            InputError: the folder exists and is not empty, or cannot be written.
        """
        folder = check_new_folder(folder)
        for file in self.files:
            with whole_file(folder / file.path) as partial:
                partial.write_bytes(file.content())
        return folder

    def lines(self) -> Iterator[str]:
        """What a dry run prints: every file with its size and destination, and what stays here."""
        prefix = "" if self.kind == "model" else f"{self.kind}s/"
        yield f"{prefix}{self.name}: {len(self.files)} files, {self.size:,} bytes"
        for file in self.files:
            made = "  (made now)" if isinstance(file.source, bytes) else ""
            yield f"  {file.size:>13,}  {file.path}{made}"
        for path, reason in self.left_out.items():
            yield f"  {'stays here':>13}  {path}: {reason}"


def check_name(name: str, what: str = "the repository") -> str:
    """`name` if a repository of the Hub can be called so: `user/name`.

    Raises:
        ArgumentError: it cannot.
    """
    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise _no_name(what, name) from error
    if not isinstance(name, str) or name.count("/") != 1:
        raise _no_name(what, name)
    return name


def is_name(name: str) -> bool:
    """Whether a repository of the Hub can be called so: `user/name`."""
    try:
        return bool(check_name(name))
    except ArgumentError:
        return False


def _no_name(what: str, name: str) -> ArgumentError:
    return ArgumentError(
        f"{what} is {shown(name)}, but must be user/name, of letters, digits, -, _ and . alone: give such a name"
    )


def plan_model(
    folder: str | Path, name: str, made: Iterable[SentFile] = (), *, token: str | None = None
) -> RepositoryPlan:
    """What of the folder of a run, or of a released one, goes into the repository of a model.

    Args:
        folder: with a model as safetensors.
        name: of the repository.
        made: files that take the places of those of the folder, or come beside them.
        token: of the Hub, which must not stand in any file.

    Raises:
        InputError: there is no model, or a file is a pickle, holds a token, is a link, too large, or has a name that
            is none everywhere.
    """
    folder = check_folder(folder, "the folder to publish")
    checkpoint_folder(folder)
    sent, left_out = {}, dict(_links_to_folders(folder))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        inside = path.relative_to(folder).as_posix()
        reason = _why_left_out(inside)
        if reason is None:
            sent[inside] = SentFile(inside, path)
        else:
            left_out[inside] = reason
    sent |= {file.path: file for file in made}
    _check_no_pickles(folder, left_out)
    files = tuple(sent[path] for path in sorted(sent))
    check_files(files, token)
    return RepositoryPlan(check_name(name), "model", files, _shortened(left_out))


def check_files(files: Iterable[SentFile], token: str | None = None) -> None:
    """Look at every file before the first is sent.

    Raises:
        InputError: as `plan_model`.
    """
    for file in files:
        shown_as = repr(str(file.source)) if isinstance(file.source, Path) else repr(file.path)
        if not PLAIN.fullmatch(file.path) or ".." in file.path.split("/"):
            raise InputError(f"the path {file.path!r} is not plain: rename it with letters, digits, -, _ and . alone")
        if isinstance(file.source, Path):
            if file.source.is_symlink():
                raise _is_link(shown_as)
            if is_pickle(file.source):
                raise _is_pickle(shown_as)
        if file.size > MOST_BYTES:
            raise InputError(f"{shown_as} has {file.size:,} bytes, but the Hub takes {MOST_BYTES:,}: save it in parts")
        if holds_token(file.source, token):
            raise InputError(f"{shown_as} holds a token of the Hub: remove it there, and revoke it where others saw it")


def _links_to_folders(folder: Path) -> Iterator[tuple[str, str]]:
    """Which are not looked into; logits behind one would go into their data set, and not beside the model."""
    for path in sorted(path for path in folder.rglob("*") if path.is_symlink() and not path.is_file()):
        inside = path.relative_to(folder).as_posix()
        if inside.partition("/")[0] == LOGITS or MODEL_FILES.fullmatch(inside):
            raise _is_link(repr(str(path)))
        yield inside, "a link"


def _why_left_out(path: str) -> str | None:
    for pattern, reason in LEFT_OUT.items():
        if re.fullmatch(pattern, path):
            return reason
    return None if MODEL_FILES.fullmatch(path) else "no part of a model's repository"


def _check_no_pickles(folder: Path, left_out: Mapping[str, str]) -> None:
    """A pickle beside a model is refused, and not just left out: who made it may think that it is of the model."""
    for path, reason in left_out.items():
        if path.endswith(PICKLES) and reason not in (LEFT_OUT[r"checkpoint-[^/]+/.*"], "hidden"):
            raise _is_pickle(repr(str(folder / path)))


def _is_link(path: str) -> InputError:
    return InputError(f"{path} is a link, behind which anything can lie: put there what it leads to")


def _is_pickle(path: str) -> InputError:
    return InputError(f"{path} is a pickle, which could run code when it is read: remove it, or save it as safetensors")


def _shortened(left_out: Mapping[str, str]) -> dict[str, str]:
    """Folders of which everything stays here for one reason, as one line each."""
    found: dict[str, str] = {}
    for path, reason in left_out.items():
        top, slash, _ = path.partition("/")
        found[f"{top}/" if slash else path] = reason
    return found
