import hashlib
import json

import pytest

from abstain import InputError
from abstain.inference.onnx_file import Exported


def test_it_belongs_to_the_files_beside_it(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"graph")
    (tmp_path / "model.onnx.data").write_bytes(b"weights")
    written = Exported.of(tmp_path, "a" * 64)
    assert written.onnx_sha256 == hashlib.sha256(b"graphweights").hexdigest()
    written.save(tmp_path)
    assert Exported.load(tmp_path) == written
    (tmp_path / "model.onnx").write_bytes(b"other")
    with pytest.raises(InputError, match="is not the file that"):
        Exported.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format is 2, but must be 1"),
        ({"format": True}, "format is True"),
        ({"weights_sha256": None}, "weights_sha256 is None"),
        ({"onnx_sha256": "A" * 64}, "must be 64 hexadecimal digits"),
        ({"more": 1}, r"no other than \["),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path, change, message):
    values = {"onnx_sha256": "a" * 64, "weights_sha256": "b" * 64, "format": 1} | change
    (tmp_path / "onnx.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match=message):
        Exported.load(tmp_path)


def test_what_is_no_json_or_too_large_or_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="give a folder that SelectiveClassifier"):
        Exported.load(tmp_path)
    for text in ("{", "[" * 40000, " " * 70000):
        (tmp_path / "onnx.json").write_text(text)
        with pytest.raises(InputError, match="is damaged"):
            Exported.load(tmp_path)
