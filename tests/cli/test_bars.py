import sys

import datasets
from transformers.utils import logging

from abstain.cli.bars import bars_for_people


def test_bars_are_left_out_where_nobody_watches_and_come_back(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    before = logging.is_progress_bar_enabled(), datasets.are_progress_bars_disabled()
    with bars_for_people():
        assert not logging.is_progress_bar_enabled() and datasets.are_progress_bars_disabled()
    assert (logging.is_progress_bar_enabled(), datasets.are_progress_bars_disabled()) == before

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with bars_for_people():
        assert (logging.is_progress_bar_enabled(), datasets.are_progress_bars_disabled()) == before
