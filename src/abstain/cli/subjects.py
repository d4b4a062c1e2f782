"""What `abstain audit` looks at: test samples, and validation samples from beside them or out of them."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abstain._checks import ArgumentError, InputError
from abstain.cli.options import FittedOn, Reading
from abstain.cli.proposed import commands_of

if TYPE_CHECKING:
    from abstain.report import Commands

TEST, VALIDATION, CONFIDENCE = "test", "validation", "confidence"
HELD_OUT = 0.5
"""The share of the samples that is fitted on, where no others are there."""


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """What is audited.

    Attributes:
        test: predictions that are measured.
        validation: others, to fit and to choose on; None where there are none.
        commands: how the command lines that are proposed name them.
        notes: what has to be known of them, in sentences.
        class_names: in the order of the classes, where those that came with the predictions are not to be taken.
        fitted_on: where the validation samples come from, in words; "" where there are none.
    """

    test: Any
    validation: Any
    commands: Commands
    notes: tuple[str, ...] = ()
    class_names: tuple[str, ...] | None = None
    fitted_on: str = ""


def stored(
    source: str, reading: Reading, apart: FittedOn, where: tuple[str | None, str | None], source_column: str | None
) -> Subject:
    """Predictions as they lie somewhere, with validation samples from beside them or out of them.

    Args:
        source: as it was typed.
        reading: what is told of it.
        apart: what is told of the validation samples; nothing takes the split of that name, or else a half.
        where: the labels, where they lie apart, and the split.
        source_column: that tells where each test sample comes from.

    Raises:
        InputError: as `read_predictions`; logits beside a model of another number of classes; a model without data.
    """
    _refuse_model(source)
    from abstain.audit import class_names_beside
    from abstain.inference.rule_file import RULE_FILE
    from abstain.logits.files import folder_of_logits, splits_of

    model, names, (labels, split) = source, class_names_beside(source), where
    source = folder_of_logits(source)
    there = splits_of(source)
    if split is None and TEST in there and len(there) > 1:
        split = TEST
    if not apart.is_given and split == TEST and VALIDATION in there:
        apart = replace(apart, validation_split=VALIDATION)
    elif not apart.is_given:
        apart = replace(apart, validation_fraction=HELD_OUT)
    place = (source, labels, split)
    commands = commands_of(place, reading, apart)
    if names is not None:
        commands = replace(commands, model=model, has_rule=(Path(model).expanduser() / RULE_FILE).is_file())

    def read(*at: str | None) -> Any:
        """Only of the test samples has to be told where they come from."""
        return reading.open(*at, source_column=source_column if at == place else None)  # type: ignore[arg-type]

    if apart.validation_fraction is None:
        both = apart.read(read, place, draws=True, fits=False)
        where_from = apart.validation or source
        told = f"split {apart.validation_split} of {where_from}" if apart.validation_split else where_from
        found = Subject(*both, commands, class_names=names, fitted_on=told)
    else:
        found = replace(held_out(read(*place), apart, commands), class_names=names)
    _check_names(names, found.test, model)
    return found


def _refuse_model(source: str) -> None:
    """A file of a model says nothing until it is run."""
    from abstain.audit.table_models import MODEL_FILES

    path = Path(source).expanduser()
    if path.suffix.lower() in MODEL_FILES and path.is_file():
        raise ArgumentError(
            f"{source!r} is a model, which needs data to be audited: give data= too, a folder of tables with labels or "
            "a data set by its name"
        )


def _check_names(names: tuple[str, ...] | None, test: Any, model: str) -> None:
    """Logits beside a model may be another's."""
    if names is None or test.kind == CONFIDENCE:
        return
    n_classes = max(test.in_batches().n_columns, 2)
    if len(names) != n_classes:
        raise InputError(
            f"{model!r} is the folder of a model of {len(names)} classes, but the logits in it are of {n_classes}: "
            "give the folder of the logits alone, if they are another model's"
        )


def held_out(predictions: Any, apart: FittedOn, commands: Commands) -> Subject:
    """A share of the samples is held out of those that are measured."""
    from abstain.logits.held_out import hold_out

    if len(predictions) < 2:
        return Subject(predictions, None, commands)
    fraction = HELD_OUT if apart.validation_fraction is None else apart.validation_fraction
    validation, test = hold_out(predictions, fraction, seed=apart.seed or 0)
    held = replace(apart, validation_fraction=fraction)
    told = f"{len(validation):,} of {len(predictions):,} samples, drawn at random"
    return Subject(test, validation, commands, tuple(held.notes(test, validation)), fitted_on=told)
