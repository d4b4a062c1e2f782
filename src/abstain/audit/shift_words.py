"""What the sources of the test samples show, in words and tables."""

from __future__ import annotations

from collections.abc import Iterator

from abstain.audit.decisions import Decision
from abstain.audit.per_group import OfGroup
from abstain.audit.shift import OfSource, Shift
from abstain.figures.sources import accepted_table
from abstain.report.phrases import counted, p_value, percent
from abstain.report.selective_report import SelectiveReport
from abstain.report.tables import markdown_table


def in_words(shift: Shift, report: SelectiveReport) -> Iterator[str]:
    """Who is right how often, who is accepted, what the repair gains, and whether the thresholds hold in each."""
    yield f"The test samples come from {_numbers({one.name: one.n_samples for one in shift.sources})}."
    if shift.n_validation is not None:
        yield (
            f"The validation samples come from {_numbers(shift.n_validation)}: whatever was fitted or chosen, was so "
            "on that mixture."
        )
    if shift.unknown:
        yield (
            f"{_listed(shift.unknown)} {'is' if len(shift.unknown) == 1 else 'are'} out of distribution: each accepted "
            "sample from there counts as an error here, and nowhere else on this page are they counted."
        )
    known = sorted((one for one in shift.sources if one.error is not None), key=lambda one: one.error or 0.0)
    if len(known) > 1:
        least, most = (f"{percent(one.error, 2)} % in {one.name}" for one in (known[0], known[-1]))
        yield f"The share of errors is {least} and {most}{', with the others between' if len(known) > 2 else ''}."
    yield from _accepted(shift)
    if report.has_intervals:
        yield from _gains(known)
    if report.independent:
        yield from _thresholds(shift, report.level)


def _numbers(counts: dict[str, int]) -> str:
    return f"{counted(len(counts), 'source')}: {', '.join(f'{name} ({n:,})' for name, n in counts.items())}"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _accepted(shift: Shift) -> Iterator[str]:
    for label, found in shift.accepted.items():
        shares = ", ".join(
            f"{kept['accepted']:,} of {name} ({kept['errors']:,} wrong)" for name, kept in found.sources.items()
        )
        yield f"Where {percent(found.coverage, 1)} % of all are accepted by {label}, these are {shares}."


def _gains(known: list[OfSource]) -> Iterator[str]:
    told = [(one.name, one.gain.interval) for one in known if one.gain is not None]
    helps = [name for name, interval in told if interval is not None and interval[0] > 0]
    hurts = [name for name, interval in told if interval is not None and interval[1] < 0]
    if helps:
        yield f"The repair lowers the AURC beyond chance in {_listed(helps)}, by the interval of each alone."
    if hurts:
        yield f"The repair raises the AURC beyond chance in {_listed(hurts)}, by the interval of each alone."
    if told and not helps and not hurts:
        yield "In no source does the repair change the AURC beyond chance."


def _thresholds(shift: Shift, level: float) -> Iterator[str]:
    broken = [(one, _above(sources, level)) for one, sources in shift.at_thresholds]
    for decision, names in broken:
        if names:
            yield (
                f"The threshold for {_target(decision)} is exceeded in {_listed(names)} beyond chance, after Holm's "
                "correction for the sources at this threshold."
            )
    for name in shift.unknown:
        shares = ", ".join(f"{percent(share, 1)} % at {_target(one)}" for one, share in _let_in(shift, name))
        if shares:
            yield f"Of {name} the thresholds accept {shares}."
    if broken and not any(names for _, names in broken):
        yield f"No threshold fails in any source{' of known classes' if shift.unknown else ''} beyond chance."
    if shift.at_thresholds:
        yield (
            "A threshold is chosen for the mixture that the validation samples are; where the shares of the sources "
            "change, so does what it does."
        )


def _let_in(shift: Shift, name: str) -> Iterator[tuple[Decision, float]]:
    for decision, sources in shift.at_thresholds:
        yield from ((decision, one.coverage) for one in sources if one.name == name)


def _above(sources: tuple[OfGroup, ...], level: float) -> list[str]:
    return [one.name for one in sources if one.adjusted_p is not None and one.adjusted_p <= 1 - level]


def _target(decision: Decision) -> str:
    delta = decision.delta
    how = "without a guarantee" if delta is None else f"with one for the mixture (δ = {100 * delta:g} %)"
    return f"{100 * decision.target_risk:g} % {how}"


def tables(shift: Shift, model: str) -> Iterator[str]:
    """Each source; what is accepted of each at the wanted coverage; what each threshold does to each."""
    yield _table_of_sources(shift)
    yield accepted_table({model: shift.accepted}, [one.name for one in shift.sources])
    if shift.let_in is not None:
        yield shift.let_in.to_markdown()
    if shift.at_thresholds:
        yield _table_of_thresholds(shift)


def _table_of_sources(shift: Shift) -> str:
    has_repair = any(one.repaired is not None for one in shift.sources)
    first = next(iter(shift.accepted))
    rows = [["source", "samples", "error %", f"AURC % of {first}", "repaired", "gain, points", "interval"]]
    rows += [_row_of_source(one) for one in shift.sources]
    return markdown_table(rows if has_repair else [row[:4] for row in rows], "lrrrrrr" if has_repair else "lrrr")


def _row_of_source(one: OfSource) -> list[str]:
    interval = None if one.gain is None else one.gain.interval
    return [
        one.name,
        f"{one.n_samples:,}",
        percent(one.error, 2),
        percent(one.aurc, 3),
        percent(one.repaired, 3),
        "–" if one.gain is None else f"{100 * one.gain.estimate:+.3f}",
        "–" if interval is None else "[{:+.3f}, {:+.3f}]".format(*(100 * end for end in interval)),
    ]


def _table_of_thresholds(shift: Shift) -> str:
    rows = [["target risk %", "guarantee", "source", "samples", "answered %", "of these wrong %", "p (Holm)"]]
    for decision, sources in shift.at_thresholds:
        target = [
            f"{100 * decision.target_risk:g}",
            "–" if decision.delta is None else f"δ = {100 * decision.delta:g} %",
        ]
        rows += [[*target, *_row_at_threshold(one)] for one in sources]
    return markdown_table(rows, "rllrrrr")


def _row_at_threshold(one: OfGroup) -> list[str]:
    shares = percent(one.coverage, 1), percent(one.risk, 2)
    return [one.name, f"{one.n_samples:,}", *shares, p_value(one.adjusted_p)]
