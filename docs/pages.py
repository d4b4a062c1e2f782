"""What the programs of `docs` share: blocks of a page that are made anew, and pages that are written or checked."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from abstain._files import write_text

ROOT = Path(__file__).parents[1]


def with_blocks(page: Path, blocks: Mapping[str, str]) -> str:
    """The text of a page with what stands between each `<!-- begin: x -->` and `<!-- end: x -->` made anew."""
    return text_with_blocks(page.name, page.read_text(encoding="utf-8"), blocks)


def text_with_blocks(page: str, text: str, blocks: Mapping[str, str]) -> str:
    """The same of a text that has been read, of a page of this name."""
    for name, block in blocks.items():
        pattern = rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)"
        text, count = re.subn(pattern, lambda match, b=block: f"{match[1]}{b}\n{match[2]}", text, flags=re.DOTALL)
        if count != 1:
            sys.exit(f"{page} has {count} blocks called {name!r}, but must have one")
    return text


def write_or_check(texts: Mapping[Path, str]) -> None:
    """Write the pages that are out of date; with `--check` write nothing, and exit with a sentence if one is."""
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"out of date, run `make docs`: {names}" if stale else 0)
    for path in stale:
        write_text(path, texts[path])
        print(f"wrote {path.relative_to(ROOT)}")
