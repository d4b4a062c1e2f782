"""Selective risk: how well a classifier knows when to abstain, as an `evaluate` metric; needs abstain."""

import evaluate  # noqa: F401 - what the loader takes for a metric's script imports it

from abstain.metric import SelectiveRisk  # noqa: F401 - the loader takes the class that it finds here
