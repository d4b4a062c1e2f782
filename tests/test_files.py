import json
import os

import pytest

from abstain import InputError
from abstain._files import write_json


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    path = write_json(tmp_path / "new" / "values.json", {"a": [1, 0.1]})
    assert json.loads(path.read_text()) == {"a": [1, 0.1]}
    (tmp_path / "new" / f"values.json.{os.getpid()}.partial").mkdir()  # in the way, as a full disk would be
    with pytest.raises(InputError, match=r"values\.json' cannot be written: Is a directory"):
        write_json(path, {"b": 2})
    with pytest.raises(InputError, match="cannot be written: File exists"):
        write_json(path / "deeper.json", {})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"c": float("nan")})
    assert json.loads(path.read_text()) == {"a": [1, 0.1]}
