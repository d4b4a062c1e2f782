"""The seam between training and evaluation: files and data sets of logits, and how a model's are made.

Making: `inputs` reads images, texts and rows of a table as a checkpoint wants them, `pixels` images with a class a
pixel, `batch` is what goes in and comes out; `heads` and `forward` say how a model runs, `extract` keeps its logits in
memory, `sharded` in files; `dataset` writes and reads these.
Reading: `sources` opens a file, folder, name or object as one `source` of named columns, by `files`, `csv_file`,
`csv_in_blocks`, `decimal_commas`, `json_lines`, `folders` and `data_set_on_hub`, and `labels_file` labels that lie
apart; `names` says what columns are usually called, `value_columns`, `called_as_classes` and `numbered_from_one` which
hold the values, `choice` which reading is meant, `class_labels` what a label is, `order_of_classes` which value is
whose, `correctness` what tells errors, `groups` which rows depend on each other.
`opening` puts these together, for `predictions` in memory and `opened` in batches, as `small_or_large` decides;
`held_out` parts validation from test, and `shared_samples` finds what is in both. Logs of language models: `sample_log`
reads one, by `answers` and `targets`.

Each name is imported when it is first used, so that a file of numbers never waits for what trains models.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.logits.batch import Batch
    from abstain.logits.dataset import read_logits, write_logits
    from abstain.logits.extract import extract_logits
    from abstain.logits.forward import ExtractionPlan, processes
    from abstain.logits.held_out import hold_out
    from abstain.logits.inputs import ImageInputs, TableInputs, TextInputs
    from abstain.logits.opened import OpenPredictions
    from abstain.logits.pixels import PixelInputs
    from abstain.logits.predictions import Predictions, read_predictions
    from abstain.logits.sharded import extract_shards
    from abstain.logits.small_or_large import open_predictions, read_or_open

__all__ = [
    "Batch",
    "ExtractionPlan",
    "ImageInputs",
    "OpenPredictions",
    "PixelInputs",
    "Predictions",
    "TableInputs",
    "TextInputs",
    "extract_logits",
    "extract_shards",
    "hold_out",
    "open_predictions",
    "processes",
    "read_logits",
    "read_or_open",
    "read_predictions",
    "write_logits",
]

__getattr__ = lazy_names(
    __name__,
    {
        "batch": ["Batch"],
        "dataset": ["read_logits", "write_logits"],
        "extract": ["extract_logits"],
        "forward": ["ExtractionPlan", "processes"],
        "held_out": ["hold_out"],
        "inputs": ["ImageInputs", "TableInputs", "TextInputs"],
        "opened": ["OpenPredictions"],
        "small_or_large": ["open_predictions", "read_or_open"],
        "pixels": ["PixelInputs"],
        "predictions": ["Predictions", "read_predictions"],
        "sharded": ["extract_shards"],
    },
)
