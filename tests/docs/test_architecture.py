import re
import sys
import xml.etree.ElementTree as ET

import pytest
from test_layout import ROOMS

SVG = "{http://www.w3.org/2000/svg}"
FILES = {
    "__init__.py": "from abstain.top import x",
    "low/__init__.py": '"""Numbers. And more."""',
    "low/deep.py": "import numpy\nfrom abstain.low import other",
    "middle.py": '"""What is between\nthem."""\nimport abstain.low.deep',
    "top.py": '"""All."""\ndef work():\n    from abstain import middle\n    from abstain.low.deep import name',
}


@pytest.fixture
def architecture(program):
    return program("architecture")


@pytest.fixture
def package(architecture, tmp_path, monkeypatch):
    """A small package whose rooms stand in three layers, in place of ours."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(architecture, "ROOT", tmp_path)
    monkeypatch.setattr(architecture, "PACKAGE", tmp_path)
    monkeypatch.setattr(architecture, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(architecture, "PICTURE", tmp_path / "picture.svg")
    monkeypatch.setattr(sys, "argv", ["architecture.py"])
    (tmp_path / "page.md").write_text("<!-- begin: rooms -->\n<!-- end: rooms -->\n")
    monkeypatch.setattr(architecture, "LAYERS", [["low"], ["middle"], ["top"]])
    return tmp_path


def test_the_layers_are_those_that_the_imports_are_held_against(architecture):
    assert architecture.LAYERS == ROOMS


def test_imports_are_found_in_each_form_and_place(architecture, package):
    assert architecture.read_imports(package) == {"low": set(), "middle": {"low"}, "top": {"low", "middle"}}
    assert list(architecture.complaints(architecture.read_imports(package))) == []


def test_the_program_writes_the_picture_and_the_table(architecture, package, program, monkeypatch):
    monkeypatch.setattr(program("pages"), "ROOT", package)
    architecture.main()
    assert "(2 of 3 are drawn)" in (package / "picture.svg").read_text()
    assert architecture.table(architecture.read_imports(package)) in (package / "page.md").read_text()
    monkeypatch.setattr(sys, "argv", ["architecture.py", "--check"])
    (package / "middle.py").write_text('"""What is between."""')
    with pytest.raises(SystemExit, match=r"out of date, run `make docs`: picture\.svg, page\.md"):
        architecture.main()


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("new/__init__.py", "", "the room 'new' stands in no layer"),
        ("low/deep.py", "from abstain.top import x", "'low' imports 'top', which is no room of a layer below"),
        ("low/deep.py", "def f():\n    import abstain.middle", "'low' imports 'middle'"),
        ("middle.py", "from abstain import aurc", "'middle' imports 'aurc', which is no room of a layer below"),
    ],
)
def test_a_room_without_a_layer_and_a_forbidden_arrow_are_noticed(architecture, package, file, text, complaint):
    (package / file).parent.mkdir(exist_ok=True)
    (package / file).write_text(text)
    with pytest.raises(SystemExit, match=complaint):
        architecture.main()


def test_rooms_of_one_layer_never_import_each_other(architecture, package, monkeypatch):
    monkeypatch.setattr(architecture, "LAYERS", [["low"], ["middle", "top"]])
    with pytest.raises(SystemExit, match="'top' imports 'middle'"):
        architecture.main()


def test_a_layer_without_its_room_is_noticed(architecture, package):
    (package / "top.py").unlink()
    with pytest.raises(SystemExit, match="there is no room 'top' in the package"):
        architecture.main()


def test_an_arrow_that_follows_from_others_is_left_out(architecture):
    # d reaches a by way of b and of c, and c reaches it by way of b.
    imports = {"a": set(), "b": {"a"}, "c": {"a", "b"}, "d": {"a", "b", "c"}, "e": {"a"}}
    reduced = architecture.without_detours(imports)
    assert reduced == {"a": set(), "b": {"a"}, "c": {"b"}, "d": {"c"}, "e": {"a"}}


def test_the_table_says_what_each_room_answers(architecture, package):
    table = architecture.table(architecture.read_imports(package))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert rows[2:] == [
        ["[`top.py`](../top.py)", "All.", "`low`, `middle`"],
        ["[`middle.py`](../middle.py)", "What is between them.", "`low`"],
        ["[`low/`](../low)", "Numbers.", "–"],
    ]


def test_every_room_has_its_box_below_those_that_import_it(root, architecture):
    picture = ET.parse(root / "docs" / "architecture.svg").getroot()
    y = {text.text: float(text.get("y")) for text in picture.iter(f"{SVG}text") if text.get("class") != "caption"}
    assert set(y) == {room for layer in ROOMS for room in layer}
    imports = architecture.read_imports(architecture.PACKAGE)
    assert all(y[other] > y[room] for room, others in imports.items() for other in others)
    arrows = [path for path in picture.iter(f"{SVG}path") if path.get("class") == "arrow"]
    reduced = architecture.without_detours(imports)
    assert len(arrows) == sum(map(len, reduced.values()))
    assert f"({len(arrows)} of {sum(map(len, imports.values()))} are drawn)" in picture.find(f"{SVG}title").text


def test_the_picture_asks_for_nothing_from_elsewhere(root):
    text = (root / "docs" / "architecture.svg").read_text(encoding="utf-8")
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme: dark" in text and "@font-face" not in text and "url(" not in text
