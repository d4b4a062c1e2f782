"""The `evaluate` module `selective_risk`, and its registration; its scripts import `SelectiveRisk` from here."""

from abstain.metric.registration import register, registered_folder, unregister
from abstain.metric.selective_risk import SelectiveRisk, load_metric

__all__ = [
    "SelectiveRisk",
    "load_metric",
    "register",
    "registered_folder",
    "unregister",
]
