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
"""Module of the package, before -> where to look now; where it was divided, `NAMES` says it of names too."""

_EXPERIMENTS = ("check_source", "environment", "parse_recipe", "run_settings", "without_folders")
NAMES = {
    "abstain.training": {name: "abstain.experiments" for name in (*_EXPERIMENTS, "begin_run", "write_run_results")}
    | {"check_at_least": "abstain._checks", "write_results": "abstain.report"}
    | {"training_summary": "abstain.experiments.train_run"},
    "abstain.models": {
        "load_image_classifier": "abstain.models.load_classifier",
        "load_pretrained": "abstain.models.load_classifier",
        "new_image_classifier": "abstain.models.new_classifier",
    },
    "abstain.scores": {"named_score": "abstain.scores.named_confidence"},
    "abstain.data": {"class_names": "abstain.data.with_classes", "check_classes": "abstain.data.with_classes"},
    "abstain.logits": {
        "PixelChoice": "abstain.data.PixelChoice",
        "find_input_column": "abstain.data.find_column",
        "check_head": "abstain.data.with_head_classes",
    },
}
"""Room -> name that was in the module of that name, or that a moved module had -> where to look now."""


def explain(package: str, name: str) -> Exception:
    """What to raise where `package` has no `name`: for an old one it says where to look now."""
    if package == "abstain" and name in MOVED:
        return ImportError(f"abstain.{name} has moved: import from abstain.{MOVED[name]}", name=package)
    if name in NAMES.get(package, ()):
        return ImportError(f"{package}.{name} has moved: see {NAMES[package][name]}", name=package)
    return AttributeError(f"module {package!r} has no attribute {name!r}")


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
