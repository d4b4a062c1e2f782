"""Wrong inputs of every door, and a piece of the sentence that each must end in."""

from wrong_inputs import of_curves, of_losses, of_metric, of_scores  # noqa: F401 - which fill the table
from wrong_inputs.of_commands import COMMANDS, write_sources
from wrong_inputs.of_curves import SKETCH
from wrong_inputs.of_files import FILES
from wrong_inputs.of_metric import METRIC
from wrong_inputs.of_page import UPLOADS
from wrong_inputs.values import CASES, flipped

__all__ = ["CASES", "COMMANDS", "FILES", "METRIC", "SKETCH", "UPLOADS", "flipped", "write_sources"]
