"""What an audit decides, in words: the thresholds at each risk, with and without a guarantee, and what they do."""

from __future__ import annotations

import math
from collections.abc import Iterator

from abstain.audit.audit import Audit
from abstain.audit.decisions import Decision
from abstain.report.notes import FEW_ERRORS
from abstain.report.phrases import between, counted, how_many, percent
from abstain.report.tables import markdown_table


def in_words(audit: Audit) -> Iterator[str]:
    """By which confidence, what stands against it, and why there is no threshold where there is none."""
    if not audit.decisions:
        yield (
            "Which threshold would do it cannot be said without validation samples, on which it is chosen."
            if audit.n_validation is None
            else "There are too few validation samples to choose a threshold on."
        )
        return
    yield (
        f"By {audit.confidence.label}, with thresholds chosen on "
        f"{counted(audit.n_chosen_on or 0, 'validation sample')}; what they do is what the test samples show:"
    )
    yield from _of_the_half(audit)
    yield from _warn_of_few(audit)
    if not any(decision.delta for decision in audit.decisions):
        yield "None comes with a guarantee, since rows depend on each other."
    yield from (f"{target_of(one)}: {one.reason}." for one in audit.decisions if one.reason is not None)


def _of_the_half(audit: Audit) -> Iterator[str]:
    """That the half of the validation samples which fits the confidence decided otherwise than all of them do."""
    whole = audit.report.repaired
    if whole is not None and whole.falls_back != (audit.confidence.name == "msp"):
        of_half, of_all = ("for", "against") if whole.falls_back else ("against", "for")
        yield (
            "One half of the validation samples fits that confidence, and the other chooses the thresholds: the half "
            f"that fits decides {of_half} the repair, and all of them decide {of_all} it."
        )


def _warn_of_few(audit: Audit) -> Iterator[str]:
    """That thresholds are from few, and how far the shares of wrong answers in the table may be off."""
    few = [one for one in audit.decisions if one.is_of_few]
    if not few:
        return
    n, wrong = few[0].n_chosen_on or 0, few[0].n_wrong or 0
    yield (
        f"They are from few: of {counted(n, 'validation sample')} {how_many(wrong, 'wrong')}, and with fewer than "
        f"{FEW_ERRORS} right or wrong ones other samples may give other thresholds."
    )
    told = ((one.coverage, one.risk, one.interval) for one in few if one.interval is not None)
    for coverage, risk, interval in dict.fromkeys(told):
        yield (
            f"Of the {percent(coverage, 1)} % of the test samples that are answered, {percent(risk, 2)} % are wrong"
            f"{between(interval, audit.report.level, 1)}."
        )


def target_of(decision: Decision) -> str:
    """What it is for, and with which guarantee."""
    guarantee = "without a guarantee" if decision.delta is None else f"guaranteed, δ = {100 * decision.delta:g} %"
    return f"{100 * decision.target_risk:g} %, {guarantee}"


def in_one_sentence(decision: Decision, level: float) -> str:
    """What it answers and how much of that is wrong, or that it is not to be had; as the end of a sentence."""
    how = (
        "a threshold chosen on validation samples"
        if decision.delta is None
        else f"one that is guaranteed with a probability of {100 * (1 - decision.delta):g} %"
    )
    if decision.coverage is None:
        if decision.n_enough is None:
            return f"{how} is not to be had, for {decision.reason}."
        return f"{how} is not to be had from so few (about {decision.n_enough:,} validation samples would be enough)."
    if decision.coverage == 0:
        return f"{how} answers none of the test samples."
    wrong = "none of them wrong" if not decision.risk else f"{percent(decision.risk, 2)} % of them wrong"
    few = between(decision.interval, level, 1) if decision.is_of_few else ""
    return f"{how} answers {percent(decision.coverage, 1)} % of the test samples, {wrong}{few}."


def table(audit: Audit) -> str:
    """One row a decision, in Markdown."""
    rows = [["target risk %", "guarantee", "threshold", "answered %", "of these wrong %"]]
    rows += [_row_of_decision(one) for one in audit.decisions]
    return markdown_table(rows, "rlrrr")


def _row_of_decision(one: Decision) -> list[str]:
    guarantee = "–" if one.delta is None else f"δ = {100 * one.delta:g} %"
    threshold = "none" if one.threshold is None else _accepting(one.threshold)
    return [f"{100 * one.target_risk:g}", guarantee, threshold, percent(one.coverage, 1), percent(one.risk, 2)]


def _accepting(threshold: float) -> str:
    return "any confidence" if threshold == -math.inf else f"{threshold:.4g}"
