import sys

import pytest

TEXT = "A\n<!-- begin: x -->\nold\n<!-- end: x -->\nB <!-- begin: y -->\n<!-- end: y -->\n"


@pytest.fixture
def pages(program, tmp_path, monkeypatch):
    module = program("pages")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["docs"])
    (tmp_path / "page.md").write_text(TEXT)
    return module


def test_a_block_is_made_anew_and_all_else_stays(pages, tmp_path):
    text = pages.with_blocks(tmp_path / "page.md", {"x": r"new \1", "y": "Y"})
    assert text == TEXT.replace("old", r"new \1").replace("y -->\n<", "y -->\nY\n<")


@pytest.mark.parametrize("text", ["none", TEXT + TEXT])
def test_a_block_must_be_there_once(pages, tmp_path, text):
    (tmp_path / "page.md").write_text(text)
    with pytest.raises(SystemExit, match=r"page.md has [02] blocks called 'x', but must have one"):
        pages.with_blocks(tmp_path / "page.md", {"x": "new"})


def test_what_is_out_of_date_is_written_or_with_check_only_said(pages, tmp_path, monkeypatch, capsys):
    texts = {tmp_path / "page.md": TEXT, tmp_path / "new.md": "new"}
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", ["docs", "--check"])
        with pytest.raises(SystemExit, match=r"out of date, run `make docs`: new\.md$"):
            pages.write_or_check(texts)
        assert not (tmp_path / "new.md").exists()
    pages.write_or_check(texts)
    assert (tmp_path / "new.md").read_text() == "new" and capsys.readouterr().out == "wrote new.md\n"
    monkeypatch.setattr(sys, "argv", ["docs", "--check"])
    with pytest.raises(SystemExit) as done:
        pages.write_or_check(texts)
    assert done.value.code == 0
