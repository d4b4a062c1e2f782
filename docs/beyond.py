"""Write `beyond.md`, what the released logits answer beyond the paper; with `--measure` it is measured first.

Measuring takes some minutes of one core, and writes `beyond.json`; without it the page is rendered from that file, and
its last table from the result files of the kept runs. With `--check` nothing is written, and the exit status says
whether the page is out of date.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from beyond_draws import DRAWS, drawn, guard_table, guard_verdict, learning_table, learning_verdict
from beyond_ladder import ladder_table, read_searches
from beyond_scores import (
    TEMPERATURES,
    best_score,
    exponent_table,
    exponents,
    score_table,
    temperature,
    temperature_table,
    temperature_verdict,
)
from pages import ROOT, write_or_check
from released_sets import LEVEL, released_sets

from abstain._files import json_text, write_text

PAGE = ROOT / "docs" / "beyond.md"
FOUND = PAGE.with_suffix(".json")
MEASURES = {"temperature": temperature, "score": best_score, "p": exponents, "draws": drawn}
Found = dict[str, dict[str, Any]]
"""Question -> released set -> what was measured."""


def main() -> None:
    """Measure where that is asked for, then write or check the page."""
    if "--measure" in sys.argv:
        write_text(FOUND, json_text(measure()))
    write_or_check({PAGE: render(json.loads(FOUND.read_text(encoding="utf-8")))})


def measure() -> Found:
    """Every question asked of every released set of more than two classes."""
    found: Found = {question: {} for question in MEASURES}
    for one in released_sets():
        for question, measured in MEASURES.items():
            found[question][one.name] = measured(one)
    return found


def render(found: Found) -> str:
    """The page."""
    of_draws = found["draws"]
    parts = [
        HEADER,
        TEMPERATURE,
        temperature_verdict(found["temperature"]),
        temperature_table(found["temperature"]),
        SCORES,
        score_table(found["score"]),
        LEARNING,
        learning_verdict(of_draws),
        learning_table(of_draws),
        GUARD,
        guard_verdict(of_draws),
        guard_table(of_draws),
        EXPONENTS,
        exponent_table(found["p"]),
        LADDER,
        ladder_table(read_searches()),
    ]
    return "\n\n".join(parts) + "\n"


HEADER = f"""# What the released logits answer beyond the paper

Written by `python docs/beyond.py` from `beyond.json`, which `--measure` makes anew from the logits that come with the
package; the sets of two classes are left out, since for them every p and every temperature gives one order.
Differences are of AURC on the test samples, in percentage points; below zero the former is better. Their intervals of
{100 * LEVEL:g} % are paired over the test samples, one by one, and none is widened for their number: each set is one
trained model, and another seed would give another number. *The repair* is logit normalisation as `LogitNorm.fit`
chooses it on the validation samples, falling back to MSP where its gain is not above its standard error."""
TEMPERATURE = f"""## Does the gain survive temperature scaling?

For more than two classes a temperature changes the order of the samples, so part of what the repair gains might be
had by one. T is the temperature of the greatest likelihood on the validation samples; *T by AURC* the one of
{len(TEMPERATURES)} between {TEMPERATURES[0]:.3g} and {TEMPERATURES[-1]:g} with the least AURC there, the best that any
temperature does: towards 0 it orders by the margin of the two largest logits. What the repair gains survives where
the differences to MSP at a temperature, in the last two columns, stay below zero."""
SCORES = """## Which score is best?

Every score of [scores.md](scores.md), where each has its number, p-norm without a fallback among them. *First on
validation* is what somebody would take who picks the score with the least AURC on the validation samples; *first on
test* would be best in hindsight, which nobody knows beforehand."""
LEARNING = f"""## How many validation samples does the choice of p need?

{DRAWS} smaller validation sets are drawn from the released one, without replacement, and the repair is fitted on each;
the last size of a set is all of them, once. Draws of a large part of them are alike, so their spread is told too
small. *Minus MSP* is the mean over the draws of the AURC on all test samples, and its interval is that of this
mixture, over the test samples; beside it stand the 5 and 95 % quantiles over the draws, and what the best p would
have given in hindsight."""
GUARD = """## What does the guard of one standard error save, and what does it cost?

The same draws. By default the repair stays with MSP unless its gain on the validation samples exceeds its own standard
error (the *guard*); `fallback="strict"` asks for any gain, `"never"` for none. Where the guard alone stays with
MSP it *saved* if the p that it turned down has a larger AURC on the test samples than MSP, and *cost* if a smaller one;
both in percent of the draws. The last columns are mean differences, with intervals over the test samples and not over
the draws; above zero the guard was worse. Which of the two weighs more depends on how many of the models one meets are
repaired by a p: of these sets, most are."""
EXPONENTS = """## How does the best p move with α?

On the released sets, every p against MSP on the test samples, and which p the validation and the test samples put
first."""
LADDER = """The same choice in all kept runs of more than two classes (`model_cards`) but those of pixels, whose
standard errors there are of single ones: the p of least AURC on the validation samples and in how many runs it is, its
mean gain over MSP, in percentage points and in its own standard errors, and how many runs the guard keeps with MSP. The
samples of one data set are the same in all its runs, so that more runs tell of more seeds, and not of more samples."""


if __name__ == "__main__":
    main()
