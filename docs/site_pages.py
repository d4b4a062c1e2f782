"""What `make site` adds to the pages of `docs`: README as the first, the reference, and links that lead somewhere.

A hook of MkDocs (`mkdocs.yml`): `on_files` makes pages of README, of the docstrings and of each command's help;
`on_page_markdown` turns links to files outside of the site into links to the repository.
"""

from __future__ import annotations

import importlib
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from typer.testing import CliRunner

import abstain

ROOT = Path(__file__).parents[1]
README, HOME = "README.md", "index.md"
ROOMS = ("audit", "curve", "figures", "hub", "inference", "logits", "report", "scores", "threshold", "training")
"""Rooms whose tables of names are for users; those of the others are for the scripts."""
WIDTH = 100
"""Columns of what a command says of itself."""
LINK = re.compile(r"(\[[^\]]*\])\(([^)\s]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made of something else than a page."""
    from mkdocs.structure.files import File  # so that all else here can be tested without MkDocs

    pages = {HOME: (ROOT / README).read_text(encoding="utf-8"), "reference/command_line.md": command_line()}
    pages |= {f"reference/{name}.md": reference(name) for name in ("abstain", *ROOMS)}
    for place, text in pages.items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """The page with its links to what is no part of the site turned into links to the repository."""
    place = page.file.src_uri
    source = README if place == HOME else f"docs/{place}"
    pages = {f"docs/{file.src_uri}" for file in files if file.inclusion.is_included()}
    return with_links(markdown, source, pages, config.repo_url)


def with_links(markdown: str, source: str, pages: set[str], repository: str | None) -> str:
    """A page whose links lead to pages of the site, or else to the repository.

    Args:
        markdown: of the page.
        source: the path of its file in the repository.
        pages: the paths there of all that the site has.
        repository: its address; without one, the text of such a link stays and the link goes.
    """

    def changed(match: re.Match[str]) -> str:
        path, _, anchor = match[2].partition("#")
        there = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if "://" in match[2] or not path or not (ROOT / there).exists():
            return match[0]
        if there in pages:
            start = posixpath.dirname(source) if source != README else "docs"
            inside = posixpath.relpath(there, start)
            return f"{match[1]}({inside}{'#' if anchor else ''}{anchor})"
        return f"{match[1]}({repository.rstrip('/')}/blob/main/{there})" if repository else match[1][1:-1]

    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if part.startswith("```") else LINK.sub(changed, part) for part in parts)


def reference(room: str) -> str:
    """The page of a room's names, or of `abstain`'s own, each with its docstring; a name is told once."""
    module = importlib.import_module("abstain" if room == "abstain" else f"abstain.{room}")
    is_room = room != "abstain"
    above = [name for name in module.__all__ if is_room and name in abstain.__all__]
    links = ", ".join(f"[`{name}`][abstain.{name}]" for name in above)
    told = [f"::: {module.__name__}.{name}" for name in module.__all__ if name not in above and name not in ROOMS]
    lines = [f"# `{module.__name__}`", (module.__doc__ or "").partition("\n\n")[0]]
    lines += [f"Also in [`abstain`](abstain.md): {links}."] if above else []
    return "\n\n".join([*lines, *told]) + "\n"


def command_line() -> str:
    """The page of all commands: what each says of itself with `--help`."""
    sections = (f"## `{name}`\n\n```text\n{said}\n```" for name, said in helps())
    return "\n\n".join(["# The command line", *sections]) + "\n"


def helps() -> Iterator[tuple[str, str]]:
    """Each command as it is typed, and what it prints with `--help`."""
    from abstain.cli import app

    commands = list(getattr(typer.main.get_command(app), "commands"))  # noqa: B009 - a group, which typer does not tell
    for words in ([], *([command] for command in commands)):
        said = CliRunner().invoke(app, [*words, "--help"], prog_name="abstain", env={"COLUMNS": str(WIDTH)})
        lines = [line.rstrip() for line in said.output.strip("\n").splitlines()]
        yield " ".join(["abstain", *words]), "\n".join(lines).strip("\n")
