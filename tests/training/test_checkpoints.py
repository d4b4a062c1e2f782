import os
import subprocess
import sys

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tiny_trainers import arguments, small_resnet, small_vit

from abstain import InputError, SelectiveTrainer
from abstain.training.checkpoints import (
    COMPLETE_FILE,
    last_complete,
    mark_complete,
    naming_what_is_not_written,
    remove_cut_off,
)


def checkpoints(folder, *steps, whole=()):
    for step in steps:
        (folder / f"checkpoint-{step}").mkdir()
        if step in whole:
            mark_complete(folder / f"checkpoint-{step}")


def test_the_last_whole_checkpoint_is_found_by_its_number(tmp_path):
    assert last_complete(tmp_path) is None
    checkpoints(tmp_path, 5, 90, 100, 110, whole=(5, 90, 100))
    assert last_complete(tmp_path) == str(tmp_path / "checkpoint-100")


def test_what_was_cut_off_is_removed_and_nothing_else(tmp_path):
    checkpoints(tmp_path, 5, 10, whole=(5,))
    (tmp_path / "logits").mkdir()
    remove_cut_off(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-5", "logits"]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), SafetensorError("I/O error"), RuntimeError("file write failed")]
)
def test_what_could_not_be_written_is_named(tmp_path, error):
    for name, age in (("a", 2), ("b", 1)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    with pytest.raises(InputError, match=r"/b' could not be written \(.*\): free some space and"):
        with naming_what_is_not_written(tmp_path):
            raise error


def test_another_failure_is_left_as_it_is(tmp_path):
    with pytest.raises(RuntimeError, match="out of memory"), naming_what_is_not_written(tmp_path):
        raise RuntimeError("out of memory")


def test_older_checkpoints_go_once_the_new_one_is_whole(tmp_path, digits):
    args = arguments(tmp_path, num_train_epochs=3, save_strategy="epoch", save_total_limit=1)
    trainer = SelectiveTrainer(small_resnet(), args, train_dataset=digits)
    trainer.train()
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-18"]
    assert last_complete(tmp_path) and args.save_total_limit == 1


def test_what_was_cut_off_is_passed_over_when_a_training_goes_on(tmp_path, digits):
    args = arguments(tmp_path, num_train_epochs=2, save_strategy="epoch")
    trainer = SelectiveTrainer(small_resnet(), args, train_dataset=digits)
    trainer.train()
    expected = trainer.model.state_dict()
    (tmp_path / "checkpoint-12" / COMPLETE_FILE).unlink()
    (tmp_path / "checkpoint-12" / "model.safetensors").write_bytes(b"cut off")
    SelectiveTrainer(small_resnet(), args, train_dataset=digits).train(resume_from_checkpoint=True)
    found = load_file(tmp_path / "checkpoint-12" / "model.safetensors")
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize("model", [small_vit, small_resnet])
def test_a_checkpoint_of_another_model_is_one_sentence(tmp_path, digits, model):
    trainer = SelectiveTrainer(model(), arguments(tmp_path, max_steps=1), train_dataset=digits)
    trainer.train()
    trainer._save_checkpoint(trainer.model, None)
    other = model()
    other.classifier = torch.nn.Linear(other.classifier.in_features, 3)
    resuming = SelectiveTrainer(other, arguments(tmp_path, max_steps=2), train_dataset=digits)
    with pytest.raises(InputError, match=r"checkpoint-1' cannot be loaded \(.*classifier") as caught:
        resuming.train(resume_from_checkpoint=str(tmp_path / "checkpoint-1"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", [small_vit, small_resnet])
def test_the_best_model_is_the_one_that_was_saved(tmp_path, digits, model):
    evaluated = []

    def worse_every_time(prediction):
        evaluated.append({name: tensor.clone() for name, tensor in trainer.model.state_dict().items()})
        return {"score": -len(evaluated)}

    args = arguments(
        tmp_path, num_train_epochs=2, learning_rate=0.01, eval_strategy="epoch", save_strategy="epoch",
        load_best_model_at_end=True, metric_for_best_model="score", greater_is_better=True,
    )  # fmt: skip
    trainer = SelectiveTrainer(
        model(), args, train_dataset=digits, eval_dataset=digits, compute_metrics=worse_every_time
    )
    trainer.train()
    first, last = evaluated
    name = next(name for name in first if name.endswith("classifier.weight"))
    assert not torch.equal(first[name], last[name])
    assert all(torch.equal(tensor, first[name]) for name, tensor in trainer.model.state_dict().items())


def test_no_checkpoint_holds_the_arguments_as_a_pickle_and_each_is_marked_whole(tmp_path, digits):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path, save_strategy="epoch"), train_dataset=digits)
    trainer.train()
    trainer.save_model(str(tmp_path / "final"))
    assert (tmp_path / "checkpoint-6" / "complete").is_file()
    assert not list(tmp_path.rglob("training_args.bin"))


FILL_THE_DISK = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from tiny_trainers import arguments, small_resnet
from transformers import TrainerCallback
from abstain import SelectiveTrainer
from abstain.data.splits import load_data
from abstain.data.image_tensors import decode_images


class Full(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 3:  # from here on no file may be longer than 2,000 bytes
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


data = decode_images(load_data("digits")["train"].select(range(96)))
args = arguments(sys.argv[2], save_strategy="steps", save_steps=2)
SelectiveTrainer(small_resnet(), args, train_dataset=data, callbacks=[Full()]).train()
"""


def test_a_full_disk_is_named_and_leaves_the_checkpoint_before(root, tmp_path):
    script = tmp_path / "fill.py"
    script.write_text(FILL_THE_DISK)
    command = [sys.executable, str(script), str(root / "tests"), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "InputError" in last and "checkpoint-4/" in last and "could not be written" in last, done.stderr
    assert (tmp_path / "run" / "checkpoint-2" / "complete").exists()
    assert not (tmp_path / "run" / "checkpoint-4" / "complete").exists()
    small_resnet().from_pretrained(tmp_path / "run" / "checkpoint-2")


def test_where_there_is_nothing_to_resume_from_is_said(tmp_path, digits):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path), train_dataset=digits)
    with pytest.raises(InputError, match=r"there is no checkpoint in .* to resume from: leave out resume_from"):
        trainer.train(resume_from_checkpoint=True)
    with pytest.raises(InputError, match="resume_from_checkpoint is 'nowhere', but there is no such folder"):
        trainer.train(resume_from_checkpoint="nowhere")
