import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import AutoModelForImageClassification, pipeline

import abstain.models  # noqa: F401
from abstain import InputError, SelectiveClassifier, evaluate_logits, read_logits, released_checkpoint
from abstain.data.splits import load_data
from abstain.hub.released import released_checkpoints

PAIR = ["resnet20_cifar10_ce", "resnet20_cifar10_ls"]
NAMES = released_checkpoints()
MOST_BYTES = 1.7e6
"""Of which the weights of a ResNet-20 are 1.1e6, and 15,000 times 10 logits in float32 half a million."""


def report_of(name):
    folder = released_checkpoint(name) / "logits"
    return evaluate_logits(*read_logits(folder, "test"), validation=read_logits(folder, "validation"))


def test_the_pair_comes_with_the_package():
    assert set(PAIR) < set(NAMES) and len(NAMES) >= 11
    with pytest.raises(InputError, match="unknown released checkpoint 'resnet20_cifar10': did you mean"):
        released_checkpoint("resnet20_cifar10")


@pytest.mark.parametrize("name", NAMES)
def test_they_hold_no_pickle_and_are_small(name):
    files = [path for path in released_checkpoint(name).rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".safetensors", ".parquet", ".md", ".yaml"}
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_card_and_results_travel_with_them(name, root):
    for file in ("README.md", "results.json"):
        assert (released_checkpoint(name) / file).read_bytes() == (root / "model_cards" / name / file).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_they_answer_or_abstain_as_their_logits_say(name):
    classifier = SelectiveClassifier.from_pretrained(released_checkpoint(name), device="cpu")
    assert classifier.rule.operating_point.guaranteed
    logits, labels = read_logits(released_checkpoint(name) / "logits", "test")
    accepted = classifier.rule.accept(logits)
    wrong = (two_columns(logits).argmax(axis=1) != labels)[accepted]
    target = classifier.rule.operating_point.target_risk  # of the risk, which these samples tell up to their own spread
    assert accepted.mean() > 0.4 and wrong.mean() < target + 3 * np.sqrt(target * (1 - target) / len(wrong))
    if classifier.kind == "tables":
        samples = [classifier.processor.example_row()]
    else:
        samples = [np.zeros((32, 32, 3), np.uint8)]
    (answer,) = classifier(samples)
    assert answer.label in classifier.class_names


def two_columns(logits):
    return logits if logits.shape[1] > 1 else np.hstack([np.zeros_like(logits), logits])


@pytest.mark.parametrize("name", NAMES)
def test_their_logits_give_the_numbers_of_their_result_file(root, name):
    results = json.loads((root / "model_cards" / name / "results.json").read_text())
    measured = report_of(name).to_dict()
    assert measured["n_samples"] == results["data"]["test"]["samples"]
    assert list(measured["scores"]) == list(results["evaluation"]["scores"])
    for score, metrics in measured["scores"].items():
        assert metrics == pytest.approx(results["evaluation"]["scores"][score])
    fits = [evaluation["fits"]["max_logit_pnorm"]["p"] for evaluation in (measured, results["evaluation"])]
    assert fits[0] == fits[1]


def test_the_two_differ_in_nothing_but_the_smoothing(root):
    settings = [json.loads((root / "model_cards" / name / "results.json").read_text())["settings"] for name in PAIR]
    smoothing = [setting["training"].pop("label_smoothing_factor") for setting in settings]
    assert smoothing == [0.0, 0.2]
    assert settings[0] == settings[1]


@pytest.mark.parametrize("name", PAIR)
def test_the_checkpoint_gives_the_released_logits(name, cifar10_folder):
    images = load_data(str(cifar10_folder))["test"].select(range(64))
    classify = pipeline("image-classification", model=str(released_checkpoint(name)), top_k=10, device="cpu")
    names = images.features["label"].names
    logits, labels = read_logits(released_checkpoint(name) / "logits", "test")
    assert labels[:64].tolist() == list(images["label"])
    expected = torch.from_numpy(logits[:64]).softmax(dim=1).numpy()
    for row, answers in zip(expected, classify([row["img"] for row in images]), strict=True):
        found = {answer["label"]: answer["score"] for answer in answers}
        assert np.allclose([found[label] for label in names], row, atol=1e-4)


def test_they_load_with_the_auto_class_and_know_their_classes():
    for name in PAIR:
        model = AutoModelForImageClassification.from_pretrained(released_checkpoint(name))
        assert model.config.id2label[0] == "airplane" and model.num_parameters() == 269_722


def test_the_path_of_a_checkpoint_never_waits_for_torch():
    program = (
        "import sys, abstain; abstain.released_checkpoint('resnet20_cifar10_ce'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
