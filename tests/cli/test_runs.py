import json

import numpy as np
import pytest

from abstain import InputError, write_logits
from abstain.cli.runs import find_runs, looks_of_runs, looks_of_sources
from abstain.report.style import FIRST_COLOR


def make_run(folder, splits=("test", "validation"), *, file="run.json", **training):
    for split in splits:
        write_logits(folder / "logits", split, np.eye(3, dtype=np.float32), [0, 1, 2])
    settings = {"model": {}, "data": {"label_ids": [7, 8, 9]}, "training": training}
    (folder / file).write_text(json.dumps(settings if file == "run.json" else {"settings": settings}))
    return folder


def test_a_run_is_called_by_its_recipe_and_brings_its_splits(tmp_path):
    plain = make_run(tmp_path / "a", label_smoothing_factor=0.0, seed=3)
    smooth = make_run(tmp_path / "b", file="results.json", label_smoothing_factor=0.2)
    ce, ls = find_runs([str(plain), str(smooth / "logits")])
    assert ce.name == "CE" and ce.place == (str(plain / "logits"), None, "test") and ce.seed == 3
    assert ce.validation == (None, None, "validation") and ce.label_ids == [7, 8, 9]
    assert ls.name == "LS 0.2" and ls.folder == smooth and ls.place[0] == str(smooth / "logits")
    looks = looks_of_runs([ce, ls])
    assert looks["CE"].color == FIRST_COLOR and looks["LS 0.2"].marker != looks["CE"].marker


def test_runs_of_one_recipe_are_told_apart_by_their_seeds_or_folders(tmp_path):
    seeds = [make_run(tmp_path / str(n), label_smoothing_factor=0.0, seed=n) for n in (0, 1)]
    assert [run.name for run in find_runs([str(path) for path in seeds])] == ["CE, seed 0", "CE, seed 1"]
    same = [make_run(tmp_path / name, ["test"], label_smoothing_factor=0.0, seed=1) for name in ("x", "y")]
    runs = find_runs([str(path) for path in same])
    assert [run.name for run in runs] == ["CE, seed 1, x", "CE, seed 1, y"]
    assert runs[0].validation == (None, None, None), "which has no split of that name"


def test_a_file_is_called_by_its_name_and_what_is_told_counts(tmp_path):
    path = write_logits(tmp_path, "mine", np.eye(3, dtype=np.float32), [0, 1, 2])
    (run,) = find_runs([str(path)], validation=["other.parquet"], split="here", validation_split="there")
    assert run.name == "mine" and run.place == (str(path), None, "here") and run.recipe is None
    assert run.validation == ("other.parquet", None, "there")
    assert looks_of_runs([run])["mine"].color == FIRST_COLOR


def test_what_cannot_be_meant_is_refused(tmp_path):
    run = str(make_run(tmp_path / "a", seed=0))
    with pytest.raises(InputError, match="validation= is given 1 times for 2 runs"):
        find_runs([run, "other"], validation=["x"])
    with pytest.raises(InputError, match="two of the runs are called 'CE, seed 0, a'"):
        find_runs([run, run])
    (tmp_path / "a" / "run.json").write_text("{")
    with pytest.raises(InputError, match=r"run.json' is damaged"):
        find_runs([run])


def test_looks_are_of_what_lies_beside_a_model_and_need_nothing(tmp_path):
    plain = make_run(tmp_path / "a", label_smoothing_factor=0.0)
    smooth = make_run(tmp_path / "b", file="results.json", label_smoothing_factor=0.2)
    damaged = make_run(tmp_path / "c", file="results.json", label_smoothing_factor=0.0)
    (damaged / "results.json").write_text("{")
    other = make_run(tmp_path / "d", file="results.json")
    sources = {"x": smooth, "y": smooth / "logits", "z": damaged, "CE": "microsoft/resnet-50", "d": other, "p": plain}
    looks = looks_of_sources({name: str(source) for name, source in sources.items()})
    assert [name for name, look in looks.items() if look.color == FIRST_COLOR] == ["p"]
    assert looks["x"].color == looks["y"].color and len({look.marker for look in looks.values()}) == 6
