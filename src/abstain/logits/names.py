"""Which column of predictions is what, by names alone.

The values are the columns that share a stem and are numbered from 0 (`logit_0`, `logit_1`, …) or are called as the
classes are, or else one column of a usual name (`logits`, `probabilities`, …). The labels are the column of a usual
name (`label`, `target`, `y_true`, …); everything else is not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from abstain._checks import InputError, nearest
from abstain.logits.source import INTEGERS, LISTS, NUMBERS, TEXTS, Source

LABEL = "label labels label_id label_ids target targets y y_true true_label ground_truth gt gold class".split()
VALUES = (
    "logits logit scores score outputs output values z probabilities probability probs prob proba probas softmax p "
    "log_probabilities log_probs log_prob logprobs log_softmax y_prob y_proba y_score pred_probs predict_proba"
).split()
"""What one column of values is called, a list a row or one number; the words of `VALUES` may also be stems."""
LISTS_ONLY = "predictions prediction preds pred y_pred".split()
"""What is a row of values where it is a list, and the predicted class where it is not."""
PREDICTION = [*LISTS_ONLY, "predicted", "predicted_label", "predicted_class", "pred_label", "y_hat"]
CONFIDENCE = "confidence confidences conf certainty max_prob max_probability msp".split()
CORRECT = "correct is_correct hit".split()
ERROR = "error errors is_error wrong incorrect".split()
SAMPLE = "sample"
"""The image of a pixel, in a logits data set."""


@dataclass(frozen=True)
class Values:
    """Columns with the classes' values: one of lists, or one a class in the order of the classes."""

    columns: tuple[str, ...]
    class_names: tuple[str, ...] | None = None

    @property
    def said(self) -> str | None:
        """What the names say of the kind: `"logits"`, `"probabilities"`, or nothing."""
        name = _plain(self.columns[0])
        if "log_" in name or "logprob" in name:
            return None
        if "prob" in name or "softmax" in name:
            return "probabilities"
        return "logits" if "logit" in name else None

    @property
    def numbered(self) -> bool:
        """Whether the columns' names end in numbers."""
        return all(_stem(name)[0] is not None for name in self.columns)

    def __str__(self) -> str:
        return listed(self.columns)


@dataclass(frozen=True)
class Confidence:
    """Columns with a confidence and with what tells whether a sample was right."""

    confidence: str
    correct: str | None = None
    error: str | None = None
    prediction: str | None = None

    def __str__(self) -> str:
        told = self.correct or self.error or self.prediction
        return f"{self.confidence} with {told}"


@dataclass(frozen=True)
class Choice:
    """What is what in a source: either `values` or `confidence` is there."""

    label: str | None
    values: Values | None = None
    confidence: Confidence | None = None

    @property
    def used(self) -> set[str]:
        """The columns that count."""
        held = self.confidence
        several = (held.confidence, held.correct, held.error, held.prediction) if held else ()
        return {name for name in (self.label, *several, *(self.values.columns if self.values else ())) if name}


def choose(
    source: Source,
    classes: Sequence[str] | None,
    *,
    label: str | None,
    input: str | None = None,
    logit_columns: Sequence[str] | None = None,
) -> Choice:
    """Which columns are what.

    Args:
        source: whose columns they are.
        classes: names of the classes where they are known, by which columns may be called.
        label: the column of labels; None where they are given apart or there are none.
        input: `"confidence"`, or another kind, which only `Values` can be.
        logit_columns: names of the values' columns, or the stem of them; None goes by the rule above.

    Raises:
        InputError: nothing fits, or two readings do, which are named with the option that decides.
    """
    free = replace(source, holds={name: kind for name, kind in source.holds.items() if name != label})
    values = _named_values(free, logit_columns, classes) if logit_columns else _found_values(free, classes)
    confidence = None if logit_columns and input != "confidence" else _confidence(free, label, values, input)
    if input == "confidence":
        if confidence is None:
            raise InputError(
                f"{_columns(source)}, but no confidence with what tells the errors: call the columns confidence and "
                "correct, or label, prediction and confidence"
            )
        return Choice(label, confidence=confidence)
    if values is None and confidence is None:
        raise InputError(
            f"{_columns(source)}, but none that holds logits or probabilities by its name: call them logit_0, logit_1 "
            "and so on, or logits, or name them in the order of the classes (--logit-columns)"
        )
    if values is not None and confidence is not None and input is None and label is not None:
        raise InputError(
            f"{_columns(source)}, which can be read as values of the classes ({values}) and as a confidence "
            f"({confidence}): say which (--input logits, --input probabilities or --input confidence)"
        )
    if values is None or (label is None and confidence is not None and input is None):
        if input is not None:
            raise InputError(f"{_columns(source)}, but none that holds {input}: name them (--logit-columns)")
        return Choice(label, confidence=confidence)
    return Choice(label, values=values)


def find_label(source: Source, given: str | None) -> str | None:
    """The column of labels: the given one, or the only one of a usual name, if there is any.

    Raises:
        InputError: there is no such column, or several have a usual name.
    """
    if given is not None:
        return _exactly(source, given, "--label-column")
    return _only(source, LABEL, (INTEGERS, NUMBERS, TEXTS, LISTS), "labels", "--label-column")


def listed(names: Iterable[str], most: int = 8) -> str:
    """Names for a sentence: all, or of many the first ones and the last."""
    names = [name or "an unnamed one" for name in names]
    if len(names) <= most:
        return ", ".join(names) if len(names) < 3 or _stem(names[0])[0] is None else f"{names[0]} … {names[-1]}"
    return f"{names[0]}, {names[1]} … {names[-1]}" if _stem(names[0])[0] is None else f"{names[0]} … {names[-1]}"


def _plain(name: str) -> str:
    return re.sub(r"[\s\-.]+", "_", name.strip().lower())


def _columns(source: Source) -> str:
    return f"{source.title} has the columns {', '.join(name or '(unnamed)' for name in list(source.holds)[:30])}"


def _exactly(source: Source, name: str, option: str) -> str:
    if name in source.holds:
        return name
    raise InputError(f"{source.title} has no column {name!r} ({option}): {nearest(name, source.holds)}")


def _only(source: Source, names: Sequence[str], kinds: Sequence[str], what: str, option: str) -> str | None:
    """The only column with one of these names and kinds; None without any."""
    found = [name for name, kind in source.holds.items() if kind in kinds and _plain(name) in names]
    if len(found) > 1:
        both = " and ".join(map(repr, found))
        raise InputError(f"{source.title} has the columns {both}, which can both be the {what}: name one ({option})")
    return found[0] if found else None


def _named_values(source: Source, names: Sequence[str], classes: Sequence[str] | None) -> Values:
    if len(names) == 1 and names[0] not in source.holds:
        groups = _numbered(source)
        wanted = _plain(names[0].rstrip("*")).rstrip("_")
        if wanted in groups:
            return _in_order(source, groups[wanted])
    for name in names:
        _exactly(source, name, "--logit-columns")
    if len(set(names)) < len(names):
        raise InputError("a column is named twice in --logit-columns, but each stands for one class")
    if len(names) > 1 and any(source.holds[name] == LISTS for name in names):
        raise InputError(
            f"--logit-columns names {listed(names)}, but a column of lists holds all classes: name it alone"
        )
    return Values(tuple(names), _classes_of(names, classes or ()))


def _classes_of(names: Sequence[str], classes: Sequence[str]) -> tuple[str, ...] | None:
    """The names without what comes before the classes', if all classes are among them."""
    for first in (name for name in names if classes and name.endswith(classes[0])):
        short = [name.removeprefix(first.removesuffix(classes[0])) for name in names]
        if set(classes) <= set(short):
            return tuple(short)
    return None


def _found_values(source: Source, classes: Sequence[str] | None) -> Values | None:
    """The values' columns by their names: rows of them if there are any, else one number a sample."""
    groups = _numbered(source)
    known = {stem: names for stem, names in groups.items() if stem in VALUES or stem in LISTS_ONLY}
    if not known and len(groups) > 1:
        several = " and ".join(listed(names) for names in groups.values())
        raise InputError(f"{source.title} has {several}, which can all be the values: name them (--logit-columns)")
    lists = [n for n, kind in source.holds.items() if kind == LISTS and _plain(n) in [*VALUES, *LISTS_ONLY]]
    found = [Values((name,)) for name in lists] + [_called_as_classes(source, classes)]
    found += [_in_order(source, names) for names in (known or ({} if lists else groups)).values()]
    rows = [values for values in found if values is not None]
    if len(rows) > 1:
        both = " and ".join(map(str, rows))
        raise InputError(f"{source.title} has {both}, which can all be the values: name them (--logit-columns)")
    if rows:
        return rows[0]
    single = _only(source, VALUES, (NUMBERS, INTEGERS, TEXTS), "values", "--logit-columns")
    return Values((single,)) if single is not None else None


def _stem(name: str) -> tuple[str | None, int]:
    match = re.fullmatch(r"(.*?)[\s_\-.\[(]*(\d+)[\])]?", name.strip())
    return (_plain(match[1]), int(match[2])) if match else (None, 0)


def _numbered(source: Source) -> dict[str, list[str]]:
    """Stem -> columns of numbers that share it; one column alone only where its stem is a usual name."""
    groups: dict[str, list[str]] = {}
    for name, kind in source.holds.items():
        stem, _ = _stem(name)
        if stem is not None and (kind in (NUMBERS, INTEGERS) or (kind == TEXTS and stem in VALUES)):
            groups.setdefault(stem, []).append(name)
    taken = {*LABEL, "unnamed:", "unnamed"}
    return {s: names for s, names in groups.items() if s not in taken and (len(names) > 1 or s in VALUES)}


def _in_order(source: Source, names: list[str]) -> Values:
    numbers = sorted(_stem(name)[1] for name in names)
    if numbers != list(range(len(names))):
        gap = next(number for number in range(len(names)) if numbers[number] != number)
        raise InputError(
            f"{source.title} has {listed(sorted(names, key=lambda name: _stem(name)[1]))}, numbered without {gap}, "
            f"but must have one column a class, from 0 to K - 1: name them in that order (--logit-columns)"
        )
    return Values(tuple(sorted(names, key=lambda name: _stem(name)[1])))


def _called_as_classes(source: Source, classes: Sequence[str] | None) -> Values | None:
    """The columns called as the classes are, `cat`, or all with one beginning, `prob_cat`."""
    if classes is None or len(classes) < 2:
        return None
    numbers = [name for name, kind in source.holds.items() if kind in (NUMBERS, INTEGERS)]
    for first in (name for name in numbers if name.endswith(classes[0])):
        names = [first.removesuffix(classes[0]) + name for name in classes]
        if set(names) <= set(numbers):
            _check_none_left(source, names)
            return Values(tuple(names), tuple(classes))
    return None


def _check_none_left(source: Source, names: list[str]) -> None:
    """Refuse a column that may be a class which no label of this file has."""
    usual = {*VALUES, *PREDICTION, *CONFIDENCE, *CORRECT, *ERROR, "loss", "entropy"}
    left = [n for n, kind in source.holds.items() if kind == NUMBERS and n not in names and _plain(n) not in usual]
    left = [name for name in left if _stem(name)[0] is None and name]
    if left:
        raise InputError(
            f"{source.title} has columns called as the labels are ({', '.join(names[:3])} …) and also {left[0]!r}, "
            "which may be one more class: name the columns of all classes (--logit-columns)"
        )


def _confidence(source: Source, label: str | None, values: Values | None, input: str | None) -> Confidence | None:
    """The reading as a confidence, if it is complete; a number such as `probability` may be one where no rows are."""
    numbers = (NUMBERS, INTEGERS)
    confidence = _only(source, CONFIDENCE, (*numbers, TEXTS), "confidence", "--logit-columns")
    alone = values is not None and len(values.columns) == 1 and source.holds[values.columns[0]] in numbers
    if confidence is None and values is not None and alone:
        confidence = values.columns[0]
    if confidence is None:
        return None
    correct = _only(source, CORRECT, (*numbers, TEXTS), "correctness", "--label-column")
    error = _only(source, ERROR, (*numbers, TEXTS), "error", "--label-column")
    kinds = (*numbers, TEXTS)
    prediction = _only(source, PREDICTION, kinds, "prediction", "--label-column") if label is not None else None
    if correct is None and error is None and prediction is None:
        return None
    return Confidence(confidence, correct, error, prediction)
