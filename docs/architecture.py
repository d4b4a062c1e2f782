"""Draw the rooms of the package and what they import, `architecture.svg`, and list them in `architecture.md`.

Part of `make docs`. With `--check` nothing is written, and the exit status says whether one of the two is out of date.
A room that stands in no layer, or imports one that is not below it, is an error.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from layered_picture import draw
from pages import ROOT, with_blocks, write_or_check

from abstain.report import markdown_table

PACKAGE = ROOT / "src" / "abstain"
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = PAGE.with_suffix(".svg")
LAYERS = [
    line.split()
    for line in """
        _moved _threads
        _checks _lazy _spelling
        _tables
        _arrays _files _arguments
        losses curve
        threshold scores data
        models logits report metric
        inference figures
        audit hub
        training
        experiments
        quickstart
        cli
    """.strip().splitlines()
]
"""From the lowest up: a room may import from the layers below its own."""
Imports = dict[str, set[str]]


def main() -> None:
    """Read the imports, hold them against the layers, and write or check the picture and the table."""
    imports = read_imports(PACKAGE)
    if complaint := next(complaints(imports), None):
        sys.exit(complaint)
    arrows = without_detours(imports)
    drawn, found = (sum(map(len, others.values())) for others in (arrows, imports))
    caption = "Arrows lead to what a room imports; those that follow from others are left out"
    caption += f" ({drawn} of {found} are drawn)."
    write_or_check({PICTURE: draw(LAYERS, arrows, caption), PAGE: with_blocks(PAGE, {"rooms": table(imports)})})


def read_imports(package: Path) -> Imports:
    """Room (a folder or file of the package) -> the other rooms that its files import, inside functions too."""
    imports: Imports = {}
    for path in sorted(package.rglob("*.py")):
        if path != package / "__init__.py":  # which points everywhere
            room = path.relative_to(package).with_suffix("").parts[0]
            imports.setdefault(room, set()).update(imported_rooms(path))
    return {room: others - {room} for room, others in imports.items()}


def imported_rooms(path: Path) -> Iterator[str]:
    """The rooms of `abstain.room...` and of `from abstain import room` in one file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "abstain":
            yield from (f"{node.module}.{alias.name}".split(".")[1] for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("abstain."))


def complaints(imports: Imports) -> Iterator[str]:
    """A sentence for each room without a layer, layer without a room, and arrow that does not lead down."""
    rank = {room: number for number, layer in enumerate(LAYERS) for room in layer}
    for room in sorted(imports.keys() - rank):
        yield f"the room {room!r} stands in no layer: add it to LAYERS in docs/architecture.py"
    for room in sorted(rank.keys() - imports):
        yield f"there is no room {room!r} in the package: remove it from LAYERS in docs/architecture.py"
    for room in sorted(imports.keys() & rank):
        for other in sorted(imports[room]):
            if rank.get(other, len(LAYERS)) >= rank[room]:
                yield f"{room!r} imports {other!r}, which is no room of a layer below: import from below only"


def without_detours(imports: Imports) -> Imports:
    """The arrows that others do not imply (the transitive reduction): from a room to one that no detour reaches."""

    def reached(room: str) -> set[str]:
        return set().union(*({other} | reached(other) for other in imports[room]))

    return {room: others - set().union(*map(reached, others)) for room, others in imports.items()}


def table(imports: Imports) -> str:
    """The rooms from the top layer down: what each one answers, and what it imports."""
    rows = [["room", "what it answers", "imports"]]
    for room in (room for layer in reversed(LAYERS) for room in layer):
        names = (f"`{other}`" for layer in LAYERS for other in layer if other in imports[room])
        rows.append([link(room), first_sentence(source(room)), ", ".join(names) or "–"])
    return markdown_table(rows, "lll")


def source(room: str) -> Path:
    """The file that says what a room is for."""
    folder = PACKAGE / room
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def link(room: str) -> str:
    """The name of a room, leading to its folder or file."""
    path = PACKAGE / room
    name = f"{room}/" if path.is_dir() else f"{room}.py"
    return f"[`{name}`](../{(PACKAGE / name).relative_to(ROOT).as_posix()})"


def first_sentence(path: Path) -> str:
    """Of the docstring of a file."""
    text = " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split())
    return re.split(r"(?<=\.) ", text, maxsplit=1)[0]


if __name__ == "__main__":
    main()
