import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from tiny_trainers import ONE_STEP, arguments, small_resnet, small_vit

from abstain import SelectiveTrainer
from abstain.losses import smoothed_cross_entropy

pytest.importorskip("pytorch_optimizer", reason="needs the extra `sam`: pip install 'abstain[sam]'")


def trained(folder, model, data, **changes):
    trainer = SelectiveTrainer(model, arguments(folder, **{**ONE_STEP, **changes}), train_dataset=data)
    trainer.train()
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def batch(data):
    items = [data[index] for index in range(len(data))]
    return torch.stack([item["pixel_values"] for item in items]), torch.stack([item["labels"] for item in items])


def gradient(model, pixels, labels):
    model.zero_grad()
    smoothed_cross_entropy(model(pixels).logits, labels, smoothing=0.2).backward()
    return [parameter.grad.clone() for parameter in model.parameters()]


def test_one_step_is_that_of_the_formula(tmp_path, digits):
    # w - 0.1 · ∇L(w + ρ g / ‖g‖) with g = ∇L(w), over all 96 images at once
    pixels, labels = batch(digits)
    model = small_vit().train()
    start = [parameter.detach().clone() for parameter in model.parameters()]
    g = gradient(model, pixels, labels)
    length = torch.sqrt(sum((part**2).sum() for part in g))
    with torch.no_grad():
        for parameter, part in zip(model.parameters(), g, strict=True):
            parameter.add_(0.3 * part / length)
    expected = [w - 0.1 * part for w, part in zip(start, gradient(model, pixels, labels), strict=True)]
    changes = {"per_device_train_batch_size": 96, "sam_rho": 0.3, "label_smoothing_factor": 0.2}
    found = trained(tmp_path, small_vit(), digits, **changes)
    for (name, _), value in zip(model.named_parameters(), expected, strict=True):
        assert torch.allclose(found[name], value, atol=1e-6), name


def test_the_radius_zero_is_the_optimiser_bit_for_bit(tmp_path, digits):
    plain, zero = (
        trained(tmp_path, small_resnet(), digits, max_steps=3, **changes) for changes in ({}, {"sam_rho": 0.0})
    )
    assert all(torch.equal(plain[name], zero[name]) for name in plain)


def test_it_does_not_depend_on_gradient_accumulation(tmp_path, digits):
    states = [
        trained(
            tmp_path,
            small_vit(),
            digits,
            sam_rho=0.3,
            per_device_train_batch_size=48 // steps,
            gradient_accumulation_steps=steps,
        )
        for steps in (1, 4, 12)
    ]
    for state in states[1:]:
        assert all(torch.allclose(state[name], value, atol=1e-6) for name, value in states[0].items())


def test_batch_statistics_are_those_of_the_first_pass_alone(tmp_path, digits):
    plain, sam = (trained(tmp_path, small_resnet(), digits, sam_rho=rho) for rho in (0.0, 0.5))
    statistics = [name for name in plain if "running_" in name or "num_batches" in name]
    assert statistics and all(torch.equal(plain[name], sam[name]) for name in statistics)
    assert not torch.equal(plain["backbone.stem.weight"], sam["backbone.stem.weight"])


def test_it_works_under_autocast(tmp_path, digits):
    exact, half = (trained(tmp_path, small_vit(), digits, sam_rho=0.3, bf16=bf16) for bf16 in (False, True))
    assert any(not torch.equal(exact[name], half[name]) for name in exact)
    assert all(torch.allclose(exact[name], half[name], atol=0.02) for name in exact)


TRAIN = """
import sys
import torch
sys.path.insert(0, sys.argv[1])
from tiny_trainers import ONE_STEP, arguments, small_vit
from abstain import SelectiveTrainer
from abstain.data.splits import load_data
from abstain.data.image_tensors import decode_images

data = decode_images(load_data("digits")["train"].select(range(96)))
changes = {**ONE_STEP, "sam_rho": 0.3, "gradient_accumulation_steps": 2}
changes["per_device_train_batch_size"] = int(sys.argv[3])
trainer = SelectiveTrainer(small_vit(), arguments(sys.argv[2], **changes), train_dataset=data)
trainer.train()
trainer.save_model()
if torch.distributed.is_initialized():
    torch.distributed.destroy_process_group()
"""


def test_two_processes_take_the_same_step(root, tmp_path):
    from safetensors.numpy import load_file

    script = tmp_path / "train.py"
    script.write_text(TRAIN)
    two = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "0", "--rdzv_backend", "c10d"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    weights = []
    for launcher, size in (([], 24), (two, 12)):
        folder = tmp_path / f"batches-of-{size}"
        command = [sys.executable, *launcher, str(script), str(root / "tests"), str(folder), str(size)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        weights.append(load_file(folder / "model.safetensors"))
    assert all(np.allclose(weights[0][name], weights[1][name], atol=1e-5) for name in weights[0])
