"""What a card says that only a person can say: as an object, and as a YAML file beside a model."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from abstain._checks import InputError, check_keys, first_line

WORDS_FILE = "card.yaml"
"""Read where it stands beside a model, and not sent."""


@dataclass(frozen=True, kw_only=True)
class CardWords:
    """Texts in Markdown; a card leaves out what nobody said.

    Attributes:
        summary: what the model is, in place of one sentence of its architecture.
        purpose: what it is for, and what not, in place of what is said of its task.
        dataset: of the data that it was trained on, the name on the Hub.
        dataset_name: what people call them.
        dataset_copy: in what they differ from the data of that name; None where in nothing.
        data_license: under which licence the data are.
        license: of the weights, by the Hub's name for it.
        command: what trains it anew, for a shell.
        source: where the method comes from, and what differs from it.
        caveat: what the numbers do not say.
    """

    summary: str | None = None
    purpose: str | None = None
    dataset: str | None = None
    dataset_name: str | None = None
    dataset_copy: str | None = None
    data_license: str | None = None
    license: str | None = None
    command: str | None = None
    source: str | None = None
    caveat: str | None = None


def read_words(path: Path) -> CardWords:
    """The words of a YAML file whose keys are those of `CardWords`.

    Raises:
        InputError: it cannot be read, a key is unknown, or a value is no text.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{str(path)!r} cannot be read as YAML ({first_line(error)}): look at it") from error
    try:
        check_keys("card", values, known=[field.name for field in fields(CardWords)])
    except InputError as error:
        raise InputError(f"{str(path)!r} holds no words of a card ({error})") from error
    wrong = next((key for key, value in values.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise InputError(f"{wrong} is no text in {str(path)!r}: put it into quotes")
    return CardWords(**{key: value.strip() for key, value in values.items()})
