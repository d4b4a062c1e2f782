"""An audit as a page in Markdown: one question a section, answered in words before the numbers."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from abstain.audit.audit import Audit
from abstain.audit.class_words import in_words as of_classes_in_words
from abstain.audit.class_words import table as table_of_classes
from abstain.audit.columns import columns_in_words
from abstain.audit.comparison import compare, in_words, side_by_side
from abstain.audit.decision_words import in_one_sentence, target_of
from abstain.audit.decision_words import in_words as decisions_in_words
from abstain.audit.decision_words import table as table_of_decisions
from abstain.audit.diagnosis import Diagnosis
from abstain.audit.images_of_pixels import in_words as of_images_in_words
from abstain.audit.images_of_pixels import table as table_of_images
from abstain.audit.score_gains import ScoreGain
from abstain.audit.shift_words import in_words as of_shift_in_words
from abstain.audit.shift_words import tables
from abstain.report.answerable import describe_answerable
from abstain.report.next_steps import Commands, describe_next_steps
from abstain.report.notes import FEW_ERRORS
from abstain.report.order import describe_measured, describe_order
from abstain.report.phrases import counted, p_value, percent
from abstain.report.repair import describe_repair, helps, repair_name
from abstain.report.tables import markdown_table

Part = tuple[str, "list[Section]"]
"""The name of a model, or nothing, and its sections."""
LOOKS_SMOOTHED = {"looks smoothed": "Yes. ", "does not look smoothed": "No. "}
"""A verdict -> how the answer begins in short; others are neither."""


@dataclass(frozen=True)
class Section:
    """A question and its answer.

    Attributes:
        title: the question.
        sentences: the answer in words.
        tables: in Markdown.
        figure: the name of the figure that belongs to it.
    """

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    figure: str | None = None


def parts_of(found: Sequence[tuple[Audit, Commands]], warned: Sequence[str] = ()) -> list[Part]:
    """All that is said of one model, or of several after what is said of them together.

    Args:
        found: of each model its audit, and how the commands that are proposed name its samples.
        warned: what has to be known of all of them, in sentences.
    """
    audits = [audit for audit, _ in found]
    parts: list[Part] = []
    if len(audits) > 1:
        beside = compare(audits)
        words, tables = tuple(in_words(audits, beside)), tuple(side_by_side(audits, beside))
        parts.append(("", [Section("Side by side", words, tables, figure="risk_coverage")]))
    parts += [(audit.name, sections(audit, commands)) for audit, commands in found]
    if warned:
        parts.append(("", [Section("Warnings", tuple(f"{text}." for text in warned))]))
    return parts


def sections(audit: Audit, commands: Commands) -> list[Section]:
    """All that is said of one model."""
    report = audit.report
    steps = tuple(_what_to_do(audit, commands))
    return [
        Section("In short", tuple(_in_short(audit, steps))),
        Section(
            "Is the confidence in order?",
            (describe_measured(report), *_without(describe_order(report), "Is the confidence in order? ")),
            (report.to_markdown(), *_notes(audit)),
            figure="risk_coverage",
        ),
        Section("Does it look smoothed?", (_smoothed(audit),), figure="max_logit_given_msp"),
        Section(f"What does {repair_name(report)} gain?", tuple(_repair(audit))),
        Section("Which confidence is best?", tuple(_best(audit)), tuple(_table_of_scores(audit))),
        Section("How much can be answered?", tuple(_answerable(audit)), _table_of_decisions(audit)),
        Section("For which classes?", tuple(_classes(audit)), tuple(_tables_of_classes(audit))),
        *_of_images(audit),
        *_of_shift(audit),
        Section("What to do", steps),
        Section("What the columns are", (), (columns_in_words(audit),)),
    ]


def _of_images(audit: Audit) -> Iterator[Section]:
    if audit.images is not None:
        words = tuple(of_images_in_words(audit.images, audit.report.level))
        yield Section("Which images?", words, (table_of_images(audit.images),))


def _of_shift(audit: Audit) -> Iterator[Section]:
    if audit.shift is not None:
        words, name = tuple(of_shift_in_words(audit.shift, audit.report)), audit.name or "the model"
        yield Section("Which sources?", words, tuple(tables(audit.shift, name)))


def _without(sentences: Iterator[str], question: str) -> Iterator[str]:
    """Sentences, the first of which repeats the title."""
    return (sentence.removeprefix(question) for sentence in sentences)


def _what_to_do(audit: Audit, commands: Commands) -> Iterator[str]:
    smoothing = None if audit.diagnosis is None else _of_smoothing(audit.diagnosis)
    yield from _without(describe_next_steps(audit.report, commands, smoothing=smoothing), "What next? ")
    if commands.model is not None and any(one.threshold is not None for one in audit.decisions):
        folder, replaced = shlex.quote(commands.model), " --overwrite-output-dir" if commands.has_rule else ""
        yield (
            f"To let the model itself abstain, add `--output-dir {folder}{replaced}` to the command "
            "`abstain threshold` that chooses the threshold: the rule then stands by its weights, and "
            f"`abstain predict {folder} FILES` answers each of the FILES or abstains."
        )


def _of_smoothing(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.verdict == "looks smoothed":
        yield (
            "Label smoothing leaves this mark, and maximum suppression, mixup and CutMix can: if you train it again, "
            "leave out which of them was used; until then order the answers by the repair, where that helps."
        )


def _notes(audit: Audit) -> Iterator[str]:
    yield from (f"Note: {note}." for note in audit.report.notes if note != audit.report.unrepaired)


def _in_short(audit: Audit, steps: Sequence[str]) -> Iterator[str]:
    order = next(iter(_without(describe_order(audit.report), "Is the confidence in order? ")))
    yield f"**Is the confidence in order?** {order.split(':')[0]}."
    verdict = None if audit.diagnosis is None else audit.diagnosis.verdict
    yield f"**Does it look smoothed?** {LOOKS_SMOOTHED.get(verdict or '', '')}{_smoothed(audit)}"
    yield f"**Is there a repair?** {'Yes. ' if helps(audit.report) else ''}{next(iter(_repair(audit)))}"
    for decision in audit.decisions[:2]:
        yield f"**At {100 * decision.target_risk:g} % errors:** {in_one_sentence(decision, audit.report.level)}"
    yield f"**First of all:** {steps[0]}"


def _smoothed(audit: Audit) -> str:
    if audit.diagnosis is None:
        return f"That cannot be asked: {audit.undiagnosed}."
    return audit.diagnosis.sentence()


def _repair(audit: Audit) -> Iterator[str]:
    question = f"Does {repair_name(audit.report)} repair it? "
    yield describe_repair(audit.report).removeprefix(question)
    repair = audit.report.repair
    if repair is not None:
        yield f"How it was fitted, on {counted(audit.n_validation or 0, 'validation sample')}: {repair.reason}."


def _best(audit: Audit) -> Iterator[str]:
    beside = [one for one in audit.scores if one.gain is not None]
    if not beside:
        yield "There is none to compare with: only one confidence is known of these samples."
        return
    level = audit.report.level
    better = [one for one in beside if one.is_better(level)]
    compared = [one for one in beside if one.adjusted_p is not None]
    corrected = f"after Holm's correction for the {len(compared)} that differ from it"
    if not audit.report.has_intervals:
        yield "How much of the differences is chance cannot be told where rows depend on each other."
    elif better:
        yield (
            f"{counted(len(better), 'confidence')} of {len(beside)} {'is' if len(better) == 1 else 'are'} better than "
            f"MSP beyond chance, {corrected}; the best of them on these samples is {better[0].label}, whose AURC is "
            f"{percent(better[0].gain_or_0, 3)} percentage points below that of MSP."
        )
    elif compared:
        yield f"None is better than MSP beyond chance, {corrected}."
    elif any(one.gain_or_0 for one in beside):
        yield (
            "How much of the differences is chance cannot be told from so few wrong or right answers: it takes at "
            f"least {FEW_ERRORS} of each."
        )
    else:
        yield "All have the same AURC as MSP on these samples."
    yield (
        "Those with a fit were fitted on validation samples. To take the best of many by these samples would make it "
        "look better than it is."
    )


def _table_of_scores(audit: Audit) -> Iterator[str]:
    if len(audit.scores) < 2:
        return
    rows = [["confidence", "AURC %", "gain over MSP, points", "interval", "p (Holm)"]]
    rows += [_row_of_score(one) for one in audit.scores]
    yield markdown_table(rows, "lrrrr")


def _row_of_score(one: ScoreGain) -> list[str]:
    if one.gain is None:
        return [one.label, percent(one.aurc, 3), "–", "–", "–"]
    interval = "–" if one.gain.interval is None else "[{:+.3f}, {:+.3f}]".format(*(100 * x for x in one.gain.interval))
    return [one.label, percent(one.aurc, 3), f"{100 * one.gain.estimate:+.3f}", interval, p_value(one.adjusted_p)]


def _answerable(audit: Audit) -> Iterator[str]:
    yield from _without(describe_answerable(audit.report), "How much can be answered? ")
    yield from decisions_in_words(audit)


def _table_of_decisions(audit: Audit) -> tuple[str, ...]:
    return (table_of_decisions(audit),) if audit.decisions else ()


def _classes(audit: Audit) -> Iterator[str]:
    chosen = next((one for one in audit.decisions if one.threshold is not None), None)
    if not audit.classes or chosen is None:
        return iter(("Without a threshold there is nothing to tell apart.",))
    return of_classes_in_words(audit.classes, f"At the threshold for {target_of(chosen)}", audit.report.level)


def _tables_of_classes(audit: Audit) -> Iterator[str]:
    if audit.classes:
        yield table_of_classes(audit.classes)
