import json
import re

import pytest
from huggingface_hub import ModelCard

from abstain import InputError, evaluate_logits
from abstain.hub.cards import TASKS, CardWords, render_card

# One kept run of each task, with what its card must say of the training.
RUNS = {
    "image-classification": (
        "resnet20_cifar10_a0.1_s0",
        ["24 epochs, batch 128, learning rate 0.1, ×0.1 after epochs 8 and 16", "shifts of up to 4 pixels, mirroring"],
    ),
    "image-segmentation": (
        "deeplabv3plus_camvid_small_a0_s0",
        ["600 steps, batch 8, learning rate 0.05, polynomial schedule", "6 minutes since checkpoint-100 on x86_64 CPU"],
    ),
    "text-classification": (
        "lstm_imdb_a0.6_s0",
        ["10 epochs, batch 64, learning rate 0.001, constant schedule", "AdamW, no weight decay", "19 minutes"],
    ),
    "tabular-classification": (
        "mlp_bank_marketing_a0_s0",
        ["7,438 for training, 800 held out for validation", "3 seconds on x86_64 CPU", "float32"],
    ),
}


def words(task, **changes):
    return CardWords(
        **{
            "task": task,
            "dataset": "someone/data",
            "dataset_name": "Some data",
            "summary": "A specimen.",
            "location": 'Path("runs/mine")',
            "command": "python train.py",
            "source": "A paper.",
        }
        | changes
    )


@pytest.fixture
def report(logits_and_labels):
    logits, labels = logits_and_labels
    return evaluate_logits(logits[150:], labels[150:], validation=(logits[:150], labels[:150]), target_risks=(0.2,))


@pytest.fixture
def results_of(root):
    return lambda name: json.loads((root / "model_cards" / name / "results.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_its_card(task, report, results_of):
    run, said = RUNS[task]
    text = render_card("mine", words(task), report, results_of(run))
    for part in said:
        assert part in text
    assert "A specimen." in text and "python train.py" in text and "A paper." in text
    assert report.to_markdown() in text and report.logit_norm.reason in text
    assert f"On 150 test {TASKS[task].measured}" in text and f"| {TASKS[task].samples} " in text
    assert f"model = {TASKS[task].model_class}.from_pretrained(folder)" in text
    assert not re.search(r"\{\{|\{%|None|\n{3}| \n", text) and text.endswith("A paper.\n")


def test_what_a_card_shows_can_be_run(tmp_path, report, results_of, monkeypatch):
    from abstain import released_checkpoint

    here = words("image-classification", location=f"Path({str(released_checkpoint('resnet20_cifar10_ls'))!r})")
    text = render_card("mine", here, report, results_of("resnet20_cifar10_ls"))
    code = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)[1]
    names = {}
    exec(f"from pathlib import Path\n{code}", names)
    assert names["model"].num_parameters() == 269_722 and names["logits"].shape == (10_000, 10)


def test_machines_read_the_numbers_of_msp(report, results_of):
    card = ModelCard(
        render_card("mine", words("tabular-classification"), report, results_of("mlp_bank_marketing_a0_s0"))
    )
    found = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert found == {key: pytest.approx(report.msp.metrics[key], abs=5e-7) for key in ("aurc", "risk", "cov@20")}
    (first, *_) = card.data.eval_results
    assert (first.task_type, first.dataset_type, first.dataset_name) == (
        "tabular-classification",
        "someone/data",
        "Some data",
    )
    assert card.data.model_name == "mine" and card.data.license == "apache-2.0"
    names = [result.metric_name for result in card.data.eval_results]
    assert names == ["AURC (MSP)", "Error rate", "Coverage at 20 % risk"]


def test_pixels_get_a_warning_and_a_caveat_stands_only_where_there_is_one(report, results_of):
    of_pixels = render_card("mine", words("image-segmentation"), report, results_of("deeplabv3plus_camvid_small_a0_s0"))
    assert ".\nThe intervals are too narrow: pixels of one image are taken for independent.\n\n## How" in of_pixels
    of_texts = render_card(
        "mine", words("text-classification", caveat="**Mind.**"), report, results_of("lstm_imdb_a0_s0")
    )
    assert "\n\n**Mind.**\n\n## How to use it" in of_texts and "too narrow" not in of_texts
    assert "**Mind.**" not in of_pixels


def test_without_validation_nothing_is_said_of_a_fit(logits_and_labels, results_of):
    bare = evaluate_logits(*logits_and_labels)
    text = render_card("mine", words("image-classification"), bare, results_of("resnet20_cifar10_ce"))
    assert "MSP is the maximum softmax probability.\n" in text and "p-norm" not in text


def test_several_processes_and_accumulated_gradients_make_one_batch(report, results_of):
    results = results_of("resnet20_cifar10_ce")
    results["settings"]["training"] |= {"gradient_accumulation_steps": 4, "lr_step_epochs": None, "warmup_steps": 100}
    results["environment"]["processes"] = 2
    text = render_card("mine", words("image-classification"), report, results)
    assert "batch 1024, learning rate 0.1, linear schedule after 100 steps of warm-up" in text


def test_an_unknown_task_is_refused(report):
    with pytest.raises(InputError, match="unknown task 'image-clasification': did you mean"):
        render_card("mine", words("image-clasification"), report, {})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"augmentation": "random_resized_crop", "crop_padding": 4, "flip": True}, "crops of random size, mirroring"),
        ({"augmentation": "crop_flip", "crop_padding": 4, "flip": True}, "shifts of up to 4 pixels, mirroring"),
        ({"augmentation": "crop_flip", "crop_padding": 0, "flip": False}, None),
    ],
)
def test_the_augmentation_is_that_of_the_run(report, results_of, data, said):
    results = results_of("resnet20_cifar10_a0.1_s0")
    results["settings"]["data"] |= data
    lines = render_card("mine", words("image-classification"), report, results).splitlines()
    found = [re.split(r"\s*\|\s*", line)[2] for line in lines if line.startswith("| augmentation")]
    assert found == ([] if said is None else [said])
