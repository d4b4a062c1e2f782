"""What is wrong with a model, why, and what to do about it.

Each name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.audit.diagnosis import Diagnosis, diagnose

__all__ = [
    "Diagnosis",
    "diagnose",
]

__getattr__ = lazy_names(
    __name__,
    {
        "diagnosis": ["Diagnosis", "diagnose"],
    },
)
