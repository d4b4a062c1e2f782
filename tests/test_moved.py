import sys
from importlib import import_module

import pytest

from abstain._moved import MOVED, NAMES, put_up_signpost


@pytest.mark.parametrize("old", MOVED)
def test_an_old_path_names_the_new_one(old):
    with pytest.raises(
        ModuleNotFoundError, match=f"abstain.{old} has moved: import from abstain.{MOVED[old]}"
    ) as found:
        import_module(f"abstain.{old}")
    assert found.value.name == f"abstain.{old}"
    import_module(f"abstain.{MOVED[old]}")


@pytest.mark.parametrize("old", [old for old in MOVED if "." not in old])
def test_an_old_module_is_explained_as_a_name_of_the_package_too(old):
    with pytest.raises(ImportError, match=f"abstain.{old} has moved: import from abstain.{MOVED[old]}"):
        exec(f"from abstain import {old}")


@pytest.mark.parametrize(("room", "old"), [(room, old) for room, names in NAMES.items() for old in names])
def test_an_old_name_of_a_room_is_explained(room, old):
    new = NAMES[room][old]
    with pytest.raises(ImportError, match=f"{room}.{old} has moved: see {new}"):
        exec(f"from {room} import {old}")
    module, _, name = new.rpartition(".")
    assert hasattr(import_module(module), name), "there it is"


def test_what_never_was_is_not_found_as_ever():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'abstain\.nowhere'"):
        import_module("abstain.nowhere")


def test_there_is_one_signpost():
    before = len(sys.meta_path)
    put_up_signpost()
    assert len(sys.meta_path) == before
