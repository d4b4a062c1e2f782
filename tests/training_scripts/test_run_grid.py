import json
import re
import shlex
from argparse import Namespace

import pytest

from abstain import InputError
from abstain.experiments import GridRun, is_done, read_grid

GRID = """
seeds: 1
data_sets:
  digits: {script: train_tabular_classification.py, recipe: mlp_noisy_digits.yaml, arguments: {max_samples: 60}}
  absent: {script: train_tabular_classification.py, recipe: mlp_bank_marketing.yaml}
recipes:
  ls0.2: {label_smoothing_factor: 0.2, num_train_epochs: 1}
"""
DONE, FAILED = "mlp_noisy_digits_ls0.2_s0", "mlp_bank_marketing_ls0.2_s0"


@pytest.fixture
def run_grid(main_of, tmp_path, monkeypatch):
    """Runs the program on a grid; returns its exit status."""
    monkeypatch.setenv("OMP_NUM_THREADS", "8")

    def run(text, *options):
        (tmp_path / "grid.yaml").write_text(text)
        with pytest.raises(SystemExit) as ended:
            main_of("run_grid", tmp_path / "grid.yaml", "--output_dir", tmp_path / "runs", *options)
        return ended.value.code

    return run


def test_a_grid_runs_what_is_left_says_what_failed_and_goes_on(run_grid, main_of, tmp_path, capsys):
    (tmp_path / "nowhere").mkdir()  # a folder without data
    options = ["--jobs", "2", "--data", f"absent={tmp_path / 'nowhere'}", "--keep", tmp_path / "kept"]
    assert run_grid(GRID, *options, "--extra", "--logging_steps 1") == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {FAILED} failed: error: ") and "nowhere" in said
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [DONE]
    results = json.loads((tmp_path / "runs" / DONE / "results.json").read_text())
    assert results["settings"]["training"]["label_smoothing_factor"] == 0.2
    assert results["environment"]["threads"] == 1
    assert json.loads((tmp_path / "kept" / DONE / "results.json").read_text()) == results
    log = (tmp_path / "runs" / f"{DONE}.log").read_text()
    assert "Results are in" in log and "run_grid: exit status 0 after" in log

    main_of("run_grid", tmp_path / "grid.yaml", "--output_dir", tmp_path / "runs", "--dry_run")
    (command,) = capsys.readouterr().out.splitlines()
    assert command.endswith(f"--disable_tqdm true --output_dir {tmp_path / 'runs' / FAILED}")
    (tmp_path / "runs" / DONE / "results.json").unlink()  # as if it was made elsewhere and begun here
    without_absent = "\n".join(line for line in GRID.splitlines() if "absent" not in line)
    assert run_grid(without_absent, "--keep", tmp_path / "kept") == 0
    assert "| digits   |    1 |    0 |" in capsys.readouterr().out


def test_a_run_that_cannot_be_kept_is_said_and_stops_no_other(load_script, tmp_path, monkeypatch):
    program = load_script("run_grid")
    (tmp_path / "runs" / DONE).mkdir(parents=True)
    (tmp_path / "runs" / DONE / "results.json").write_text('{"settings": "/home/me"}')
    monkeypatch.setattr(program, "is_done", lambda run, folders: True)
    run = GridRun(DONE, "digits", "ls0.2", 0, tmp_path / "script.py", ())
    options = Namespace(output_dir=tmp_path / "runs", keep=tmp_path / "kept")
    assert "tell a path of this machine, '/home/me'" in program.keep(run, options)
    options.keep = None
    assert program.keep(run, options) is None


def test_a_run_of_other_settings_is_refused_before_anything_runs(run_grid, tmp_path):
    folder = tmp_path / "runs" / DONE
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"training": {"label_smoothing_factor": 0.4}}))
    with pytest.raises(InputError, match=r"mlp_noisy_digits_ls0\.2_s0' holds a run with"):
        run_grid(GRID)
    assert list((tmp_path / "runs").iterdir()) == [folder]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "digits"], "--data is 'digits'"),
        (["--data", "digits=./nowhere"], "the data set digits is to be at './nowhere', which does not exist"),
        (["--jobs", "0"], "jobs is 0, but must be at least 1"),
        (["--limit_hours", "nan"], "limit_hours is nan, but must be finite and at least 0"),
        (["--extra", "'--flip"], "whose quotes do not match"),
    ],
)
def test_options_that_cannot_be_are_refused(main_of, tmp_path, options, message):
    (tmp_path / "grid.yaml").write_text(GRID)
    with pytest.raises(InputError, match=message):
        main_of("run_grid", tmp_path / "grid.yaml", *options)


def test_every_run_of_the_shipped_grids_is_kept_by_the_command_of_their_header(root):
    paths = list((root / "training_scripts" / "grids").glob("*.yaml"))
    grids = {path.stem: read_grid(path, scripts=root / "training_scripts") for path in paths}
    numbers = {name: len(runs) for name, runs in grids.items()}
    assert numbers == {"noisy_digits": 130, "tables": 260, "cifar10": 24, "imdb": 6}
    for path in paths:
        header = path.read_text()
        assert f"grids/{path.name}" in header, "it says how the grid is run"
        extra = shlex.split(" ".join(re.findall(r'--extra "(.*)"', header)))
        for run in grids[path.stem]:
            assert is_done(run.with_options(extra), [root / "model_cards" / "recipes"]), f"{run.name} is not kept"
    assert len({run.name for runs in grids.values() for run in runs}) == 420
