"""A classifier as a folder for onnxruntime: the ONNX file, and all that stands beside it."""

from __future__ import annotations

import copy
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from abstain._checks import ArgumentError, InputError, first_line
from abstain.data.tables import TableEncoder
from abstain.inference.kept_validation import check_target
from abstain.inference.loading import LOGITS, VALIDATION, Source, rule_beside, save_processor
from abstain.inference.onnx_file import ONNX_FILE, Exported
from abstain.inference.onnx_model import LOGITS as OUTPUT
from abstain.inference.onnx_model import (
    MODEL,
    PREPARED,
    PROVIDERS,
    OnnxModel,
    data_files,
    need_packages,
    refuse_onnx,
)
from abstain.inference.preparing import prepare, processor_of, run
from abstain.inference.rule_file import RULE_FILE
from abstain.inference.weights import weights_sha256
from abstain.logits.dataset import write_logits
from abstain.models.auto import classifier_config, kind_of

if TYPE_CHECKING:
    from abstain.inference.classifier import SelectiveClassifier

MOST_DIFFERENCE = 1e-4
"""Between the logits of torch and of the file, where the largest logit is below 1; of larger ones, times it."""
MOST_IN_ONE_FILE = 2**31 - 2**24
"""Bytes of weights that fit into the file itself, which may have 2 GiB."""
WORDS = "one two three four five six seven eight"


class OnnxExport:
    """The part of a classifier that writes and reads folders for onnxruntime."""

    def export_onnx(self, folder: str | Path, *, sample: Any = None) -> Path:
        """Write the model as `model.onnx`, and beside it what makes its inputs, the rule and the validation logits.

        The number of samples in a batch stays free, and of texts the number of words. What the file gives is compared
        with what the model gives. `onnx.json` ties the file to the rule: it holds the SHA-256 of the ONNX file, and
        that of the model's safetensors, which the rule holds too.

        Args:
            folder: is made if need be.
            sample: one that the model can take, of the size of all later ones; None makes one, except for images whose
                size the processor keeps.

        Raises:
            ArgumentError: the weights are of half precision, or the sizes of images are not known.
            InputError: onnx or onnxscript are not installed; the model cannot be exported, or gives other logits then.
        """
        classifier, folder = cast("SelectiveClassifier", self), Path(folder).expanduser()
        need_packages("onnx", "onnxscript", "onnxruntime")
        refuse_onnx(classifier.model)
        _check_type(classifier.model)
        inputs, of_weights = _inputs(classifier, sample), _hash_of_weights(classifier)
        there = _weights_there(folder)
        for path in (folder / ONNX_FILE, folder / RULE_FILE, *data_files(folder)):  # of what is overwritten
            path.unlink(missing_ok=True)
        try:
            if of_weights not in there and (folder / LOGITS).is_dir():
                shutil.rmtree(folder / LOGITS)
            folder.mkdir(parents=True, exist_ok=True)
            _write_model(classifier.model, inputs, folder, kind=classifier.kind)
            _write_beside(classifier, folder)
        except OSError as error:
            raise InputError(f"{str(folder)!r} cannot be written: {error.strerror or error}") from error
        _check_same(classifier, OnnxModel(folder, classifier.model.config), sample)
        if classifier.rule is not None:
            replace(classifier.rule, weights_sha256=of_weights).save(folder)
        Exported.of(folder, of_weights).save(folder)
        return folder

    @classmethod
    def from_onnx(
        cls,
        folder: str | Path,
        *,
        target_risk: float | None = None,
        delta: float | None = None,
        providers: Sequence[str] = PROVIDERS,
        batch_size: int = 32,
        reject_value: Any = None,
    ) -> Self:
        """The classifier that `export_onnx` wrote, run by onnxruntime; it answers as the one that was exported.

        Args:
            folder: that `export_onnx` wrote.
            target_risk: as `SelectiveClassifier.from_pretrained`.
            delta: as `SelectiveClassifier.from_pretrained`.
            providers: of onnxruntime, the preferred one first, such as `CUDAExecutionProvider`; others than the default
                may give other logits.
            batch_size: samples at once.
            reject_value: what `predict` gives where it abstains.

        Raises:
            ArgumentError: `export_onnx` has not written the folder, or there is no such provider.
            InputError: onnxruntime is not installed, or the file or the rule are not those that were written.
            NoThresholdError: no threshold does what `target_risk` and `delta` ask for.
        """
        need_packages("onnxruntime")
        check_target(target_risk, delta)
        folder = Path(folder).expanduser()
        exported, source = Exported.load(folder), Source(str(folder), folder.absolute())
        config = classifier_config(str(folder))
        rule = rule_beside(source, is_needed=target_risk is None)
        if rule is not None and rule.weights_sha256 != exported.weights_sha256:
            raise InputError(f"the rule in {str(folder)!r} belongs to other weights than {MODEL}: export it anew")
        processor = processor_of(kind_of(config), str(folder))
        how: dict[str, Any] = {"batch_size": batch_size, "reject_value": reject_value}
        made = cast(Any, cls)(OnnxModel(folder, config, providers), processor, rule, **how)
        made._source = source
        return made if target_risk is None else made.with_target(target_risk, delta)


class _Logits(nn.Module):
    """A model that takes its inputs one after the other and gives nothing but its logits."""

    def __init__(self, model: Any, names: Sequence[str]) -> None:
        super().__init__()
        self.model, self.names = model, tuple(names)

    def forward(self, *values: Tensor) -> Tensor:
        logits: Tensor = self.model(**dict(zip(self.names, values, strict=True))).logits
        return logits


def _check_type(model: Any) -> None:
    dtype = next(model.parameters()).dtype
    if dtype not in (torch.float32, torch.float64):
        raise ArgumentError(f"the weights are of {dtype}, but an ONNX file gives the same of float32: load it so")


def _inputs(classifier: SelectiveClassifier, sample: Any) -> dict[str, Tensor]:
    """Of two samples, so that the exporter takes their number for no constant."""
    first = next(classifier.model.parameters())
    inputs, _ = prepare(classifier.kind, classifier.processor, _samples(classifier, sample), 0)
    return {name: value.to(first.device, _type(value, first)) for name, value in inputs.items()}


def _type(value: Tensor, first: Tensor) -> torch.dtype | None:
    return first.dtype if value.is_floating_point() else None


def _samples(classifier: SelectiveClassifier, sample: Any) -> list[Any]:
    """Two samples for the exporter."""
    if sample is not None:
        return [sample, sample]
    if classifier.kind == "texts":
        return [WORDS, WORDS]
    if classifier.kind == "tables":
        row = cast(TableEncoder, classifier.processor).example_row()
        return [row, row]
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 320, 3), dtype=np.uint8)
    images: list[Any] = [Image.fromarray(pixels[0]), Image.fromarray(pixels[1].transpose(1, 0, 2))]
    shapes = {_shape(classifier, image) for image in images}
    if len(shapes) > 1:
        raise ArgumentError(
            "the processor keeps the sizes of images, but an ONNX file takes those of one size: give sample= of it"
        )
    return images


def _shape(classifier: SelectiveClassifier, image: Any) -> tuple[tuple[int, ...], ...]:
    inputs, _ = prepare(classifier.kind, classifier.processor, [image], 0)
    return tuple(tuple(value.shape) for value in inputs.values())


def _write_model(model: Any, inputs: dict[str, Tensor], folder: Path, *, kind: str) -> None:
    free = {0: torch.export.Dim.DYNAMIC, **({1: torch.export.Dim.DYNAMIC} if kind == "texts" else {})}
    n_bytes = sum(value.numel() * value.element_size() for value in model.state_dict().values())
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of the exporter about itself
            program = torch.onnx.export(
                _Logits(model.eval(), list(inputs)).eval(),
                tuple(inputs.values()),
                dynamo=True,
                dynamic_shapes={"values": tuple(free for _ in inputs)},
                input_names=list(inputs),
                output_names=[OUTPUT],
                verbose=False,
            )
            program = cast(torch.onnx.ONNXProgram, program)
            program.model.metadata_props[PREPARED] = kind  # so that the file alone is never fed samples as they are
            program.save(str(folder / MODEL), external_data=n_bytes > MOST_IN_ONE_FILE)
    except OSError:
        raise
    except Exception as error:  # of the exporter, of the model, and of what they call
        reason = first_line(cast(Exception, error.__cause__ or error))
        raise InputError(f"{type(model).__name__} cannot be written as ONNX ({reason})") from error


def _write_beside(classifier: SelectiveClassifier, folder: Path) -> None:
    """The configuration, what makes the inputs, and the validation logits where there are any."""
    model = classifier.model
    save_processor(model, classifier.processor, folder)
    config = copy.deepcopy(model.config)
    whole = model.get_base_model() if hasattr(model, "get_base_model") else model
    config.architectures = [type(whole).__name__]
    config.save_pretrained(folder)
    try:
        validation = classifier.validation_logits()
    except InputError as error:
        warnings.warn(f"no validation logits are written beside {MODEL}: {error}", stacklevel=3)
    else:
        write_logits(folder / LOGITS, VALIDATION, *validation)


def _hash_of_weights(classifier: SelectiveClassifier) -> str:
    """SHA-256 of the weights as they would be saved, by which the rule knows them.

    Raises:
        InputError: the rule belongs to others.
    """
    known = classifier.known_weights()
    with tempfile.TemporaryDirectory() as folder:
        classifier.model.save_pretrained(folder)
        known.check(Path(folder))
        return cast(str, weights_sha256(folder))


def _weights_there(folder: Path) -> set[str | None]:
    """Those to which logits in a folder may belong."""
    found = {weights_sha256(folder)}
    with suppress(InputError):  # nothing was exported there, or it is damaged
        found.add(Exported.load(folder).weights_sha256)
    return found


def _check_same(classifier: SelectiveClassifier, exported: OnnxModel, sample: Any) -> None:
    """Hold the file against the model, on other numbers of samples, and of words, than it was traced with.

    Raises:
        InputError: their logits differ, or the file takes no other numbers.
    """
    samples = _samples(classifier, sample)
    batches = [[*samples, samples[0]], samples[:1]]
    if classifier.kind == "texts":
        batches += [[f"{samples[0]} {samples[1]}"], [samples[0].split()[0], samples[1]]]
    for batch in batches:
        inputs, _ = prepare(classifier.kind, classifier.processor, batch, 0)
        ours, theirs = run(classifier.model, inputs), run(exported, inputs)
        difference = float((ours - theirs).abs().max())
        if difference > MOST_DIFFERENCE * max(1.0, float(ours.abs().max())):
            raise InputError(
                f"the logits of {MODEL} differ by {difference:.2g} from the model's, more than {MOST_DIFFERENCE:g}: "
                "the exporter does not know one of its operations well enough"
            )
