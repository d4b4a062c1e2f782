import pytest

from abstain.logits.source import of_arrays

DOOR = "cases/door"


@pytest.fixture(scope="session")
def door(root):
    """The folder of small files of predictions with their right values."""
    folder = root.parent / "shared" / DOOR
    if not folder.is_dir():
        pytest.skip("needs the small files of predictions in ../shared/cases/door, which are not part of the project")
    return folder


@pytest.fixture
def source_of():
    """A source of columns by their names, one small array each."""
    return lambda **columns: of_arrays("the file", columns)
