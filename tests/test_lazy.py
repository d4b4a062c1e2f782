import subprocess
import sys

import pytest

from abstain._lazy import lazy_names


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The name of a package whose two modules count how often they are imported."""
    folder = tmp_path / "lazily_made"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from abstain._lazy import lazy_names\n"
        "__getattr__ = lazy_names(__name__, {'words': ['hello'], 'numbers': []})\n"
    )
    (folder / "words.py").write_text("hello = 'world'\n")
    (folder / "numbers.py").write_text("one = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "lazily_made"
    for name in [name for name in sys.modules if name.split(".")[0] == "lazily_made"]:
        del sys.modules[name]


def test_a_name_is_imported_when_it_is_first_used_and_kept(package):
    module = __import__(package)
    assert f"{package}.words" not in sys.modules
    assert module.hello == "world"
    assert f"{package}.words" in sys.modules and f"{package}.numbers" not in sys.modules
    assert vars(module)["hello"] == "world", "the second use asks nobody"


def test_a_module_without_names_is_a_name_itself(package):
    assert __import__(package).numbers.one == 1


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'somewhere' has no attribute 'nothing'"):
        lazy_names("somewhere", {"words": ["hello"]})("nothing")


def loaded_by(program):
    code = f"import sys; {program}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("room", ["", ".curve", ".threshold"])
def test_neither_the_package_nor_its_curves_wait_for_torch(room):
    assert "torch" not in loaded_by(f"import abstain{room}; abstain.aurc([0.9, 0.1], [0, 1])")


def test_the_package_alone_imports_nothing_that_is_installed_beside_it():
    ours = {name for name in loaded_by("import abstain") - loaded_by("pass") if "." not in name}
    assert ours - set(sys.stdlib_module_names) == {"abstain"}


@pytest.mark.parametrize("room", ["scores", "report"])
def test_scores_and_report_wait_for_nothing_heavy_but_torch(room):
    heavy = {
        "torchmetrics",
        "torchvision",
        "transformers",
        "datasets",
        "evaluate",
        "accelerate",
        "matplotlib",
        "sklearn",
    }
    heavy |= {"pandas", "pyarrow", "scipy.stats", "scipy.optimize"}
    beyond_torch = loaded_by(f"import abstain.{room}") - loaded_by("import torch")
    assert f"abstain.{room}" in beyond_torch and not heavy & beyond_torch
