"""A classifier as an ONNX file, run by onnxruntime in the place of a model of torch."""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig
from transformers.modeling_outputs import SequenceClassifierOutput

from abstain._checks import ArgumentError, InputError, check_choice, first_line

MODEL = "model.onnx"
LOGITS = "logits"
"""What the output of the file is called."""
PREPARED = "abstain.prepared"
"""Metadata of a file whose inputs are made of samples by what lies beside it."""
EXPORTER = b"abstain.inference.onnx_export"
"""What the exporter of torch writes beside the operations of such a file, also before there was that metadata."""
PROVIDERS = ("CPUExecutionProvider",)
"""Where onnxruntime computes, unless told otherwise: there it gives what torch gives."""


class OnnxModel(nn.Module):
    """Gives the logits that an ONNX file computes; it cannot be trained, moved or saved.

    Args:
        folder: that holds `model.onnx`.
        config: of the model that was exported.
        providers: of onnxruntime, the preferred one first.

    Raises:
        ArgumentError: there is no such provider here.
        InputError: onnxruntime is not installed, or the file is none of ONNX.
    """

    def __init__(self, folder: Path, config: PreTrainedConfig, providers: Sequence[str] = PROVIDERS) -> None:
        super().__init__()
        need_packages("onnxruntime")
        import onnxruntime

        for provider in providers:
            check_choice("provider of onnxruntime", provider, onnxruntime.get_available_providers())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        path = str(folder / MODEL)
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=list(providers))
        except Exception as error:  # its errors have no class in common but this one
            raise InputError(f"{path!r} cannot be run ({first_line(error)}): export the model anew") from error
        self.config = config
        self.shapes = {one.name: one.shape for one in self.session.get_inputs()}
        is_wide = any(one.type == "tensor(double)" for one in self.session.get_inputs())
        # by which who asks a model for its parameters learns the type and the device of its inputs
        self.inputs_like = nn.Parameter(torch.empty(0, dtype=torch.float64 if is_wide else None), requires_grad=False)

    @property
    def device(self) -> torch.device:
        """Where inputs and logits lie, wherever onnxruntime computes."""
        return self.inputs_like.device

    @property
    def dtype(self) -> torch.dtype:
        """Of the inputs that are no indices."""
        return self.inputs_like.dtype

    def can_generate(self) -> bool:
        """Never; pipelines of transformers ask."""
        return False

    def forward(self, **inputs: Tensor) -> SequenceClassifierOutput:
        """The logits of the inputs that the exported model took.

        Raises:
            InputError: other inputs than these, or of another shape.
        """
        try:
            (logits,) = self.session.run([LOGITS], {name: value.cpu().numpy() for name, value in inputs.items()})
        except Exception as error:  # as above
            found = {name: tuple(value.shape) for name, value in inputs.items()}
            raise InputError(
                f"the inputs are {found}, but {MODEL} takes {self.shapes} ({first_line(error)}): give samples like "
                "those, or export the model anew with sample="
            ) from error
        return SequenceClassifierOutput(logits=torch.from_numpy(logits))


def refuse_onnx(model: Any) -> None:
    """Refuse to save a model that is only run.

    Raises:
        ArgumentError: it is an `OnnxModel`.
    """
    if isinstance(model, OnnxModel):
        raise ArgumentError("a model of ONNX is only run: copy the folder that export_onnx wrote instead")


def need_packages(*names: str) -> None:
    """Refuse to go on without packages of the extra `onnx`.

    Raises:
        InputError: one is not installed.
    """
    for name in names:
        if find_spec(name) is None:
            raise InputError(f"ONNX needs {name}, which is not installed: pip install 'abstain[onnx]'")


def takes_prepared_samples(path: Path, metadata: Mapping[str, str]) -> bool:
    """Whether a file is out of a folder of `export_onnx`, which alone tells how its inputs are made."""
    if PREPARED in metadata:
        return True
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as graph:
        return graph.find(EXPORTER) >= 0


def data_files(folder: Path) -> list[Path]:
    """The file of the model, and that of its weights where they lie apart, sorted by name."""
    return sorted(path for path in folder.glob(f"{MODEL}*") if re.fullmatch(rf"{re.escape(MODEL)}(\.data)?", path.name))
