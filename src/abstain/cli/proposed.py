"""How the command lines that are proposed name the samples that were given."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from abstain.cli.options import FittedOn, Place, Reading, options_of

if TYPE_CHECKING:
    from abstain.report.next_steps import Commands


def commands_of(test: Place, reading: Reading, apart: FittedOn) -> Commands:
    """Of test samples that lie in a place, read as told, and of those that are fitted on."""
    from abstain.report.next_steps import Commands

    source, labels, split = apart.place
    others = test[:2] if source is None else (source, labels)
    has_place, are_shared = source is not None or split is not None, apart.validation_fraction is not None
    validation = _words(*test) if are_shared else _words(*others, split) if has_place else Commands.validation
    return Commands(_words(*test), validation, shlex.join(options_of(vars(reading))), are_shared=are_shared)


def _words(source: str, labels: str | None, split: str | None) -> str:
    source = f"./{source}" if source.startswith("-") else source  # or it would be taken for an option
    return shlex.join([source, *options_of({"labels": labels, "split": split})])
