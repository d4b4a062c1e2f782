"""What columns of predictions are usually called, and how a column is found by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from abstain._checks import ArgumentError, InputError, nearest
from abstain.logits.source import Source

LABEL = (
    "label labels label_id label_ids target targets y y_true true_label true_labels truth ground_truth gt gold "
    "actual class"
).split()
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
BESIDE = [
    *(*LABEL, *PREDICTION, *CONFIDENCE),
    *"id idx index row fold split group sample epoch step seed weight weights sample_weight loss entropy".split(),
]
"""What is no class's value where the columns are called as the classes are."""
SAMPLE = "sample"
"""The image of a pixel, in a logits data set."""
CLASS_WORDS = "class label cls category".split()
"""What stands before the number of a class: in the name of its column, alone or beside a word of `VALUES`."""
_NO_CLASS = "fold model run seed epoch member rater annotator".split()
"""What is numbered where one of these stands before a number: it is no class."""
_IN_ORDER_OF_SIZE = "top rank".split()
"""Of such a word's columns each holds the value of another class in each row."""


_SPLITS = "(train|val|valid|validation|dev|eval|test)"
_NUMBER_LAST = re.compile(r"(.*?)[\s_\-.\[(=]*(\d+)(?:\s*\|\s*[xX])?[\])]*")
_NUMBER_INSIDE = re.compile(rf"({'|'.join(CLASS_WORDS)})?_*(\d+)_+(.+)")
_OF_A_SPLIT = re.compile(rf"^{_SPLITS}_(?=.)|(?<=.)_{_SPLITS}$")


def plain(name: str) -> str:
    """A name as it is compared: in lower case, with _ for whatever divides its words, without that of a split."""
    return _OF_A_SPLIT.sub("", _lower(name))


def split_of(name: str) -> str | None:
    """The split that a name begins or ends with; None of a name without."""
    found = _OF_A_SPLIT.search(_lower(name))
    if found is None:
        return None
    split = found[1] or found[2]
    return "validation" if split in ("val", "valid", "dev") else split


def _lower(name: str) -> str:
    return re.sub(r"[\s\-.()\[\]=]+", "_", name.strip(" \t\n()[]").lower())


def describe_columns(source: Source) -> str:
    """The beginning of a sentence: which columns there are."""
    names = [name or "(unnamed)" for name in source.holds]
    return f"{source.title} has the columns {', '.join(names[:10])}" + (" …" if len(names) > 10 else "")


def column_called(source: Source, name: str, option: str) -> str:
    """`name` if there is such a column.

    Raises:
        InputError: there is none (with the nearest one, and the option that named it).
    """
    if name in source.holds:
        return name
    raise ArgumentError(f"{source.title} has no column {name!r} ({option}): {nearest(name, source.holds)}")


def only_column(source: Source, names: Sequence[str], kinds: Sequence[str], what: str, option: str) -> str | None:
    """The only column with one of these names and kinds; None without any.

    Raises:
        InputError: there are several (with the option that decides between them).
    """
    found = [name for name, kind in source.holds.items() if kind in kinds and plain(name) in names]
    if len(found) > 1:
        both = " and ".join(map(repr, found))
        raise InputError(f"{source.title} has the columns {both}, which can both be the {what}: name one ({option})")
    return found[0] if found else None


def stem_and_number(name: str) -> tuple[str | None, int]:
    """What stands before the number that a name ends in, as it is compared, and this number; (None, 0) without one.

    Of a number between a word for classes and one of `VALUES`, `class_3_prob`, both of them.
    """
    match = _NUMBER_LAST.fullmatch(name.strip())
    if match:
        return plain(match[1]), int(match[2])
    match = _NUMBER_INSIDE.fullmatch(plain(name))
    if match and match[3] in VALUES:
        return "_".join(filter(None, (match[1], match[3]))), int(match[2])
    return None, 0


def tells_values(stem: str) -> bool:
    """Whether a stem tells that its columns are the classes' values: by one of its words, or by having none."""
    words = stem.split("_")
    if words[-1] in _NO_CLASS or not {*words}.isdisjoint(_IN_ORDER_OF_SIZE):
        return False
    return not stem or not {*words}.isdisjoint([*VALUES, *LISTS_ONLY])


def without_class_words(stem: str) -> str:
    """A stem without its words for classes: `prob` of `prob_class` and `p` of `p_y`, and nothing of `class`."""
    return "_".join(word for word in stem.split("_") if word not in [*CLASS_WORDS, "y"])


def listed(names: Iterable[str], most: int = 8) -> str:
    """Names for a sentence: all, or of many and of numbered ones the first and the last."""
    names = [name or "an unnamed one" for name in names]
    numbered = stem_and_number(names[0])[0] is not None
    if len(names) < 3 or (len(names) <= most and not numbered):
        return ", ".join(names)
    return f"{names[0]} … {names[-1]}" if numbered else f"{names[0]}, {names[1]} … {names[-1]}"
