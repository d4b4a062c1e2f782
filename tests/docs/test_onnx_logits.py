import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the extra `examples`: onnx and onnxruntime")
pytest.importorskip("onnxruntime", reason="needs the extra `examples`: onnx and onnxruntime")
WEIGHTS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def save(path, ending):
    """A linear model of four features and three classes, whose logits go through the nodes of `ending`."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [helper.make_node("MatMul", ["x", "weights"], ["z"]), *(helper.make_node(*node) for node in ending)]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", kind, ["n", 4])],
        [helper.make_tensor_value_info("p", kind, ["n", 3])],
        [onnx.numpy_helper.from_array(WEIGHTS, "weights"), onnx.numpy_helper.from_array(np.array([1]), "classes")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


@pytest.mark.parametrize(
    "ending",
    [
        [("Softmax", ["z"], ["p"])],
        [
            ("ReduceMax", ["z", "classes"], ["m"]),
            ("Sub", ["z", "m"], ["d"]),
            ("Exp", ["d"], ["e"]),
            ("ReduceSum", ["e", "classes"], ["s"]),
            ("Div", ["e", "s"], ["p"]),
        ],
    ],
)
def test_logits_are_what_goes_into_the_last_softmax_of_however_many_rows(program, tmp_path, ending):
    module = program("onnx_logits")
    save(tmp_path / "model.onnx", ending)
    rows = np.random.default_rng(1).normal(size=(module.BATCH + 5, 4)).astype(np.float32)
    logits = module.logits_of(tmp_path / "model.onnx", "x", rows)
    np.testing.assert_allclose(logits, rows @ WEIGHTS, rtol=1e-5, atol=1e-6)


def test_a_model_that_ends_in_something_else_is_refused(program, tmp_path):
    save(tmp_path / "model.onnx", [("Sigmoid", ["z"], ["p"])])
    with pytest.raises(SystemExit, match="ends in Sigmoid, but its last step must be a softmax"):
        program("onnx_logits").logits_of(tmp_path / "model.onnx", "x", np.zeros((1, 4), np.float32))
