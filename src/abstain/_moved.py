"""Modules by the paths that they had before the package was divided into rooms."""

from __future__ import annotations

import sys

MOVED = {
    "abstention": "inference",
    "binned_curve": "curve",
    "bootstrap": "curve.bootstrap",
    "calibration": "scores",
    "difference": "curve",
    "error_blocks": "curve.error_blocks",
    "extract": "logits",
    "extraction_batch": "logits.batch",
    "fingerprint": "data.fingerprint",
    "groups": "threshold",
    "image_decoding": "data.decoding",
    "image_files": "data",
    "image_processing": "data.processors",
    "image_splits": "data",
    "images": "data",
    "influence": "curve.influence",
    "json_file": "_files",
    "logit_norm": "scores",
    "logits_dataset": "logits",
    "logits_file": "logits",
    "masks": "data",
    "metric_inputs": "metric.inputs",
    "metric_results": "metric.results",
    "model_inputs": "logits",
    "one_call": "curve",
    "packed_sort": "curve.packed_sort",
    "parts": "_threads",
    "pixel_inputs": "logits",
    "pixels": "data.pixels",
    "plots": "report",
    "registration": "metric",
    "released": "hub",
    "results_folder": "report",
    "sharded_extraction": "logits",
    "sketch": "curve",
    "tables": "data",
    "tensor_rows": "data",
    "text": "data",
    "models.classifiers": "models",
    "training.experiment": "experiments",
    "training.recipe": "experiments",
    "training.restore": "training.renamed_weights",
    "training.run": "experiments",
}
"""Path in the package, before -> where to look now."""


class _Signpost:
    """Asked for a module that no other finder has; it finds none, but says where an old one went.

    It has what `importlib.abc.MetaPathFinder` asks for, whose import alone would take most of that of the package.
    """

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Nothing.

        Raises:
            ModuleNotFoundError: `fullname` is an old path.
        """
        package, _, old = fullname.partition(".")
        if package == "abstain" and old in MOVED:
            raise ModuleNotFoundError(f"{fullname} has moved: import from abstain.{MOVED[old]}", name=fullname)


def put_up_signpost() -> None:
    """Have imports of old paths end in a sentence, once however often this is called."""
    if not any(isinstance(finder, _Signpost) for finder in sys.meta_path):
        sys.meta_path.append(_Signpost())
