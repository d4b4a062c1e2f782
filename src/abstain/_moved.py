"""Modules by the paths that they had before the package was divided into rooms."""

from __future__ import annotations

import sys

MOVED = {
    "abstention": "inference",
    "binned_curve": "curve",
    "bootstrap": "curve.coverage_interval",
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
"""Module of the package, before -> where to look now, but for those of its names that `NAMES` has."""

_SETTINGS, _FOLDER, _RESULTS = (f"abstain.experiments.{file}" for file in ("settings", "run_folder", "results"))
_RUN = {"begin_run": "abstain.experiments.start_run", "run_settings": f"{_SETTINGS}.run_settings"}
_EXPERIMENT = {
    "check_source": f"{_FOLDER}.check_source",
    "training_summary": "abstain.experiments.train_run",
    "write_run_results": f"{_RESULTS}.write_run_results",
}
NAMES = {
    "abstain.training": {name: f"abstain.experiments.{name}" for name in ("environment", "without_folders")}
    | {"parse_recipe": "abstain.experiments.parse_recipe", "check_at_least": "abstain._checks.check_at_least"}
    | {"write_results": "abstain.report.write_results", **_RUN, **_EXPERIMENT},
    "abstain.training.experiment": {**_EXPERIMENT, "FingerprintedSplit": f"{_RESULTS}.FingerprintedSplit"},
    "abstain.training.run": {**_RUN, "git_revision": f"{_SETTINGS}.git_revision"},
    "abstain.models": {
        "load_image_classifier": "abstain.models.load_classifier",
        "load_pretrained": "abstain.models.load_classifier",
        "new_image_classifier": "abstain.models.new_classifier",
    },
    "abstain.scores": {
        "named_score": "abstain.scores.named_confidence",
        "ProbabilityScore": "abstain.scores.OfProbabilities",
    },
    "abstain.threshold": {"upper_bound": "abstain.threshold.bounds.upper_bound"},
    "abstain.data": {"class_names": "abstain.data.with_classes", "check_classes": "abstain.data.with_classes"}
    | {"without_bad_samples": "abstain.data.skip_bad_images"},
    "abstain.image_decoding": {"without_bad_images": "abstain.data.skip_bad_images"},
    "abstain.logits": {
        "PixelChoice": "abstain.data.PixelChoice",
        "find_input_column": "abstain.data.find_column",
        "check_head": "abstain.data.with_head_classes",
        "holds_pixels": "abstain.logits.read_predictions",
        "read_logits_file": "abstain.logits.read_predictions",
    },
    "abstain.pixels": {
        "LabelledPixels": "abstain.logits.pixels.LabelledPixels",
        "extract_pixel_logits": "abstain.SelectiveTrainer.save_with_logits",
    },
}
"""Room or module, before -> name that it, or a module that moved into it, had -> the name to look for now."""


def explain(package: str, name: str) -> Exception:
    """What to raise where `package` has no `name`: for an old one it says where to look now."""
    if package == "abstain" and name in MOVED:
        return ImportError(_new_place(name), name=package)
    if name in NAMES.get(package, ()):
        return ImportError(f"{package}.{name} has moved: see {NAMES[package][name]}", name=package)
    return AttributeError(f"module {package!r} has no attribute {name!r}")


def _new_place(old: str) -> str:
    """What is said of an old module, and of its names that went elsewhere."""
    elsewhere = "".join(f"; for {name} see {new}" for name, new in NAMES.get(f"abstain.{old}", {}).items())
    return f"abstain.{old} has moved: import from abstain.{MOVED[old]}{elsewhere}"


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
            raise ModuleNotFoundError(_new_place(old), name=fullname)


def put_up_signpost() -> None:
    """Have imports of old paths end in a sentence, once however often this is called."""
    if not any(isinstance(finder, _Signpost) for finder in sys.meta_path):
        sys.meta_path.append(_Signpost())
