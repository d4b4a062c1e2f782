import json
from pathlib import Path

from abstain.experiments.grid import GridRun
from abstain.experiments.time_left import TimeLeft


def runs(data_set, *seeds):
    return [GridRun(f"{data_set}_s{seed}", data_set, "ce", seed, Path("script.py"), ()) for seed in seeds]


def results(folder, name, seconds):
    (folder / name).mkdir()
    (folder / name / "results.json").write_text(json.dumps({"training": {"train_runtime": seconds}}))


def test_what_is_done_tells_how_long_the_rest_takes(tmp_path):
    results(tmp_path, "digits_s0", 60)
    results(tmp_path, "digits_s1", 120)
    done, left = runs("digits", 0, 1), [*runs("digits", 2, 3, 4), *runs("images", 0)]
    time = TimeLeft(done, left, [tmp_path], jobs=2)
    assert time.seconds("digits") == 90 and time.left("digits") == 90 * 3 / 2
    assert time.seconds("images") is None and time.left("images") is None
    assert time.sentence() == "4 left, at least 2.2 minutes"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in time.table().splitlines()]
    assert rows[0] == ["data set", "done", "left", "minutes a run", "minutes left"]
    assert rows[2:4] == [["digits", "2", "3", "1.50", "2.25"], ["images", "0", "1", "?", "?"]]

    time.count(left[3], 600)
    time.count(left[0], 30)
    assert time.seconds("digits") == 60, "the median: one may have waited for others"
    assert time.sentence() == "2 left, about 1.0 minutes"


def test_of_nothing_done_no_time_is_known():
    assert TimeLeft([], runs("digits", 0), []).sentence() == "1 left, for a time not known yet"
    assert TimeLeft([], [], []).sentence() == "0 left"
