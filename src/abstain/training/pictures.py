"""The risk-coverage curve of an evaluation as a picture for the trackers of experiments that take one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import TrainerCallback
from transformers.integrations.integration_utils import (
    TensorBoardCallback,
    TrackioCallback,
    WandbCallback,
    rewrite_logs,
)

from abstain._checks import first_line
from abstain.curve.curve import RiskCoverageCurve
from abstain.report.figures import curve_figure
from abstain.report.pictures import pixels_of

Picture = NDArray[np.uint8]
Taker = Callable[[str, Picture, int], None]

NAME = "risk_coverage"
STEP = "train/global_step"
"""Under which transformers tells trackers the step of what it logs."""


def log_curve(
    callbacks: Iterable[TrainerCallback],
    curve: RiskCoverageCurve,
    *,
    prefix: str,
    title: str,
    step: int,
    independent: bool = True,
) -> None:
    """Give the risk-coverage curve of MSP to each tracker that takes pictures; without any, it is not drawn.

    What goes wrong there is a warning, for no training should end by it.

    Args:
        callbacks: of a trainer, which has logged the metrics of this evaluation, and so has begun the run of each.
        curve: of 0/1 errors.
        prefix: of the evaluation's metrics, `eval` or `eval_NAME`, beside which trackers show it.
        title: of the figure.
        step: of the training.
        independent: whether the samples are; where they are not, the picture is without intervals.
    """
    takers = [taker for taker in map(_taker_of, callbacks) if taker is not None]
    if not takers:
        return
    (name,) = rewrite_logs({f"{prefix}_{NAME}": None})
    with _warning_at_most(prefix):
        picture = pixels_of(curve_figure(title, curve, independent=independent))
        for taker in takers:
            with _warning_at_most(prefix):
                taker(name, picture, step)


def title_of(prefix: str, epoch: float | None) -> str:
    """What an evaluation is called: the name of its data, if it has one, and the epoch, once training has begun.

    Example:
        >>> title_of("eval", 2.0), title_of("eval_digits", 0.5), title_of("eval", 0)
        ('epoch 2', 'digits, epoch 0.5', 'evaluation')
    """
    name = prefix.removeprefix("eval").removeprefix("_")
    return ", ".join(filter(None, [name, f"epoch {round(epoch, 2):g}" if epoch else ""])) or "evaluation"


@contextmanager
def _warning_at_most(prefix: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of matplotlib, or of any tracker and its service
        warnings.warn(f"the risk-coverage curve of {prefix!r} was not logged: {first_line(error)}", stacklevel=1)


def _taker_of(callback: TrainerCallback) -> Taker | None:
    """What takes a name, a picture and a step; None of a callback that is no such tracker, or has no run."""
    if isinstance(callback, TensorBoardCallback) and callback.tb_writer is not None:
        return _of_tensorboard(callback.tb_writer)
    if isinstance(callback, WandbCallback):
        import wandb

        return None if getattr(wandb.run, "disabled", True) else _of_module(wandb)
    if isinstance(callback, TrackioCallback):
        import trackio

        return _of_module(trackio)
    return None


def _of_tensorboard(writer: Any) -> Taker:
    def take(name: str, picture: Picture, step: int) -> None:
        writer.add_image(name, picture, step, dataformats="HWC")
        writer.flush()

    return take


def _of_module(tracker: Any) -> Taker:
    """Of wandb and trackio, whose functions have the same names."""

    def take(name: str, picture: Picture, step: int) -> None:
        tracker.log({name: tracker.Image(picture), STEP: step})

    return take
