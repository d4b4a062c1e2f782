import json

import pytest

from abstain import InputError
from abstain.experiments.grid import GridRun
from abstain.experiments.grid_state import is_done, log_of, seconds_of

OPTIONS = ("--dataset_name", "tables/noisy_digits_rows", "--label_smoothing_factor", "0.4", "--seed", "0")


@pytest.fixture
def run(root):
    scripts = root / "training_scripts"
    recipe = str(scripts / "recipes" / "mlp_noisy_digits.yaml")
    return GridRun("mine", "digits", "ls", 0, scripts / "train_tabular_classification.py", (recipe, *OPTIONS))


@pytest.fixture
def settings(root):
    """Of a kept run, made by an earlier version."""
    return json.loads((root / "model_cards" / "mlp_noisy_digits_a0.4_s0" / "results.json").read_text())["settings"]


def written(folder, settings, name="results.json", **others):
    (folder / "mine").mkdir(parents=True, exist_ok=True)
    (folder / "mine" / name).write_text(json.dumps({"settings": settings, **others} if others else settings))


def test_results_of_the_same_settings_are_done_wherever_they_are(tmp_path, run, settings):
    assert not is_done(run, [tmp_path / "runs", tmp_path / "kept"])
    written(tmp_path / "kept", settings, training={})
    assert is_done(run, [tmp_path / "runs", tmp_path / "kept"])
    assert not is_done(run, [tmp_path / "runs"])


def test_an_argument_that_an_older_version_did_not_have_counts_as_its_default(tmp_path, run, settings):
    for name in ("sam_rho", "activation_checkpointing"):  # the latter is None until the arguments are completed
        del settings["training"][name]
    written(tmp_path, settings, training={})
    assert is_done(run, [tmp_path])
    with pytest.raises(InputError, match=r"mine' holds a run with sam_rho = 0\.0, but this one has 0\.1"):
        is_done(run.with_options(["--sam_rho", "0.1"]), [tmp_path])


@pytest.mark.parametrize("name", ["results.json", "run.json"])
def test_a_run_of_other_settings_is_refused_by_name(tmp_path, run, settings, name):
    settings["training"]["label_smoothing_factor"] = 0.2
    written(tmp_path, settings, name, **({"training": {}} if name == "results.json" else {}))
    with pytest.raises(InputError, match=r"mine' holds a run with label_smoothing_factor = 0\.2, but .* 0\.4: give"):
        is_done(run, [tmp_path])


def test_a_run_that_was_stopped_is_left(tmp_path, run, settings):
    written(tmp_path, settings, "run.json")
    assert not is_done(run, [tmp_path])


def test_arguments_that_a_script_does_not_take_are_refused_before_anything_runs(tmp_path, run):
    with pytest.raises(InputError, match="the run mine cannot be started: unknown option '--sam_ro'"):
        is_done(run.with_options(["--sam_ro", "1"]), [tmp_path])


@pytest.mark.parametrize(("name", "group"), [("teacher", "training"), ("dataset_name", "data")])
def test_what_another_owner_has_on_the_hub_is_another_thing(tmp_path, run, settings, name, group):
    settings[group][name] = "somebody/net"
    written(tmp_path, settings, training={})
    assert is_done(run.with_options([f"--{name}", "somebody/net"]), [tmp_path])
    with pytest.raises(InputError, match=f"{name} = 'somebody/net', but this one has 'other/net'"):
        is_done(run.with_options([f"--{name}", "other/net"]), [tmp_path])
    assert is_done(run.with_options([f"--{name}", "../folder/net"]), [tmp_path]), "the same, fetched before"


def test_a_seed_that_is_not_that_of_the_name_is_refused(tmp_path, run):
    with pytest.raises(InputError, match="the run mine is given the seed 3, but named by another"):
        is_done(run.with_options(["--seed", "3"]), [tmp_path])


def test_damaged_results_are_said(tmp_path, run):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "results.json").write_text("{")
    with pytest.raises(InputError, match=r"results.json' is damaged .*: remove its folder"):
        is_done(run, [tmp_path])


def test_the_time_of_a_run_is_that_of_its_log_with_all_its_parts_or_else_of_its_training(tmp_path, run):
    assert seconds_of(run, [tmp_path], device="a GPU") is None
    written(tmp_path, {}, training={"train_runtime": 7.5}, environment={"device": "a GPU"})
    assert seconds_of(run, [tmp_path / "other", tmp_path], device="a GPU") == 7.5
    parts = ["a line", "run_grid: exit status -15 after 20.0 s", "run_grid: exit status 0 after 2.5 s"]
    log_of(run, tmp_path).write_text("\n".join(parts))
    assert seconds_of(run, [tmp_path], device="a GPU") == 22.5
    assert seconds_of(run, [tmp_path], device="another") is None, "it was trained elsewhere"
