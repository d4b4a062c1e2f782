"""`abstain register`."""

from __future__ import annotations

from typing import Annotated

import typer


def register(
    undo: Annotated[bool, typer.Option("--undo", help="Remove what was written, and nothing else.")] = False,
) -> None:
    """Make evaluate.load("selective_risk") work on this machine, from any directory and without a network.

    Writes the metric's script, a few lines, into the cache of `evaluate` (HF_MODULES_CACHE, in HF_HOME unless set).
    Done again it changes nothing. abstain.load_metric() needs no registration.
    """
    from abstain.metric.registration import register, unregister

    if not undo:
        typer.echo(f'evaluate.load("selective_risk") is registered in {register()}')
    elif removed := unregister():
        typer.echo(f"removed {removed}")
    else:
        typer.echo('evaluate.load("selective_risk") was not registered: nothing to remove')
