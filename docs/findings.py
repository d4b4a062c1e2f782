"""The findings of the paper in tables and sections, each with its verdict beside the paper's number and against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from which_runs import called, counted_seeds

from abstain.report import markdown_table

MARGIN = 0.05
"""The share of the AURC up to which a repair is called little."""


@dataclass(frozen=True)
class Seen:
    """What one set of runs shows.

    Attributes:
        data: their name.
        evidence: in numbers.
        is_there: whether the finding is seen.
        effect: the number that decides, with its interval.
        clearness: the larger, the clearer: of a difference its distance from 0 in half widths of its interval, of what
            is to be little the allowed over the farther end of its interval.
        n_seeds: of each of the recipes that are compared.
        runs: which they are, in words.
    """

    data: str
    evidence: str
    is_there: bool
    effect: str = ""
    clearness: float = 0.0
    n_seeds: int = 1
    runs: str = ""

    @property
    def in_short(self) -> str:
        """Where, how much, and of how many seeds."""
        return f"{called(self.data)} {self.effect}, {counted_seeds(self.n_seeds)}"


@dataclass(frozen=True)
class Finding:
    """One finding of the paper.

    Attributes:
        letter: by which it is called.
        claim: what it says.
        seen: where it was looked for.
        pages: that tell more.
        printed: the number that the paper prints; most are figures.
        unit: what the number that decides is of.
        untested: data of the paper, or of the runs here, of which it cannot be tested -> why not.
    """

    letter: str
    claim: str
    seen: Sequence[Seen]
    pages: Sequence[str]
    printed: str = "a figure"
    unit: str = ""
    untested: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """In words, counted over the data."""
        there, n = sum(one.is_there for one in self.seen), len(self.seen)
        if not n:
            return "cannot be tested here"
        data_sets = f"{n} data set{'' if n == 1 else 's'}"
        return f"reproduced in {there} of {data_sets}" if there else f"not seen here, in {data_sets}"

    @property
    def clearest(self) -> Seen | None:
        """Where it is seen most clearly; None where it is seen nowhere.

        One seed comes last, since its interval leaves out what another seed would give.
        """
        there = [one for one in self.seen if one.is_there]
        return max(there, key=lambda one: (one.n_seeds > 1, one.clearness, one.n_seeds), default=None)


def table(found: Sequence[Finding]) -> str:
    """One row a finding: claim, verdict, and where it was and was not seen, and where it could not be."""
    rows = [["", "finding of the paper", "here", "seen in", "not seen in", "cannot be tested here", "more"]]
    for one in found:
        there, not_there = (_names(one, is_there=is_there) for is_there in (True, False))
        untested = ", ".join(map(called, one.untested)) or "–"
        rows.append([one.letter, one.claim, one.verdict, there, not_there, untested, _links(one.pages)])
    return markdown_table(rows, "lllllll")


def table_in_short(found: Sequence[Finding], *, folder: str) -> str:
    """One row a finding, with the paper's number, the clearest here, and all that disagree; pages lie in `folder`."""
    rows = [
        [
            "",
            "finding of the paper",
            "its number",
            "here, most clearly",
            "here, against it",
            "verdict",
            "cannot be tested here",
            "more",
        ]
    ]
    for one in found:
        clearest = "–" if one.clearest is None else one.clearest.in_short
        against = "; ".join(seen.in_short for seen in one.seen if not seen.is_there) or "–"
        claim, untested = f"{one.claim} ({one.unit})", ", ".join(map(called, one.untested)) or "–"
        rows.append(
            [one.letter, claim, one.printed, clearest, against, one.verdict, untested, _links(one.pages, folder)]
        )
    return markdown_table(rows, "llllllll") + "\n\n" + KEY


def _links(pages: Sequence[str], folder: str = "") -> str:
    return ", ".join(f"[{page}]({folder}{page})" for page in pages)


KEY = """In brackets is the interval of 95 %: over seeds and test samples, or over seeds alone where it says so; with
one seed over samples alone. Shown is the clearest of what agrees, and all that does not."""


def _names(finding: Finding, *, is_there: bool) -> str:
    return ", ".join(called(seen.data) for seen in finding.seen if seen.is_there is is_there) or "–"


def section(found: Sequence[Finding]) -> str:
    """All findings in one table, and one a finding with the numbers."""
    return "\n\n".join([INTRODUCTION, table(found), *map(_evidence, found)])


INTRODUCTION = f"""## Findings of the paper

What the paper found, and whether it is seen in the runs that are kept here. *Seen* means that the interval of
95 % excludes that it is not so; intervals are over seeds and test samples, where it says so over seeds alone. Of (c)
the whole interval is within {100 * MARGIN:g} % of the AURC, and of (d) that of cross-entropy does not lie above 0,
which is not to say that there is nothing. Each interval stands for itself, and with one seed or two much may be chance.
The repair is logit normalisation, of two classes a calibration of each. Most of what the paper shows are figures,
without a number to stand beside. Which runs a number is of stands beside it: those in `recipes` are the grids', kept in
[`model_cards/recipes`](../model_cards/recipes), and the tables further down are of other runs, which give other numbers
under the same name; each says how it differs."""


def _evidence(finding: Finding) -> str:
    rows = [[called(one.data), one.evidence, one.runs or "–", "yes" if one.is_there else "no"] for one in finding.seen]
    parts = [
        f"### ({finding.letter}) {finding.claim}: {finding.verdict}",
        f"The paper: {finding.printed}.",
        markdown_table([["data", "measured", "runs", "seen"], *rows], "llll"),
    ]
    if finding.untested:
        because = "; ".join(
            f"{', '.join(map(called, names))} ({why})" for why, names in _by_reason(finding.untested).items()
        )
        parts.append(f"Cannot be tested here: {because}.")
    return "\n\n".join(parts)


def _by_reason(untested: Mapping[str, str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, why in untested.items():
        names.setdefault(why, []).append(name)
    return names
