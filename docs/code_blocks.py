"""Run the blocks of code of the pages for users, and write below each what it prints: part of `make docs`.

The pages are gone through in one folder, in this order, so that the how-to pages find the model that the tutorial
trained; the blocks of Python of a page share their names. With `--check` nothing is written, and the exit status says
whether a page shows something else than its blocks print.

A block below `<!-- not run: reason -->` is left alone. What stands below `<!-- varies -->` is measured on a trained
model and differs from machine to machine: checked is that the block prints something.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pages import ROOT, text_with_blocks, write_or_check

PAGES = (
    "tutorial.md",
    "how_to/own_model.md",
    "how_to/probabilities.md",
    "how_to/segmentation.md",
    "how_to/many_machines.md",
    "how_to/monitoring.md",
    "explanation/label_smoothing.md",
    "explanation/ties.md",
    "explanation/guarantees.md",
)
TUTORIAL = PAGES[0]
WORDS_A_MINUTE = 200
"""Of prose that is read with care."""
BLOCK = re.compile(
    r"(?P<mark><!-- not run: (?P<reason>[^>]+) -->\n)?"
    r"```(?P<language>python|sh)\n(?P<code>.*?)```\n"
    r"(?P<shown>\n(?P<varies><!-- varies -->\n)?```text\n(?P<output>.*?)```\n)?",
    flags=re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of code of a page.

    Attributes:
        language: `python` or `sh`.
        code: its text.
        reason: why it is not run; None of one that is.
        output: what the page shows below it; None where it shows nothing.
        varies: what it prints differs from machine to machine.
    """

    language: str
    code: str
    reason: str | None = None
    output: str | None = None
    varies: bool = False

    def shows(self, printed: str) -> bool:
        """Whether the page shows what the block printed, as far as that is the same everywhere."""
        if self.output is None:
            return True
        return self.output == printed or (self.varies and bool(self.output.strip()) and bool(printed.strip()))


def main() -> None:
    """Run every page, and write or check them."""
    write_or_check(rendered(ROOT / "docs", anew="--check" not in sys.argv))


def rendered(docs: Path, *, anew: bool = False) -> dict[Path, str]:
    """Each page with what its blocks print; what varies is left as it is, unless it is to be made anew."""
    texts = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name in PAGES:
            started = processor_seconds()
            text = run_page(name, (docs / name).read_text(encoding="utf-8"), anew=anew)
            if name == TUTORIAL:
                text = text_with_blocks(name, text, {"minutes": how_long(text, processor_seconds() - started)})
            texts[docs / name] = text
    return texts


def run_page(name: str, text: str, *, anew: bool = False) -> str:
    """A page with what its blocks print; the blocks of Python are run here, those of the shell in this folder."""
    names: dict[str, Any] = {"__name__": name}

    def shown(match: re.Match[str]) -> str:
        block = block_of(match)
        if block.reason is not None:
            return match[0]
        printed = run_block(block, names, f"{name}, {block.code.splitlines()[0]!r}")
        if block.shows(printed) and not (block.varies and anew):
            return match[0]
        return f"```{block.language}\n{block.code}```\n\n{match['varies'] or ''}```text\n{printed}```\n"

    return BLOCK.sub(shown, text)


def blocks_of(text: str) -> Iterator[Block]:
    """The blocks of code of a page, in order."""
    return map(block_of, BLOCK.finditer(text))


def block_of(match: re.Match[str]) -> Block:
    """The block that was found."""
    return Block(match["language"], match["code"], match["reason"], match["output"], match["varies"] is not None)


def run_block(block: Block, names: dict[str, Any], place: str) -> str:
    """What a block prints on standard output."""
    return run_python(block.code, names, place) if block.language == "python" else run_shell(block.code, place)


def run_python(code: str, names: dict[str, Any], place: str) -> str:
    """What Python prints, with the names that the blocks before it have left."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, place, "exec"), names)
    return printed.getvalue()


def run_shell(code: str, place: str) -> str:
    """What commands print, in the environment of this Python."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-eu", "-c", code], capture_output=True, text=True, env={**os.environ, "PATH": path, "COLUMNS": "100"}
    )
    if done.returncode or ("|" in code and not done.stdout):  # of a pipe only the last command has an exit status
        sys.exit(f"{place} fails: {done.stderr}")
    lines = done.stdout.replace(f"{Path.cwd()}/", "").splitlines()  # a reader's whole path is another
    return "".join(f"{line.rstrip()}\n" for line in lines)


def processor_seconds() -> float:
    """Of this process, its threads and the commands that it has waited for."""
    return sum(os.times()[:4])


def how_long(text: str, seconds: float) -> str:
    """Minutes that a page takes, to read and to run, rounded up to whole ones."""
    words = len([word for word in text.split() if any(letter.isalpha() for letter in word)])
    reading, running = math.ceil(words / WORDS_A_MINUTE), math.ceil(seconds / 60)
    return f"To read it takes about {in_minutes(reading)}, to run it less than {in_minutes(running)} of processor time."


def in_minutes(number: int) -> str:
    """One minute, or so many."""
    return f"{number} minute{'' if number == 1 else 's'}"


if __name__ == "__main__":
    main()
