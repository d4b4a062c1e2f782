"""Answers as lines: of a table for people, of CSV, or of JSON; each as soon as it is there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from abstain.inference.answers import Answer

if TYPE_CHECKING:
    from abstain.inference.answers import PixelAnswer

    Of = Answer | PixelAnswer
    Named = Iterator[tuple[str, Of]]

ABSTAINS = "abstains"


def json_lines(answers: Named) -> Iterator[str]:
    """One object a line."""
    return (json.dumps({"sample": name, **answer.to_dict()}, ensure_ascii=False) for name, answer in answers)


def csv_lines(answers: Named) -> Iterator[str]:
    """A header, and one line a sample; of pixels a column for each class, with how many are accepted."""
    header: list[str] | None = None
    for name, answer in answers:
        values = {"sample": name, **_flat(answer.to_dict())}
        if header is None:
            header = list(values)
            yield _csv_line(header)
        yield _csv_line(list(values.values()))


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    counts = values.pop("accepted_pixels", {})
    return values | {f"accepted_pixels_{name}": count for name, count in counts.items()}


def _csv_line(values: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if value is None else value for value in values])
    return text.getvalue().removesuffix("\n")


def table_lines(answers: Named, class_names: Sequence[str]) -> Iterator[str]:
    """Columns of one width from the first line on, as wide as the longest name of a class."""
    width = max(map(len, [*class_names, ABSTAINS]))
    header = True
    for name, answer in answers:
        cells = _of_sample(answer, width) if isinstance(answer, Answer) else _of_pixels(answer)
        if header:
            yield "  ".join([*(title.ljust(len(cell)) for title, cell in cells.items()), "sample"])
            header = False
        yield "  ".join([*(cell.rjust(len(title)) for title, cell in cells.items()), " ".join(name.split())])


def _of_sample(answer: Answer, width: int) -> dict[str, str]:
    cells = {
        "answer": (answer.label if answer.accepted else ABSTAINS).ljust(width),
        "confidence": f"{answer.confidence:.4f}",
    }
    if answer.probability is not None:
        cells["probability"] = f"{100 * answer.probability:.2f} %"
    return cells


def _of_pixels(answer: PixelAnswer) -> dict[str, str]:
    counts = answer.to_dict()["accepted_pixels"]
    most = max(counts, key=counts.__getitem__)
    return {"accepted": f"{100 * answer.coverage:.2f} %", "mostly": most.ljust(max(map(len, counts)))}


FORMATS: dict[str, Callable[[Named], Iterator[str]]] = {"json": json_lines, "csv": csv_lines}
"""Those that do not depend on the model."""
