"""What an audit leaves in its folder: `report.md`, `report.html`, the figures, and last of all `results.json`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abstain._files import RESULTS_FILE, json_text, whole_file
from abstain.audit.page import Parts, as_html, as_markdown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT, PAGE, FIGURES = "report.md", "report.html", "figures"
AUDIT_FILES = (REPORT, PAGE, FIGURES)
FORMATS = ("png", "pdf")
MOST_LETTERS = 120
"""Of the name of a file, of which systems take 255 bytes."""


def how_made(*, seed: int, validation: Mapping[str, str]) -> dict[str, Any]:
    """With what, when and how an audit was made, ready for JSON: so that it can be told apart and made again.

    Args:
        seed: of what was drawn.
        validation: name of each model -> where its validation samples come from; "" where there were none.

    Returns:
        `abstain`, its version; `date`, in UTC, as ISO 8601; `seed`; `validation`, None for a model without.
    """
    return {
        "abstain": version("abstain"),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "validation": {name: told or None for name, told in validation.items()},
    }


def _made_in_words(told: Mapping[str, Any]) -> str:
    """The last line of a page."""
    sources = {name: source or "none" for name, source in told["validation"].items()}
    apart = len({*sources.values()}) > 1
    named = [f"{name}: {source}" for name, source in sources.items()] if apart else [*sources.values()][:1]
    return (
        f"Made by abstain {told['abstain']} at {told['date']}, seed {told['seed']}; validation samples: "
        f"{'; '.join(named)}."
    )


def write_audit(
    folder: Path, *, title: str, parts: Parts, figures: Mapping[str, Figure], results: Mapping[str, Any]
) -> None:
    """Write everything; where `results.json` stands, all beside it is whole and of its numbers.

    Args:
        folder: made if it does not exist; what it holds under these names is replaced.
        title: of the page.
        parts: of each model its name and sections.
        figures: by the name that the sections have of them.
        results: ready for JSON; what they hold under `made` is the last line of the page.

    Raises:
        InputError: one of them cannot be written.
        ValueError: a number is NaN or infinite.
    """
    numbers = json_text(results)
    files = _files_of(figures)
    drawn = {(name, kind): _bytes(figure, kind) for name, figure in figures.items() for kind in FORMATS}
    text = f"# {title}\n\n{as_markdown(parts, {name: f'{file}.png' for name, file in files.items()})}\n"
    if "made" in results:
        text += f"\n{_made_in_words(results['made'])}\n"
    pictures = {f"{files[name]}.png": data for (name, kind), data in drawn.items() if kind == "png"}
    page = as_html(title, text.partition("\n")[2], pictures)
    with ExitStack() as whole:  # left in reverse: the results come to their place last
        whole.enter_context(whole_file(folder / RESULTS_FILE)).write_text(numbers, encoding="utf-8")
        for (name, kind), data in drawn.items():
            whole.enter_context(whole_file(folder / f"{files[name]}.{kind}")).write_bytes(data)
        whole.enter_context(whole_file(folder / PAGE)).write_text(page, encoding="utf-8")
        whole.enter_context(whole_file(folder / REPORT)).write_text(text, encoding="utf-8")
        (folder / RESULTS_FILE).unlink(missing_ok=True)
    for old in {*(folder / FIGURES).glob("*.*")} - {folder / f"{files[name]}.{kind}" for name, kind in drawn}:
        old.unlink()


def _files_of(names: Iterable[str]) -> dict[str, str]:
    """Name -> file without its ending; names that would be one file, also where case does not count, get a number."""
    files: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        file = stem = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[-MOST_LETTERS:]
        number = 1
        while file.casefold() in taken:
            number += 1
            file = f"{stem}_{number}"
        taken.add(file.casefold())
        files[name] = f"{FIGURES}/{file}"
    return files


def _bytes(figure: Figure, kind: str) -> bytes:
    """The same figure gives the same bytes: nothing in it names a version or a time."""
    without = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Producer": None, "Creator": None}}
    buffer = BytesIO()
    figure.savefig(buffer, format=kind, dpi=150, metadata=without[kind])
    return buffer.getvalue()
