"""The seam between training and evaluation: files and data sets of logits, and how a model's are made.

Each name is imported when it is first used, so that a file of numbers never waits for what trains models.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.logits.batch import Batch
    from abstain.logits.dataset import read_logits, write_logits
    from abstain.logits.extract import extract_logits
    from abstain.logits.files import holds_pixels, read_logits_file
    from abstain.logits.forward import ExtractionPlan, processes
    from abstain.logits.inputs import ImageInputs, TableInputs, TextInputs
    from abstain.logits.pixels import PixelInputs
    from abstain.logits.sharded import extract_shards

__all__ = [
    "Batch",
    "ExtractionPlan",
    "ImageInputs",
    "PixelInputs",
    "TableInputs",
    "TextInputs",
    "extract_logits",
    "extract_shards",
    "holds_pixels",
    "processes",
    "read_logits",
    "read_logits_file",
    "write_logits",
]

__getattr__ = lazy_names(
    __name__,
    {
        "batch": ["Batch"],
        "dataset": ["read_logits", "write_logits"],
        "extract": ["extract_logits"],
        "files": ["holds_pixels", "read_logits_file"],
        "forward": ["ExtractionPlan", "processes"],
        "inputs": ["ImageInputs", "TableInputs", "TextInputs"],
        "pixels": ["PixelInputs"],
        "sharded": ["extract_shards"],
    },
)
