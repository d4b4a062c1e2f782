import pytest

griffe = pytest.importorskip("griffe", reason="needs the extra `site`")
SOURCE = "@_of_rows\ndef msp(rows: LogitRows) -> Tensor: ...\n\ndef other(rows: LogitRows) -> Tensor: ...\n"


def test_a_score_is_shown_as_it_is_called_and_all_else_as_it_stands(program, tmp_path):
    (tmp_path / "softmax.py").write_text(SOURCE)
    extensions = griffe.Extensions(program("called_with_logits").CalledWithLogits())
    module = griffe.load("softmax", search_paths=[tmp_path], extensions=extensions)
    assert [str(parameter.annotation) for parameter in module["msp"].parameters] == ["Any"]
    assert [parameter.name for parameter in module["msp"].parameters] == ["logits"]
    assert str(module["msp"].returns) == "NDArray[float64]" and str(module["other"].returns) == "Tensor"
