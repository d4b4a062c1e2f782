import importlib
import sys

import pytest


@pytest.fixture(scope="session")
def program(root):
    """A program of `docs` by its name, as a module; the programs import each other by their bare names."""

    def load(name):
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(root / "docs")
            return importlib.import_module(name)

    yield load
    for path in (root / "docs").glob("*.py"):
        sys.modules.pop(path.stem, None)
