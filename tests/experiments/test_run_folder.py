import json
from dataclasses import dataclass

import pytest

from abstain import InputError, SelectiveTrainingArguments
from abstain.experiments.run_folder import check_source, claim_folder, find_checkpoint, start_run, train_run
from abstain.experiments.settings import run_settings
from abstain.report.folder import write_results
from abstain.training.checkpoints import mark_complete


def arguments(folder, **changes):
    return SelectiveTrainingArguments(output_dir=str(folder), report_to="none", **changes)


def begin_run(args, settings):
    checkpoint = find_checkpoint(args, settings)
    claim_folder(args, settings)
    return checkpoint


def test_a_new_folder_is_claimed_and_nothing_is_resumed(tmp_path):
    args = arguments(tmp_path / "run")
    settings = run_settings(args, data={"name": "digits"})
    assert begin_run(args, settings) is None
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == settings


def test_an_unfinished_run_of_the_same_settings_is_resumed(tmp_path):
    args = arguments(tmp_path)
    begin_run(args, run_settings(args))
    for step in (5, 10, 15):
        (tmp_path / f"checkpoint-{step}").mkdir()
    mark_complete(tmp_path / "checkpoint-5")
    mark_complete(tmp_path / "checkpoint-10")  # but the one of step 15 was cut off
    assert begin_run(args, run_settings(args)) == str(tmp_path / "checkpoint-10")
    assert not (tmp_path / "checkpoint-15").exists(), "it would count among those that save_total_limit keeps"


def test_an_unfinished_run_of_other_settings_is_refused(tmp_path):
    args = arguments(tmp_path, label_smoothing_factor=0.2)
    begin_run(args, run_settings(args))
    (tmp_path / "checkpoint-5").mkdir()
    mark_complete(tmp_path / "checkpoint-5")
    other = arguments(tmp_path, label_smoothing_factor=0.1)
    with pytest.raises(InputError, match=r"label_smoothing_factor = 0\.2, but this one has 0\.1"):
        begin_run(other, run_settings(other))
    anew = arguments(tmp_path, label_smoothing_factor=0.1, overwrite_output_dir=True)
    assert begin_run(anew, run_settings(anew)) is None


def test_what_does_not_change_the_result_may_differ(tmp_path):
    args = arguments(tmp_path)
    begin_run(args, run_settings(args))
    (tmp_path / "checkpoint-5").mkdir()
    mark_complete(tmp_path / "checkpoint-5")
    other = arguments(tmp_path, logging_steps=7, disable_tqdm=True, save_total_limit=1, overwrite_output_dir=True)
    assert begin_run(other, run_settings(other)) == str(tmp_path / "checkpoint-5")


@pytest.mark.parametrize("change", [{"dataloader_drop_last": True}, {"save_only_model": True}])
def test_what_changes_the_result_may_not_differ(tmp_path, change):
    begin_run(arguments(tmp_path), run_settings(arguments(tmp_path)))
    (tmp_path / "checkpoint-5").mkdir()
    mark_complete(tmp_path / "checkpoint-5")
    other = arguments(tmp_path, **change)
    with pytest.raises(InputError, match="holds an unfinished run with " + next(iter(change))):
        begin_run(other, run_settings(other))


def test_a_run_does_not_go_on_with_another_number_of_processes(tmp_path):
    args = arguments(tmp_path)
    begin_run(args, run_settings(args))
    (tmp_path / "checkpoint-5").mkdir()
    mark_complete(tmp_path / "checkpoint-5")
    with pytest.raises(InputError, match="processes = 1, but this one has 8"):
        begin_run(args, run_settings(args) | {"launch": {"processes": 8}})


def test_a_named_checkpoint_is_never_cleared_away(tmp_path):
    (tmp_path / "checkpoint-5").mkdir()
    args = arguments(tmp_path, resume_from_checkpoint=str(tmp_path / "checkpoint-5"), overwrite_output_dir=True)
    with pytest.raises(InputError, match="lies in the output folder, which overwrite_output_dir would clear"):
        begin_run(args, run_settings(args))
    assert (tmp_path / "checkpoint-5").exists()


@pytest.mark.parametrize("found", ["checkpoint-44", "model.safetensors", "logits"])
def test_what_no_run_of_this_program_left_is_neither_resumed_nor_replaced(tmp_path, found):
    (tmp_path / found).mkdir()
    args = arguments(tmp_path)
    with pytest.raises(InputError, match=f"already holds results \\({found}\\)"):
        begin_run(args, run_settings(args))


def test_a_checkpoint_can_be_named(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "trainer_state.json").write_text("{}")
    args = arguments(tmp_path / "run", resume_from_checkpoint=str(tmp_path / "elsewhere"))
    assert begin_run(args, run_settings(args)) == str(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="the checkpoint to resume from 'nowhere' does not exist"):
        begin_run(arguments(tmp_path / "run2", resume_from_checkpoint="nowhere"), {})


def test_a_named_checkpoint_must_be_whole_and_of_the_same_model(tmp_path):
    before = arguments(tmp_path / "before")
    begin_run(before, run_settings(before, model={"depth": 20}))
    checkpoint = tmp_path / "before" / "checkpoint-5"
    checkpoint.mkdir()
    args = arguments(tmp_path / "run", num_train_epochs=7, resume_from_checkpoint=str(checkpoint))
    settings = run_settings(args, model={"depth": 20})
    with pytest.raises(InputError, match=r"holds no trainer_state\.json: give a folder checkpoint-"):
        begin_run(args, settings)
    (checkpoint / "trainer_state.json").write_text("{}")
    with pytest.raises(InputError, match="was cut off while it was written"):
        begin_run(args, settings)
    mark_complete(checkpoint)
    with pytest.raises(InputError, match="is of a run with depth = 20, but this one has 32: give one of the same"):
        begin_run(args, run_settings(args, model={"depth": 32}))
    assert begin_run(args, settings) == str(checkpoint), "for more epochs, say"


def test_a_damaged_record_of_a_run_is_one_sentence(tmp_path):
    args = arguments(tmp_path)
    begin_run(args, run_settings(args))
    (tmp_path / "checkpoint-5").mkdir()
    mark_complete(tmp_path / "checkpoint-5")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(InputError, match=r"run\.json' is damaged"):
        begin_run(args, run_settings(args))


def test_an_infinite_argument_is_recorded(tmp_path):
    args = arguments(tmp_path, max_grad_norm=float("inf"))
    begin_run(args, run_settings(args))
    assert json.loads((tmp_path / "run.json").read_text())["training"]["max_grad_norm"] == "Infinity"
    assert begin_run(args, run_settings(args)) is None


def test_a_run_that_never_saved_a_checkpoint_binds_nobody(tmp_path):
    args, other = arguments(tmp_path, label_smoothing_factor=0.2), arguments(tmp_path)
    begin_run(args, run_settings(args))
    assert begin_run(other, run_settings(other)) is None
    assert json.loads((tmp_path / "run.json").read_text()) == run_settings(other)


def test_results_are_replaced_only_when_asked(tmp_path):
    args = arguments(tmp_path)
    begin_run(args, run_settings(args))
    (tmp_path / "checkpoint-5").mkdir()
    (tmp_path / "mine.txt").write_text("kept")
    (tmp_path / "samples.parquet").touch()
    write_results(tmp_path, {"a": 1})
    with pytest.raises(InputError, match="already holds results"):
        begin_run(args, run_settings(args))
    assert json.loads((tmp_path / "results.json").read_text()) == {"a": 1}
    anew = arguments(tmp_path, overwrite_output_dir=True)
    assert begin_run(anew, run_settings(anew)) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "run.json"]


def test_a_checkpoint_is_not_overwritten_by_what_is_made_of_it(tmp_path):
    args = arguments(tmp_path)
    check_source(None, args)
    check_source("somebody/something", args)
    with pytest.raises(InputError, match="the output folder is the checkpoint to fine-tune"):
        check_source(f"{tmp_path}/.", args)


@dataclass
class Sources:
    model_name_or_path: str | None = None
    depth: int = 20


def test_a_script_s_arguments_are_written_down_once_its_run_is_claimed(tmp_path):
    args = arguments(tmp_path / "run")
    settings, checkpoint = start_run(args, model=Sources(), data=Sources(depth=3))
    assert checkpoint is None and (settings["model"]["depth"], settings["data"]["depth"]) == (20, 3)
    assert not (tmp_path / "run").exists(), "what is refused from here on leaves no trace"
    claim_folder(args, settings)
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == settings
    mark = tmp_path / "run" / "checkpoint-5"
    mark.mkdir()
    mark_complete(mark)
    assert start_run(args, model=Sources(), data=Sources(depth=3)) == (settings, str(mark))
    with pytest.raises(InputError, match="the output folder is the checkpoint to fine-tune"):
        start_run(args, model=Sources(str(tmp_path / "run")), data=Sources())


class Refusing:
    """Stands for a trainer that would fail when it begins."""

    is_fsdp_enabled = is_deepspeed_enabled = False

    def __init__(self, args):
        self.args = args

    def get_train_dataloader(self):
        raise InputError("no batches")


def test_a_run_that_is_refused_replaces_nothing(tmp_path):
    write_results(tmp_path, {"a": 1})
    args = arguments(tmp_path, overwrite_output_dir=True)
    settings, checkpoint = start_run(args, model=Sources(), data=Sources())
    with pytest.raises(InputError, match="no batches"):
        train_run(Refusing(args), settings, checkpoint)
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
