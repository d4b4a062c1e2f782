"""The Space of the metric: its folder, with requirements that can be installed though the package is not released."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

from huggingface_hub import constants

from abstain._checks import ArgumentError, InputError
from abstain._files import check_folder
from abstain.hub.repository import RepositoryPlan, SentFile, check_files, check_name

REQUIREMENTS = "requirements.txt"
SPACE_FILE = re.compile(r"[^/]+\.(py|md|txt|png|csv|parquet)")
WHEEL = re.compile(r"abstain-(?P<version>[^-]+)-py3-none-any\.whl")


def plan_space(
    folder: str | Path, name: str, *, wheel: str | Path | None = None, token: str | None = None
) -> RepositoryPlan:
    """What of a Space's folder goes to the Hub.

    The wheel stands in the Space, and its requirements name it by its address there: a Space installs its requirements
    before it has its other files, so that a path would lead nowhere.

    Args:
        folder: with `app.py` and `requirements.txt`, such as `metrics/selective_risk` of a clone.
        name: of the Space, `user/name`.
        wheel: of this package; None where it can be had from a package index.
        token: of the Hub, which must not stand in any file.

    Raises:
        InputError: the folder is none of a Space, the wheel is none of this package, or as `check_files`.
    """
    folder = check_folder(folder, "the folder of the Space")
    for needed in ("app.py", REQUIREMENTS, "README.md"):
        if not (folder / needed).is_file():
            raise ArgumentError(
                f"{str(folder)!r} holds no {needed}: give the folder of a Space, metrics/selective_risk"
            )
    found = [path for path in sorted(folder.iterdir()) if path.is_file()]
    sent = {path.name: SentFile(path.name, path) for path in found if SPACE_FILE.fullmatch(path.name)}
    if wheel is not None:
        built = _check_wheel(Path(wheel).expanduser())
        sent[built.name] = SentFile(built.name, built)
        sent[REQUIREMENTS] = SentFile(REQUIREMENTS, _naming(folder / REQUIREMENTS, name, built.name).encode())
    elif "dev" in version("abstain"):
        raise ArgumentError(
            f"the Space would install abstain, but no package index has the version {version('abstain')}: build it by "
            "pip wheel, of abstain alone, and give the file as wheel"
        )
    files = tuple(sent[path] for path in sorted(sent))
    check_files(files, token)
    left_out = {path.name: "no part of a Space" for path in found if path.name not in sent}
    return RepositoryPlan(check_name(name, "the Space"), "space", files, left_out)


def _check_wheel(path: Path) -> Path:
    if not path.is_file() or not WHEEL.fullmatch(path.name):
        raise ArgumentError(
            f"the wheel {str(path)!r} is no abstain-VERSION-py3-none-any.whl: make it by pip wheel, of abstain alone"
        )
    return path


def _naming(path: Path, space: str, wheel: str) -> str:
    """The requirements, with the wheel in the Space for this package."""
    lines = path.read_text(encoding="utf-8").splitlines()
    named = [_with_address(line, f"{constants.ENDPOINT}/spaces/{space}/resolve/main/{wheel}") for line in lines]
    if named == lines:
        raise InputError(f"{str(path)!r} does not require abstain, for which the wheel is given: add a line abstain")
    return "\n".join(named) + "\n"


def _with_address(line: str, address: str) -> str:
    """The line, with the address where it requires this package in any version."""
    found = re.fullmatch(r"abstain\s*(\[[\w\s,]*\])?\s*([<>=!~].*)?", line.strip())
    return f"abstain{found[1] or ''} @ {address}" if found else line
