import ast
import re
import subprocess
import sys

import pytest

import abstain

# A room may import from the rooms on the lines above its own, and from itself.
ROOMS = [
    line.split()
    for line in """
        _moved _threads
        _checks _lazy _spelling
        _tables
        _arrays _files _arguments
        losses curve
        threshold scores data
        models logits report metric
        inference figures
        audit hub
        training
        experiments
        quickstart
        cli
    """.strip().splitlines()
]
RANK = {room: rank for rank, line in enumerate(ROOMS) for room in line}


def imported_from_abstain(path):
    """(module, name) of all that a file imports from abstain; the module is "" for abstain itself."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "abstain":
            yield from ((node.module.partition(".")[2], alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("abstain.")]
            yield from ((name.removeprefix("abstain."), None) for name in names)


def room_of(module, name):
    return module.split(".")[0] or name


def test_imports_run_one_way(root):
    package = root / "src" / "abstain"
    files = [path for path in package.rglob("*.py") if path != package / "__init__.py"]  # which points everywhere
    rooms = {path: path.relative_to(package).with_suffix("").parts[0] for path in files}
    assert set(rooms.values()) == set(RANK), "every room has its line"
    for path, room in rooms.items():
        for imported in imported_from_abstain(path):
            other = room_of(*imported)
            assert other == room or RANK[other] < RANK[room], f"{path} imports {other}"


@pytest.mark.parametrize("line", ["from .. import cli", "from ..cli import main", "from . import curve"])
def test_imports_that_are_not_read_above_are_forbidden(root, line):
    check = [sys.executable, "-m", "ruff", "check", "--no-cache", "--quiet", "--output-format", "concise"]
    name = root / "src" / "abstain" / "curve" / "new.py"
    found = subprocess.run(
        [*check, "--stdin-filename", name, "-"], input=line, cwd=root, capture_output=True, text=True
    )
    assert found.returncode == 1 and "TID252" in found.stdout, found.stderr


def test_every_module_has_its_test(root):
    package, tests = root / "src" / "abstain", root / "tests"
    modules = [path.relative_to(package) for path in package.rglob("*.py") if path.name != "__init__.py"]
    wanted = [module.with_name(f"test_{module.name.lstrip('_')}") for module in modules]
    assert [str(path) for path in wanted if not (tests / path).is_file()] == []


@pytest.mark.parametrize("folder", ["metrics", "training_scripts"])
def test_metrics_and_scripts_use_public_names_only(root, folder):
    files = list((root / folder).rglob("*.py"))
    assert files
    for path in files:
        for module, name in imported_from_abstain(path):
            table = __import__(f"abstain.{module}".rstrip("."), fromlist=["__all__"]).__all__
            assert "." not in module and (name is None or name in table), f"{path} imports {name} from {module}"


def test_every_room_is_a_table_of_its_names(root):
    for path in (root / "src" / "abstain").rglob("__init__.py"):
        room = ".".join(["abstain", *path.relative_to(root / "src" / "abstain").parts[:-1]])
        module = __import__(room, fromlist=["__all__"])
        assert module.__doc__ and module.__all__ == sorted(set(module.__all__), key=lambda n: (not n.isupper(), n))
        for name in module.__all__:
            assert getattr(module, name) is not None, f"{room}.{name}"
        statements = {type(node) for node in ast.parse(path.read_text()).body}
        if room != "abstain":
            assert ast.FunctionDef not in statements and ast.For not in statements, f"{room} holds code"


@pytest.mark.parametrize("room", ["data", "hub", "logits"])
def test_a_room_says_which_of_its_files_is_which(root, room):
    folder = root / "src" / "abstain" / room
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert modules == set(re.findall("`([a-z_]+)`", said))


def test_every_public_name_has_a_docstring():
    for name in abstain.__all__:
        assert getattr(abstain, name).__doc__
    assert dir(abstain) == sorted(abstain.__all__)
    with pytest.raises(AttributeError, match="no attribute 'aurk'"):
        abstain.aurk  # noqa: B018


def test_nothing_that_can_run_code_is_written_or_read(root):
    for folder in ("src", "metrics", "training_scripts"):
        for path in (root / folder).rglob("*.py"):
            source = path.read_text()
            for forbidden in ("import pickle", "torch.load(", "torch.save("):
                assert forbidden not in source, f"{path}: {forbidden}"
            for said in re.findall(r"trust_remote_code\W*(\w*)", source):
                assert said == "False", f"{path}: trust_remote_code"
