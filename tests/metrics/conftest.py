import sys
from pathlib import Path

import pytest

SPACE = Path(__file__).parents[2] / "metrics" / "selective_risk"


@pytest.fixture(scope="session")
def space():
    """The folder of the page."""
    return SPACE


@pytest.fixture(scope="module", autouse=True)
def in_the_space():
    """The modules of a Space import each other by their bare names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SPACE)
        yield
    for name in ("analysis", "presentation", "uploads"):
        sys.modules.pop(name, None)


@pytest.fixture
def analysis():
    import analysis

    return analysis


@pytest.fixture
def presentation():
    import presentation

    return presentation


@pytest.fixture
def uploads():
    import uploads

    return uploads


@pytest.fixture(scope="session")
def door(root):
    """The folder of small files of predictions with their right values."""
    folder = root.parent / "shared" / "cases" / "door"
    if not folder.is_dir():
        pytest.skip("needs the small files of predictions in ../shared/cases/door, which are not part of the project")
    return folder
