import sys
from importlib import import_module

import pytest

from abstain._moved import MOVED, put_up_signpost


@pytest.mark.parametrize("old", MOVED)
def test_an_old_path_names_the_new_one(old):
    with pytest.raises(
        ModuleNotFoundError, match=f"abstain.{old} has moved: import from abstain.{MOVED[old]}"
    ) as found:
        import_module(f"abstain.{old}")
    assert found.value.name == f"abstain.{old}"
    import_module(f"abstain.{MOVED[old]}")


def test_what_never_was_is_not_found_as_ever():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'abstain\.nowhere'"):
        import_module("abstain.nowhere")


def test_there_is_one_signpost():
    before = len(sys.meta_path)
    put_up_signpost()
    assert len(sys.meta_path) == before
