"""Progress bars are for people: none where nobody watches standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def bars_for_people() -> Iterator[None]:
    """Without the bars of transformers and datasets where standard error is no terminal."""
    import datasets
    from transformers.utils import logging

    watched = sys.stderr.isatty()
    of_models = not watched and logging.is_progress_bar_enabled()
    of_data = not watched and datasets.are_progress_bars_disabled() is False
    if of_models:
        logging.disable_progress_bar()
    if of_data:
        datasets.disable_progress_bars()
    try:
        yield
    finally:
        if of_models:
            logging.enable_progress_bar()
        if of_data:
            datasets.enable_progress_bars()
