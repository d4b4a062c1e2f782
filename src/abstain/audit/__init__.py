"""What is wrong with a model, why, and what to do about it.

Each name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.audit.equal_confidence import normalization_at_equal_msp, partial_correlation
    from abstain.audit.estimate import Estimate
    from abstain.audit.mechanism import predicted_suppression, suppression_gradient
    from abstain.audit.suppression import SuppressionOverSeeds, suppression

__all__ = [
    "Estimate",
    "SuppressionOverSeeds",
    "normalization_at_equal_msp",
    "partial_correlation",
    "predicted_suppression",
    "suppression",
    "suppression_gradient",
]

__getattr__ = lazy_names(
    __name__,
    {
        "equal_confidence": ["normalization_at_equal_msp", "partial_correlation"],
        "estimate": ["Estimate"],
        "mechanism": ["predicted_suppression", "suppression_gradient"],
        "suppression": ["SuppressionOverSeeds", "suppression"],
    },
)
