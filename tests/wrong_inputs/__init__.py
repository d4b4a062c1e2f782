"""Wrong inputs of the Python functions: what is called, and a piece of the one sentence that it must end in."""

from wrong_inputs import of_curves, of_losses, of_scores  # noqa: F401 - which fill the table
from wrong_inputs.of_curves import SKETCH
from wrong_inputs.values import CASES, flipped

__all__ = ["CASES", "SKETCH", "flipped"]
