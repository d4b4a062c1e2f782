import sys
from importlib import import_module
from pkgutil import resolve_name

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


ROOMS = {room: names for room, names in NAMES.items() if room.removeprefix("abstain.") not in MOVED}


@pytest.mark.parametrize(("room", "old"), [(room, old) for room, names in ROOMS.items() for old in names])
def test_an_old_name_of_a_room_is_explained(room, old):
    with pytest.raises(ImportError, match=f"{room}.{old} has moved: see {NAMES[room][old]}$"):
        exec(f"from {room} import {old}")


@pytest.mark.parametrize("module", sorted(NAMES.keys() - ROOMS.keys()))
def test_the_sentence_on_an_old_module_names_what_went_elsewhere(module):
    with pytest.raises(ModuleNotFoundError) as found:
        import_module(module)
    for old, new in NAMES[module].items():
        assert f"; for {old} see {new}" in str(found.value)


@pytest.mark.parametrize("new", sorted({new for names in NAMES.values() for new in names.values()}))
def test_what_a_sentence_names_is_there(new):
    assert callable(resolve_name(new)), "a function or class, and no module"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("from abstain.training import begin_run", "abstain.experiments.start_run"),
        ("from abstain.training import run_settings", "abstain.experiments.settings.run_settings"),
        ("from abstain.training import write_run_results", "abstain.experiments.results.write_run_results"),
        ("from abstain.training import check_source", "abstain.experiments.run_folder.check_source"),
        ("from abstain.logits import read_logits_file", "abstain.logits.read_predictions"),
        ("from abstain.logits import holds_pixels", "abstain.logits.read_predictions"),
        ("from abstain.pixels import LabelledPixels", "for LabelledPixels see abstain.logits.pixels.LabelledPixels"),
        ("from abstain import pixels", "for extract_pixel_logits see abstain.SelectiveTrainer.save_with_logits"),
        ("from abstain.scores import ProbabilityScore", "abstain.scores.OfProbabilities"),
        ("from abstain.threshold import upper_bound", "abstain.threshold.bounds.upper_bound"),
    ],
)
def test_an_old_name_is_led_to_its_place(asked, answer):
    with pytest.raises(ImportError, match=answer):
        exec(asked)


def test_what_never_was_is_not_found_as_ever():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'abstain\.nowhere'"):
        import_module("abstain.nowhere")


def test_there_is_one_signpost():
    before = len(sys.meta_path)
    put_up_signpost()
    assert len(sys.meta_path) == before
