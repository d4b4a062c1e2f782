import json

import numpy as np
import pytest

from abstain import InputError, write_logits
from abstain.cli.options import FittedOn, Reading
from abstain.cli.subjects import held_out, stored
from abstain.report import Commands


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for split, n in (("test", 40), ("validation", 30)):
        write_logits(tmp_path / "logits", split, rng.normal(size=(n, 3)), rng.integers(0, 3, n))
    return tmp_path


def test_the_split_beside_the_test_samples_is_fitted_on(folder):
    found = stored(str(folder), Reading(), FittedOn(), (None, None), None)
    assert (len(found.test), len(found.validation), found.notes) == (40, 30, ())
    logits = str(folder / "logits")
    assert found.commands == Commands(f"{logits} --split test", f"{logits} --split validation")


def test_without_one_a_half_is_held_out_and_that_is_noted(folder):
    found = stored(str(folder / "logits" / "test.parquet"), Reading(), FittedOn(), (None, None), None)
    assert len(found.test) == len(found.validation) == 20 and "were held out" in found.notes[0]
    one = found.test.taken(np.arange(20) == 0)
    assert held_out(one, FittedOn(), Commands()).validation is None, "of one sample there is no half"


def test_the_model_beside_its_logits_names_the_classes(folder):
    config = folder / "config.json"
    config.write_text(json.dumps({"id2label": {0: "a", 1: "b", 2: "c"}}))
    found = stored(str(folder), Reading(), FittedOn(), (None, None), None)
    assert found.class_names == ("a", "b", "c") and found.commands.model == str(folder)
    config.write_text(json.dumps({"id2label": {0: "a", 1: "b", 2: "c", 3: "d"}}))
    with pytest.raises(InputError, match="a model of 4 classes, but the logits in it are of 3"):
        stored(str(folder), Reading(), FittedOn(), (None, None), None)


def test_the_test_split_is_measured_whichever_split_is_fitted_on(folder):
    write_logits(folder / "logits", "other", np.zeros((7, 3)), np.arange(7) % 3)
    found = stored(str(folder), Reading(), FittedOn(validation_split="other"), (None, None), None)
    assert (len(found.test), len(found.validation)) == (40, 7)


@pytest.mark.parametrize("name", ["m.skops", "m.onnx"])
def test_a_model_without_data_is_told_to_need_them(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(InputError, match="is a model, which needs data to be audited: give data= too"):
        stored(str(tmp_path / name), Reading(), FittedOn(), (None, None), None)
