"""The figures of the paper, each from computed values and in one style.

Each name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.figures.sources import AcceptedBySource, accepted_by_source, accepted_table

__all__ = ["AcceptedBySource", "accepted_by_source", "accepted_table"]

__getattr__ = lazy_names(__name__, {"sources": ["AcceptedBySource", "accepted_by_source", "accepted_table"]})
