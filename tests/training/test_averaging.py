import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file
from tiny_trainers import ONE_STEP, arguments, small_resnet, small_vit
from transformers import TrainerCallback

from abstain import InputError, SelectiveTrainer
from abstain.training.averaging import RAW_FILE, averaged_copy, exchange

SGD = {**ONE_STEP, "max_steps": -1, "learning_rate": 0.05, "ema_decay": 0.5}


class Recording(TrainerCallback):
    """The weights that each update leaves, and those that the end of a training shows."""

    def __init__(self):
        self.raw, self.at_end = [], None

    def on_step_end(self, args, state, control, model, **kwargs):
        self.raw.append(copied(model))

    def on_train_end(self, args, state, control, model, **kwargs):
        self.at_end = copied(model)


def copied(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def near(one, other):
    return all(torch.allclose(one[name].double(), other[name].double(), atol=1e-6) for name in one)


def averages(raw, decay):
    """The average after each update, by its definition: it begins with the first."""
    found = [{name: value.double() for name, value in raw[0].items()}]
    for weights in raw[1:]:
        found.append({name: decay * found[-1][name] + (1 - decay) * value for name, value in weights.items()})
        found[-1].update({name: value for name, value in weights.items() if not value.is_floating_point()})
    return found


def trained(folder, data, model=None, recording=None, **changes):
    args, called = arguments(folder, **{**SGD, **changes}), [recording] if recording else []
    trainer = SelectiveTrainer(model or small_resnet(), args, train_dataset=data, eval_dataset=data, callbacks=called)
    trainer.train()
    return trainer


def test_the_copy_moves_as_worked_by_hand():
    model = torch.nn.BatchNorm1d(2)
    model.register_buffer("positions", torch.arange(5))
    model.register_buffer("mask", torch.tensor([True, False]))
    average = averaged_copy(model, 0.9)
    for weight, mean, count in ((1.0, 10.0, 3), (2.0, 20.0, 5), (4.0, 0.0, 6)):
        with torch.no_grad():
            model.weight.fill_(weight)
            model.running_mean.fill_(mean)
            model.num_batches_tracked.fill_(count)
        average.update_parameters(model)
    copy = average.module
    torch.testing.assert_close(copy.weight, torch.full((2,), 0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 4))
    torch.testing.assert_close(copy.running_mean, torch.full((2,), 0.9 * (0.9 * 10 + 0.1 * 20)))
    assert copy.num_batches_tracked.item() == 6 and copy.positions.tolist() == [0, 1, 2, 3, 4]
    assert copy.mask.tolist() == [True, False]


def test_two_models_change_places_and_stay_where_they_are():
    one, other = (torch.nn.BatchNorm1d(2) for _ in range(2))
    torch.nn.init.constant_(one.weight, 3.0)
    place = one.weight.data_ptr()
    exchange(one, other)
    assert one.weight.tolist() == [1, 1] and other.weight.tolist() == [3, 3] and one.weight.data_ptr() == place


def test_the_model_is_the_average_and_the_training_goes_on_from_the_raw_weights(tmp_path, digits):
    plain, recording = Recording(), Recording()
    trained(tmp_path / "plain", digits, recording=plain, ema_decay=0.0)
    schedule = {"eval_strategy": "steps", "eval_steps": 2, "save_strategy": "steps", "save_steps": 3}
    trainer = trained(tmp_path / "run", digits, recording=recording, **schedule)
    assert len(recording.raw) == 6 and all(map(same, plain.raw, recording.raw)), "evaluations and saves leave no trace"
    expected = averages(recording.raw, 0.5)
    assert near(copied(trainer.model), expected[-1]) and same(copied(trainer.model), recording.at_end)
    assert not near(copied(trainer.model), recording.raw[-1])
    trainer.save_model(str(tmp_path / "saved"))
    assert same(load_file(tmp_path / "saved" / "model.safetensors"), copied(trainer.model))
    for step in (3, 6):
        checkpoint = tmp_path / "run" / f"checkpoint-{step}"
        assert near(load_file(checkpoint / "model.safetensors"), expected[step - 1])
        assert same(load_file(checkpoint / RAW_FILE), recording.raw[step - 1])
    measured = [log["eval_loss"] for log in trainer.state.log_history if "eval_loss" in log]
    model = small_resnet()
    for index, loss in zip((1, 3, 5), measured, strict=True):
        model.load_state_dict(expected[index])
        measuring = SelectiveTrainer(model, trainer.args, eval_dataset=digits)
        assert measuring.evaluate()["eval_loss"] == pytest.approx(loss, rel=1e-4)


def test_the_average_moves_once_an_update(tmp_path, digits):
    sizes = ({"per_device_train_batch_size": 16 // n, "gradient_accumulation_steps": n} for n in (1, 2))
    one, two = (copied(trained(tmp_path, digits, small_vit(), **size).model) for size in sizes)
    assert near(one, two)


@pytest.mark.parametrize("changes", [{"sam_rho": 0.1, "label_smoothing_factor": 0.1}, {"bf16": True}])
def test_with_other_recipes_it_is_the_average_of_what_they_train(tmp_path, digits, changes):
    if "sam_rho" in changes:
        pytest.importorskip("pytorch_optimizer", reason="needs the extra `sam`: pip install 'abstain[sam]'")
    recording = Recording()
    trainer = trained(tmp_path, digits, recording=recording, **changes)
    assert near(copied(trainer.model), averages(recording.raw, 0.5)[-1])


@pytest.mark.parametrize("model", [small_vit, small_resnet])
def test_a_training_that_is_taken_up_again_ends_as_one_that_was_not_interrupted(tmp_path, digits, model):
    schedule = {"save_strategy": "steps", "save_steps": 4, "optim": "adamw_torch", "learning_rate": 0.01}
    whole = trained(tmp_path, digits, model(), num_train_epochs=2, **schedule)
    args = arguments(tmp_path, **{**SGD, "num_train_epochs": 2, **schedule})
    resumed = SelectiveTrainer(model(), args, train_dataset=digits)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-4"))
    assert resumed.state.global_step == 12 and same(copied(whole.model), copied(resumed.model))


def test_the_best_model_is_the_average_of_its_step(tmp_path, digits):
    scores = iter([1.0, 3.0, 2.0])
    steps = {"eval_strategy": "steps", "eval_steps": 2, "save_strategy": "steps", "save_steps": 2}
    args = arguments(tmp_path, **SGD, **steps, load_best_model_at_end=True, metric_for_best_model="score")
    args.greater_is_better = True
    recording = Recording()
    trainer = SelectiveTrainer(
        small_resnet(), args, train_dataset=digits, eval_dataset=digits, callbacks=[recording],
        compute_metrics=lambda _: {"score": next(scores)},
    )  # fmt: skip
    trainer.train()
    assert trainer.state.best_global_step == 4
    assert near(copied(trainer.model), averages(recording.raw, 0.5)[3])


def test_a_training_that_breaks_off_leaves_the_average(tmp_path, digits):
    class Stopping(Recording):
        def on_step_end(self, *args, **kwargs):
            super().on_step_end(*args, **kwargs)
            if len(self.raw) == 4:
                raise KeyboardInterrupt

    recording = Stopping()
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path, **SGD), train_dataset=digits, callbacks=[recording])
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    assert near(copied(trainer.model), averages(recording.raw, 0.5)[-1])


def test_a_checkpoint_of_the_other_kind_is_refused(tmp_path, digits):
    for name, decay in (("averaged", 0.05), ("plain", 0.0)):
        trained(tmp_path / name, digits, max_steps=2, save_strategy="steps", save_steps=2, ema_decay=decay)
    for name, decay, said in (("averaged", 0.0, "holds averaged weights"), ("plain", 0.05, "has no raw_weights")):
        args = arguments(tmp_path / name, **{**SGD, "max_steps": 3, "ema_decay": decay})
        with pytest.raises(InputError, match=said):
            SelectiveTrainer(small_resnet(), args, train_dataset=digits).train(resume_from_checkpoint=True)


def test_weights_in_which_an_average_would_stand_still_are_refused(tmp_path, digits):
    with pytest.raises(InputError, match=r"ema_decay moves weights by steps too small for .*, which holds bfloat16"):
        trained(tmp_path, digits, small_resnet().bfloat16())


def test_an_average_that_is_mostly_the_start_says_so(tmp_path, digits):
    with pytest.warns(UserWarning, match=r"ema_decay is 0\.999, but there are only 2 updates: 100 % of the average"):
        trained(tmp_path, digits, max_steps=2, ema_decay=0.999)


@pytest.mark.parametrize("decay", [1.0, 1.5, -0.1, float("nan"), float("inf"), "abc"])
def test_a_decay_that_is_none_is_refused(tmp_path, decay):
    with pytest.raises(InputError, match=r"ema_decay is .*, but must be"):
        arguments(tmp_path, ema_decay=decay)


ON_TWO = """
import os, sys
import torch
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from safetensors.torch import save_file
from tiny_trainers import ONE_STEP, arguments, small_resnet
from abstain import SelectiveTrainer
from abstain.data.splits import load_data
from abstain.data.image_tensors import decode_images

data = decode_images(load_data("digits")["train"].select(range(96)))
changes = {**ONE_STEP, "max_steps": 6, "ema_decay": 0.5, "eval_strategy": "steps", "eval_steps": 3}
changes |= {"per_device_train_batch_size": 8, "save_strategy": "steps", "save_steps": 4}
rank = os.environ["RANK"]
folder = Path(sys.argv[2])
for name, resumed in (("whole", None), ("resumed", str(folder / "run" / "checkpoint-4"))):
    args = arguments(folder / "run", **changes)
    trainer = SelectiveTrainer(small_resnet(), args, train_dataset=data, eval_dataset=data)
    trainer.train(resume_from_checkpoint=resumed)
    save_file(trainer.model.state_dict(), folder / f"{name}-{rank}.safetensors")
torch.distributed.destroy_process_group()
"""


def test_two_processes_have_one_average_and_go_on_with_it(root, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(ON_TWO)
    launcher = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "0", "--rdzv_backend", "c10d"]
    command = [sys.executable, *launcher, str(script), str(root / "tests"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    first, *others = (
        load_file(tmp_path / f"{name}-{rank}.safetensors") for name in ("whole", "resumed") for rank in (0, 1)
    )
    assert all(same(first, other) for other in others)
