"""A model's card: what it is for, how well it knows when to abstain, how to load it, and an index for machines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from abstain._checks import InputError, check_choice, first_line
from abstain.data.splits import EMBEDDED
from abstain.hub.card_words import CardWords
from abstain.hub.measurements import Measurements, measurements_of
from abstain.hub.model_size import ModelSize
from abstain.hub.training_table import training_table
from abstain.inference.abstention import AbstentionRule

TEMPLATES = Path(__file__).with_name("templates")
MARK = "<!-- Rendered by abstain from the files beside it; a card without this line is left as it is. -->"
LOCAL = "a folder of its author"
MOST_NAMES = 12
"""Of classes that a card lists."""
TAGS = ("selective-classification", "abstain")


@dataclass(frozen=True)
class Task:
    """What the card of a task calls things.

    Attributes:
        samples: what the model is trained on, in the plural.
        measured: what an error is counted of, in the plural.
        model_class: loads the model alone by `from_pretrained`.
        template: the file of the passages that only cards of this task have.
    """

    samples: str
    measured: str
    model_class: str
    template: str


TASKS = {
    "image-classification": Task("images", "images", "AutoModelForImageClassification", "image.md"),
    "image-segmentation": Task("images", "pixels", "AutoModelForSemanticSegmentation", "segmentation.md"),
    "text-classification": Task("texts", "texts", "AutoModelForSequenceClassification", "text.md"),
    "tabular-classification": Task("rows", "rows", "AutoModel", "table.md"),
}
"""Tasks by the Hub's names for them."""


@dataclass(frozen=True)
class Sibling:
    """A model that differs from another in little, such as the smoothing factor.

    Attributes:
        name: on the Hub, `user/model`.
        said: in what it differs, in words; empty where nobody knows.
    """

    name: str
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What is known of a model without asking anybody.

    Attributes:
        name: of the model.
        task: one of `TASKS`.
        location: a Python expression of where it is loaded from, such as `"user/model"` in quotes.
        architecture: the class of the model.
        model_type: by transformers' name for it.
        is_ours: whether `import abstain.models` has to register it.
        size: its parameters and operations.
        class_names: in the order of the classes.
        results: what `results.json` holds; None without one.
        rule: when it answers; None where it has none.
        figure: the file of the risk-coverage curve beside the card; None without one.
        splits: of the logits beside the model.
        logits: the data set of logits on the Hub, `user/logits`, in which the model's name is the configuration.
        siblings: that are to be linked.
        row: of tables, values of each column; empty of other models.
        side: of images, the height in pixels that the model is made for.
    """

    name: str
    task: str
    location: str
    architecture: str
    model_type: str
    is_ours: bool
    size: ModelSize
    class_names: tuple[str, ...] = ()
    results: Mapping[str, Any] | None = None
    rule: AbstentionRule | None = None
    figure: str | None = None
    splits: tuple[str, ...] = ()
    logits: str | None = None
    siblings: tuple[Sibling, ...] = ()
    row: Mapping[str, Any] | None = None
    side: int = 224

    @property
    def repository(self) -> str | None:
        """The name on the Hub, where it is loaded from there."""
        found = re.fullmatch(r'"([^"/]+/[^"/]+)"', self.location)
        return found[1] if found else None

    @property
    def alpha(self) -> float | None:
        """The label-smoothing factor; None where nobody wrote it down."""
        training = ((self.results or {}).get("settings") or {}).get("training") or {}
        return training.get("label_smoothing_factor")

    @property
    def has_fingerprints(self) -> bool:
        """Whether its results say which data they are of."""
        return any("sha256" in split for split in ((self.results or {}).get("data") or {}).values())

    @property
    def data_name(self) -> str | None:
        """What its results call the data: a name on the Hub, or the last part of a folder's path."""
        return (((self.results or {}).get("settings") or {}).get("data") or {}).get("dataset_name")

    @property
    def test_split(self) -> str:
        """The split that was measured."""
        return (((self.results or {}).get("settings") or {}).get("data") or {}).get("test_split") or "test"


def render_card(facts: ModelFacts, words: CardWords | None = None, *, tags: Iterable[str] = (), **header: Any) -> str:
    """The card of one model, in the Hub's form: a header that machines read, then Markdown.

    Args:
        facts: of the model, as `facts_of` finds them in a folder.
        words: what only a person can say of it; a card is whole without.
        tags: beside those that all have.
        **header: what else machines read, such as `language` and `base_model` (see `ModelCardData`).

    Raises:
        InputError: the task is none of `TASKS`, or the results are no results.
    """
    words = words or CardWords()
    task = TASKS[check_choice("task", facts.task, TASKS)]
    measured = measurements_of(facts.results)
    card = ModelCard.from_template(
        _card_data(facts, words, measured, tags, header),
        template_str=_template(task.template),
        facts=facts,
        words=words,
        task=task,
        mark=MARK,
        classes=_listed(facts.class_names),
        measured=measured,
        smoothing=None if facts.alpha is None else f"{facts.alpha:g}",
        data=_data_sentence(facts, words),
        training=training_table(facts.results or {}, task.samples),
    )
    return re.sub(r"\n{3,}", "\n\n", str(card)).rstrip() + "\n"


def may_be_rendered(card: Path) -> bool:
    """Whether a card is missing, or no person wrote it: it is one of ours, or the one that a stock `Trainer` makes.

    Raises:
        InputError: it is no text.
    """
    if not card.is_file():
        return True
    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{str(card)!r} cannot be read ({first_line(error)}): save it as UTF-8") from error
    return MARK in text or "according to the information the Trainer had access to" in text


def _template(name: str) -> str:
    """The frame that all cards share, with the passages of one task in their places."""
    frame = (TEMPLATES / "frame.md").read_text(encoding="utf-8")
    passages = re.split(r"<!-- (\w+) -->\n", (TEMPLATES / name).read_text(encoding="utf-8"))
    for place, text in zip(passages[1::2], passages[2::2], strict=True):
        frame = frame.replace(f"[[ {place} ]]", text.strip())
    return frame


def _listed(names: tuple[str, ...]) -> str:
    """The first names of the classes, in brackets; none of those that only number them."""
    if all(name == f"LABEL_{index}" for index, name in enumerate(names)):
        return f"(of which it knows no names, but the numbers 0 to {len(names) - 1})"
    return f"({', '.join(names[:MOST_NAMES])}{', …' if len(names) > MOST_NAMES else ''})"


def _card_data(
    facts: ModelFacts, words: CardWords, measured: Measurements | None, tags: Iterable[str], header: Mapping[str, Any]
) -> ModelCardData:
    library = "abstain" if facts.is_ours else "transformers"
    dataset = words.dataset or (facts.data_name if "/" in (facts.data_name or "") else None)
    found = {"label-smoothing": facts.alpha, "timm": facts.model_type == "timm_wrapper"}
    return ModelCardData(
        library_name=library,
        pipeline_tag=facts.task,
        license=words.license,
        datasets=[str(dataset)] if dataset else None,
        tags=list(dict.fromkeys([*TAGS, *(tag for tag, holds in found.items() if holds), *tags])),
        model_name=facts.name,
        eval_results=None if measured is None else list(_index(facts, words, measured)),
        **header,
    )


def _index(facts: ModelFacts, words: CardWords, measured: Measurements) -> Iterator[EvalResult]:
    """The numbers for machines, filed under the data that were really measured."""
    told = {"differs_from_the_original": words.dataset_copy} if words.dataset_copy else {}
    if words.dataset_copy:  # which is not the data set of that name
        kind = f"{(words.dataset or facts.data_name or 'data').rpartition('/')[2]}-copy"
    else:
        kind = words.dataset or facts.data_name or "unspecified"
    name = words.dataset_name or (facts.data_name if "/" in (facts.data_name or "") else None)
    embedded = facts.data_name if facts.data_name in EMBEDDED else None
    name = name or embedded or f"{facts.data_name or 'Data'} ({LOCAL})"
    return measured.index(facts.task, kind, name, facts.test_split, **told)


def _read_from(data_name: str | None) -> str:
    """Where data without a name on the Hub were read from, as far as results tell."""
    if data_name is None:
        return ""
    return ", and are made by this package" if data_name in EMBEDDED else f", and were read from {LOCAL}"


def _data_sentence(facts: ModelFacts, words: CardWords) -> str:
    """What it was trained on, and under which licence these data are."""
    name = words.dataset_name or facts.data_name
    if name is None:
        return "Nobody wrote down what it was trained on, nor under which licence these data are."
    license = f"Their licence: {words.data_license}." if words.data_license else "Their licence is not stated here."
    on_hub = words.dataset or (name if "/" in name else None)
    if on_hub is None:
        return f"The data are called `{name}`{_read_from(facts.data_name)}. {license}"
    link = f"[{name}](https://huggingface.co/datasets/{on_hub})"
    copy = f" They are a copy that differs: {words.dataset_copy}." if words.dataset_copy else ""
    return f"The data are {link}.{copy} {license}"
