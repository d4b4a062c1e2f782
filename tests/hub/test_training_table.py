import re

import pytest

from abstain import InputError
from abstain.hub.training_table import training_table

# One kept run of each task, with what its table must say.
RUNS = {
    "resnet20_cifar10_a0.1_s0": (
        "images",
        [
            "24 epochs, batch 128, learning rate 0.1, ×0.1 after epochs 8 and 16",
            "shifts of up to 4 pixels, mirroring",
            "α = 0.1",
        ],
    ),
    "deeplabv3plus_camvid_small_a0_s0": (
        "images",
        ["600 steps, batch 8, learning rate 0.05, polynomial schedule", " minutes on x86_64 CPU"],
    ),
    "lstm_imdb_a0.6_s0": (
        "texts",
        ["10 epochs, batch 64, learning rate 0.001, constant schedule", "AdamW, no weight decay", "19 minutes"],
    ),
    "mlp_bank_marketing_a0_s0": (
        "rows",
        ["7,438 for training, 800 held out for validation", "2 seconds on x86_64 CPU", "float32"],
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_it_says_what_a_run_was(name, results_of):
    samples, said = RUNS[name]
    table = training_table(results_of(name), samples)
    for part in said:
        assert part in table
    assert f"| {samples} " in table and "None" not in table


def test_several_processes_and_accumulated_gradients_make_one_batch(results_of):
    results = results_of("resnet20_cifar10_ce")
    results["settings"]["training"] |= {"gradient_accumulation_steps": 4, "lr_step_epochs": None, "warmup_steps": 100}
    results["environment"]["processes"] = 2
    table = training_table(results, "images")
    assert "batch 1024, learning rate 0.1, linear schedule after 100 steps of warm-up" in table


def test_warm_up_can_be_a_share_of_the_steps(results_of):
    results = results_of("resnet20_cifar10_ce")
    results["settings"]["training"] |= {"lr_step_epochs": None, "warmup_steps": 0.1}
    assert "linear schedule after 10 % of the steps of warm-up" in training_table(results, "images")


def test_the_time_of_a_run_that_was_taken_up_again_is_since_then(results_of):
    results = results_of("mlp_bank_marketing_a0_s0")
    results["training"] |= {"train_runtime": 370.0, "resumed_from": "checkpoint-100"}
    assert "6 minutes since checkpoint-100 on x86_64 CPU" in training_table(results, "rows")


def test_one_thread_is_no_threads(results_of):
    assert re.search(r"on x86_64 CPU, 1 thread +\|", training_table(results_of("mlp_bank_marketing_a0_s0"), "rows"))


def test_settings_that_no_trainer_wrote_are_one_sentence():
    with pytest.raises(InputError, match="holds settings of a training that no trainer wrote"):
        training_table({"settings": {"training": {"learning_rate": 0.1}}}, "rows")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"augmentation": "random_resized_crop", "crop_padding": 4, "flip": True}, "crops of random size, mirroring"),
        ({"augmentation": "crop_flip", "crop_padding": 4, "flip": True}, "shifts of up to 4 pixels, mirroring"),
        ({"augmentation": "crop_flip", "crop_padding": 0, "flip": False}, None),
    ],
)
def test_the_augmentation_is_that_of_the_run(results_of, data, said):
    results = results_of("resnet20_cifar10_a0.1_s0")
    results["settings"]["data"] |= data
    lines = training_table(results, "images").splitlines()
    found = [re.split(r"\s*\|\s*", line)[2] for line in lines if line.startswith("| augmentation")]
    assert found == ([] if said is None else [said])


def test_a_model_that_nobody_trained_here_has_none():
    assert training_table({}, "images") is None and training_table({"settings": {}}, "images") is None


def test_of_a_trainer_that_knows_no_more_than_its_arguments_it_is_whole(results_of):
    training = results_of("resnet20_cifar10_ls")["settings"]["training"]
    table = training_table({"settings": {"training": training | {"max_suppression_factor": 0.2}}}, "images")
    assert "max suppression | α = 0.2" in table and "time" not in table and "versions" not in table


def test_mixed_samples_and_a_teacher_are_told(results_of):
    training = results_of("resnet20_cifar10_ls")["settings"]["training"]
    taught = {"teacher": "resnet56", "distillation_weight": 0.7, "distillation_temperature": 4.0}
    table = training_table({"settings": {"training": {**training, "mixup_alpha": 0.2, **taught}}}, "images")
    lines = [re.split(r"\s*\|\s*", line)[1:3] for line in table.splitlines()]
    assert ["mixup", "λ from Beta(0.2, 0.2)"] in lines and "CutMix" not in table
    assert ["teacher", "resnet56, 70 % of the loss at temperature 4"] in lines


def test_each_recipe_has_its_row(results_of):
    training = results_of("resnet20_cifar10_ls")["settings"]["training"]
    recipes = {"focal_gamma": 2.0, "logit_norm_temperature": 0.04, "ema_decay": 0.99, "sam_rho": 0.1}
    table, plain = (
        re.sub(" +", " ", training_table({"settings": {"training": training | some}}, "images"))
        for some in (recipes, dict.fromkeys(recipes, 0.0))
    )
    of_loss = ["focal loss | γ = 2", "logit normalisation in training | τ = 0.04"]
    for row in (*of_loss, "averaged weights | decay 0.99", "sharpness-aware minimisation | ρ = 0.1"):
        assert row in table and row.split("|")[0] not in plain
