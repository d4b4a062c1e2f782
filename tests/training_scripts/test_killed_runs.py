import signal

import pytest
import torch
from tiny_runs import SCRIPTS, launch, results_of, tiny_run, weights_of

# Nine steps an epoch and a checkpoint after each fourth: the one of step 12 lies inside the second epoch, and the run
# is killed while that of step 16 is written. Adam and a falling learning rate have states that must be taken up again.
SCHEDULE = ["--num_train_epochs", "3", "--save_strategy", "steps", "--save_steps", "4", "--eval_strategy", "epoch"]
SCHEDULE += ["--learning_rate", "0.01", "--optim", "adamw_torch", "--lr_scheduler_type", "linear"]
AVERAGED = "train_image_classification"
"""The script of which the model is an average: a checkpoint holds what is trained beside it."""
BATCHES_OF_8 = ["--max_samples", "71", "--per_device_train_batch_size", "8"]
KILLED = ["tests/launched_script.py", "--killed_at", "16"]
RECIPES = {
    "train_image_classification": ["--cutmix_alpha", "1", "--ema_decay", "0.5"],
    "train_tabular_classification": ["--mixup_alpha", "0.2", "--sam_rho", "0.05"],
    "train_text_classification": ["--focal_gamma", "2", "--logit_norm_temperature", "0.5"],
    "train_semantic_segmentation": ["--max_suppression_factor", "0.2"],
}
"""Of each script other ways of training: with label smoothing, below, all of them are killed once."""
ON_TWO = ["--processes", "2"]


@pytest.fixture
def one_thread():
    """As the processes have it: sums in another order differ in their last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def written(run):
    """Name of each checkpoint of a run -> the names of its files."""
    return {folder.name: {path.name for path in folder.iterdir()} for folder in run.glob("checkpoint-*")}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_run_killed_in_mid_epoch_ends_as_if_it_had_not_been(root, main_of, one_thread, tmp_path, script):
    sizes = ["--per_device_train_batch_size", "2"] if script == "train_semantic_segmentation" else BATCHES_OF_8
    arguments = [*tiny_run(script, tmp_path, dropout=0.3), *SCHEDULE, *sizes, *RECIPES[script]]
    if script == AVERAGED:  # and taught
        main_of(script, *tiny_run(script, tmp_path, dropout=0), *sizes, "--output_dir", tmp_path / "teacher")
        arguments += ["--teacher", tmp_path / "teacher"]
    main_of(script, *arguments, "--output_dir", tmp_path / "whole")
    assert results_of(tmp_path / "whole")["training"]["resumed_from"] is None

    run = tmp_path / "killed"
    killed = launch(root, script, *arguments, "--output_dir", run, launcher=KILLED)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (run / "results.json").exists()
    files = written(run)
    assert {name for name in files if "complete" in files[name]} == {"checkpoint-8", "checkpoint-12"}, "two are kept"
    assert {"model.safetensors", "optimizer.pt"} <= files["checkpoint-16"], "it was cut off while it was written"
    assert ("raw_weights" in files["checkpoint-12"]) is (script == AVERAGED)

    main_of(script, *arguments, "--output_dir", run)
    assert results_of(run)["training"]["resumed_from"] == "checkpoint-12"
    assert weights_of(run) == weights_of(tmp_path / "whole")


def test_two_processes_killed_leave_no_mark_on_a_checkpoint_that_one_has_not_written(root, tmp_path):
    # each process draws the units that it leaves out from a generator of its own
    script = "train_text_classification"
    sizes = ["--max_samples", "72", "--per_device_train_batch_size", "4"]
    arguments = [*tiny_run(script, tmp_path, dropout=0.3), *SCHEDULE, *sizes, "--label_smoothing_factor", "0.2"]
    whole = launch(root, script, *arguments, "--output_dir", tmp_path / "whole", launcher=[KILLED[0], *ON_TWO])
    assert whole.returncode == 0, whole.stderr

    run = tmp_path / "killed"
    killed = launch(root, script, *arguments, "--output_dir", run, launcher=[*KILLED, *ON_TWO])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    files = written(run)
    assert files["checkpoint-16"] >= {"rng_state_0.pth", "trainer_state.json"}, "all that the first process writes"
    complete = {name for name in files if "complete" in files[name]}
    assert complete == {"checkpoint-8", "checkpoint-12"}, "two are kept"
    assert all(files[name] >= {"rng_state_0.pth", "rng_state_1.pth"} for name in complete)

    again = launch(root, script, *arguments, "--output_dir", run, launcher=[KILLED[0], *ON_TWO])
    assert again.returncode == 0, again.stderr
    assert results_of(run)["training"]["resumed_from"] == "checkpoint-12"
    assert weights_of(run) == weights_of(tmp_path / "whole")
