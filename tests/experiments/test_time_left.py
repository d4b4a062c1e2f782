import json
from pathlib import Path

from abstain.experiments.grid import GridRun
from abstain.experiments.time_left import TimeLeft

HERE = "x86_64 CPU"


def runs(data_set, *seeds, recipe="ce"):
    names = {seed: f"{data_set}_{recipe}_s{seed}" for seed in seeds}
    return [GridRun(name, data_set, recipe, seed, Path("script.py"), ()) for seed, name in names.items()]


def results(folder, run, seconds, *, device=HERE):
    (folder / run.name).mkdir()
    found = {"training": {"train_runtime": seconds}, "environment": {"device": device}}
    (folder / run.name / "results.json").write_text(json.dumps(found))


def test_what_is_done_tells_how_long_the_rest_takes(tmp_path):
    done, left = runs("digits", 0, 1), [*runs("digits", 2, 3, 4), *runs("images", 0)]
    for run, seconds in zip(done, (60, 120), strict=True):
        results(tmp_path, run, seconds)
    time = TimeLeft(done, left, [tmp_path], device=HERE, jobs=2)
    assert time.seconds(left[0]) == 90 and time.left("digits") == 90 * 3 / 2
    assert time.seconds(left[3]) is None and time.left("images") is None
    assert time.sentence() == "4 left, at least 2.2 minutes"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in time.table().splitlines()]
    assert rows[0] == ["data set", "done", "left", "minutes a run", "minutes left"]
    assert rows[2:4] == [["digits", "2", "3", "1.50", "2.25"], ["images", "0", "1", "?", "?"]]

    time.count(left[3], 600)
    time.count(left[0], 30)
    assert time.seconds(left[1]) == 60, "the median: one may have waited for others"
    assert time.sentence() == "2 left, about 1.0 minutes"


def test_of_nothing_done_no_time_is_known():
    assert TimeLeft([], runs("digits", 0), [], device=HERE).sentence() == "1 left, for a time not known yet"
    assert TimeLeft([], [], [], device=HERE).sentence() == "0 left"


def test_a_recipe_that_takes_longer_is_known_by_its_own_runs(tmp_path):
    plain, slow = runs("digits", 0, 1, 2), runs("digits", 0, 1, recipe="sam0.1")
    for run in plain:
        results(tmp_path, run, 60)
    results(tmp_path, slow[0], 600)
    left = [slow[1], *runs("digits", 0, recipe="ls0.1")]
    time = TimeLeft([*plain, slow[0]], left, [tmp_path], device=HERE)
    assert [time.seconds(run) for run in left] == [600, 60] and time.left("digits") == 660


def test_runs_of_another_device_are_done_but_tell_nothing_of_time(tmp_path):
    done, left = runs("digits", 0, 1), runs("digits", 2)
    results(tmp_path, done[0], 3, device="a GPU")
    assert TimeLeft(done[:1], left, [tmp_path], device=HERE).sentence() == "1 left, for a time not known yet"
    results(tmp_path, done[1], 60)
    time = TimeLeft(done, left, [tmp_path], device=HERE)
    assert time.seconds(left[0]) == 60 and "digits   |    2 |" in time.table()
