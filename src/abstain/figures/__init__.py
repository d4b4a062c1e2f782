"""The figures of the paper, each from computed values and in one style.

Each name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.figures.confident_errors import ConfidentErrors, confident_errors_figure, most_confident_errors
    from abstain.figures.equal_confidence import (
        AtEqualConfidence,
        at_equal_confidence,
        max_logit_at_equal_confidence,
        normalized_max_logit_at_equal_confidence,
    )
    from abstain.figures.equal_confidence_figure import at_equal_confidence_figure
    from abstain.figures.pixel_ranks import RankMaps, rank_maps, rank_maps_figure
    from abstain.figures.profiles import LogitProfile, logit_profile, logit_profile_figure
    from abstain.figures.repair import repair_figure
    from abstain.figures.sources import AcceptedBySource, accepted_by_source, accepted_table
    from abstain.figures.suppression import Suppression, suppression_figure

__all__ = [
    "AcceptedBySource",
    "AtEqualConfidence",
    "ConfidentErrors",
    "LogitProfile",
    "RankMaps",
    "Suppression",
    "accepted_by_source",
    "accepted_table",
    "at_equal_confidence",
    "at_equal_confidence_figure",
    "confident_errors_figure",
    "logit_profile",
    "logit_profile_figure",
    "max_logit_at_equal_confidence",
    "most_confident_errors",
    "normalized_max_logit_at_equal_confidence",
    "rank_maps",
    "rank_maps_figure",
    "repair_figure",
    "suppression_figure",
]

__getattr__ = lazy_names(
    __name__,
    {
        "confident_errors": ["ConfidentErrors", "confident_errors_figure", "most_confident_errors"],
        "equal_confidence": [
            "AtEqualConfidence",
            "at_equal_confidence",
            "max_logit_at_equal_confidence",
            "normalized_max_logit_at_equal_confidence",
        ],
        "equal_confidence_figure": ["at_equal_confidence_figure"],
        "pixel_ranks": ["RankMaps", "rank_maps", "rank_maps_figure"],
        "profiles": ["LogitProfile", "logit_profile", "logit_profile_figure"],
        "repair": ["repair_figure"],
        "sources": ["AcceptedBySource", "accepted_by_source", "accepted_table"],
        "suppression": ["Suppression", "suppression_figure"],
    },
)
