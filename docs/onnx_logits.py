"""The logits of an ONNX model that gives probabilities: what goes into its last softmax."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

BATCH = 16


def logits_of(path: Path, name: str, inputs: Any) -> Any:
    """(N, K) float32 logits of a model with one input.

    Args:
        path: of the model.
        name: of its input.
        inputs: (N, …) what goes in.

    Raises:
        SystemExit: its last step is no softmax.
    """
    import onnx
    import onnxruntime

    model = onnx.load(path)
    tensor = input_of_last_softmax(model.graph)
    model.graph.output.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    starts = range(0, len(inputs), BATCH)
    return np.concatenate([session.run([tensor], {name: inputs[at : at + BATCH]})[0] for at in starts])


def input_of_last_softmax(graph: Any) -> str:
    """The tensor of logits, before a softmax in one step, or written out as exp(z - max z) / Σ exp(z - max z)."""
    maker = {name: node for node in graph.node for name in node.output}
    node = maker[graph.output[0].name]
    if node.op_type == "Softmax":
        return node.input[0]
    steps = ["Div", "Exp", "Sub"]
    for step in steps:
        if node.op_type != step:
            raise SystemExit(
                f"the model ends in {node.op_type}, but its last step must be a softmax: give another model"
            )
        logits, node = node.input[0], maker.get(node.input[0], node)
    return logits
