"""Warnings of what is read and scored, to stand where the results are."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

OF_THE_DATA = (UserWarning, RuntimeWarning)
"""Others, such as those on what a library will change, are for programmers."""


@contextmanager
def warnings_kept() -> Iterator[list[str]]:
    """Keep the warnings on the data that are raised inside, each text once; others go their usual way afterwards.

    They name options as they are typed, as all that a command says.
    """
    from abstain.cli.commands import typed  # here, for it imports the commands, which import this

    kept: list[str] = []
    with warnings.catch_warnings(record=True) as raised:
        for category in OF_THE_DATA:
            warnings.simplefilter("always", category)
        yield kept
    for warning in raised:
        if issubclass(warning.category, OF_THE_DATA):
            kept.append(typed(" ".join(str(warning.message).split()).removesuffix(".")))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    kept[:] = dict.fromkeys(kept)
