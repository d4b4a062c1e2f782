"""What has to be known to read the numbers, whichever they are."""

from __future__ import annotations

from collections.abc import Iterator

from abstain.curve.intervals import FEWEST
from abstain.report.phrases import counted, how_many
from abstain.scores.temperature import LIMITS

FEW_ERRORS = FEWEST
"""With fewer errors than this, or correct answers, most numbers have no interval."""

DEPENDENT = (
    "rows that belong together, as the pixels of one image do, depend on each other, so the intervals are too narrow"
)


CLUSTERED = (
    "rows that belong together, as the pixels of one image do, depend on each other: the intervals are those of {:,} "
    "such clusters, and nothing is guaranteed of them"
)


def note_few_errors(n_wrong: int, n_samples: int) -> Iterator[str]:
    """That wrong answers, or right ones, are too few for intervals; nothing where both are enough."""
    count, what = min((n_wrong, "wrong"), (n_samples - n_wrong, "right"))
    if count < FEW_ERRORS:
        yield (
            f"of {counted(n_samples, 'answer')} {how_many(count, what)}: with fewer than {FEW_ERRORS} the AURC has "
            "no interval, and other samples may give other numbers"
        )


def note_temperature(temperature: float | None) -> Iterator[str]:
    """That a fitted temperature is an end of where it is searched, and so none that the validation samples tell."""
    if temperature in LIMITS:
        extreme = "small" if temperature == min(LIMITS) else "large"
        yield (
            f"the temperature is as {extreme} as is tried ({temperature:g}), and the validation samples would have it "
            "more extreme still: what is measured with it says little"
        )


def note_ignored(count: int, which: str) -> Iterator[str]:
    """That so many of the test or validation samples were left out for their label; nothing where none was."""
    if count:
        have, do = ("has", "does") if count == 1 else ("have", "do")
        yield f"{counted(count, f'{which} sample')} {have} the label to be ignored, and {do} not count"


def note_one_class(least: int, largest: int, n_samples: int) -> Iterator[str]:
    """That every label is one class, as where a column of something else was read; nothing of a single sample."""
    if least == largest and n_samples > 1:
        yield (
            f"every label is the class {least}, so nothing is seen of the other classes: see whether the "
            "column of labels is the right one"
        )
