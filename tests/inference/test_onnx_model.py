import pytest

from abstain import InputError, SelectiveClassifier
from abstain.inference import onnx_model
from abstain.inference.onnx_model import OnnxModel, data_files, need_packages


def test_packages_that_are_not_installed_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_model, "find_spec", lambda name: None if name == "onnxruntime" else name)
    need_packages("onnx", "onnxscript")
    with pytest.raises(InputError, match=r"needs onnxruntime, which is not installed: pip install 'abstain\[onnx\]'"):
        need_packages("onnx", "onnxruntime")
    with pytest.raises(InputError, match="needs onnxruntime"):
        SelectiveClassifier.from_onnx(tmp_path)


def test_only_the_model_and_its_weights_are_its_files(tmp_path):
    for name in ("model.onnx.data", "model.onnx", "model.onnx.bak", "other.onnx"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in data_files(tmp_path)] == ["model.onnx", "model.onnx.data"]


def test_what_is_no_onnx_is_refused(tmp_path):
    pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")
    (tmp_path / "model.onnx").write_bytes(b"\x80\x04no model")
    with pytest.raises(InputError, match="cannot be run"):
        OnnxModel(tmp_path, None)
    with pytest.raises(InputError, match="unknown provider of onnxruntime 'CPU'"):
        OnnxModel(tmp_path, None, ["CPU"])


def test_weights_outside_of_the_folder_are_not_read(tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs the extra `onnx`")
    pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")
    (tmp_path / "secret").write_bytes(bytes(16))
    folder = tmp_path / "model"
    folder.mkdir()
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = onnx.TensorProto(name="w", data_type=kind, dims=[4], data_location=onnx.TensorProto.EXTERNAL)
    for key, value in {"location": "../secret", "length": "16"}.items():
        weights.external_data.add(key=key, value=value)
    x, y = (helper.make_tensor_value_info(name, kind, [4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="cannot be run"):
        OnnxModel(folder, None)
