"""What the README prints is run as it is printed, on real models and data."""

import re
import shlex
import sys

import evaluate
import numpy as np
import pytest
import timm
import torch
from tiny_trainers import small_vit
from torch.utils.data import DataLoader

import abstain
from abstain.cli import main
from abstain.data import decode_images, load_data
from abstain.metric import registration
from abstain.models import load_classifier, load_processor


def blocks(root, language):
    text = (root / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def block(root, language, holds):
    (found,) = (text for text in blocks(root, language) if holds in text)
    return found


@pytest.fixture(scope="module")
def digits():
    splits = load_data("digits")
    return {name: decode_images(split.select(range(120))) for name, split in splits.items()}


def test_every_block_of_python_is_run_here_or_by_the_program_that_prints_it(root):
    starts = [text.splitlines()[0] for text in blocks(root, "python")]
    assert starts == [
        "import abstain",  # docs/example.py, which docs/render.py runs
        "args = abstain.SelectiveTrainingArguments(",
        "import torch",
        "import abstain",  # docs/abstaining.py, as well
        "classifier = abstain.SelectiveClassifier.from_model("
        "model, processor, validation, target_risk=0.05, delta=0.05)",
        "monitor = abstain.RiskMonitor(classifier.rule, [answer.confidence for answer in classifier(validation)])",
        'metric = evaluate.load("selective_risk")',
    ]


def test_a_monitor_notices_other_data_and_is_silent_on_the_same(root):
    classifier = abstain.SelectiveClassifier.from_pretrained(abstain.released_checkpoint("mlp_noisy_digits_a0.4_s0"))
    rows = load_data("noisy_digits_rows")["test"].shuffle(seed=0)
    names = {"abstain": abstain, "classifier": classifier, "validation": rows.select(range(300))}
    same = rows.select(range(300, 600))
    other = same.map(lambda row: {name: 16 - row[name] for name in row if name != "label"})  # black on white
    for stream, noticed in ((same, False), (other, True)):
        names["stream"] = stream
        exec(block(root, "python", "RiskMonitor"), names)
        assert names["monitor"].alarm == noticed and (names["monitor"].n_samples < 300) == noticed


def test_a_model_of_the_readers_own_becomes_logits_that_the_command_line_reads(
    root, digits, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    model = timm.create_model("test_resnet", num_classes=10)
    pairs = {name: [(item["pixel_values"], item["labels"]) for item in split] for name, split in digits.items()}
    exec(block(root, "python", 'write_logits("my_logits"'), {"abstain": abstain, "model": model, **pairs})
    logits, labels = abstain.read_logits("my_logits", "test")
    with torch.no_grad():
        images = torch.stack([image for image, _ in pairs["test"]])
        assert np.allclose(logits, model(images).numpy(), atol=1e-5)
    assert np.array_equal(labels, [int(label) for _, label in pairs["test"]])

    monkeypatch.setattr(sys, "argv", shlex.split(block(root, "sh", "my_logits")))
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    assert stopped.value.code == 0 and "10 logits: logits; labels: label" in printed.err and "p-norm" in printed.out


def test_the_trainer_trains_and_leaves_a_rule(root, digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = block(root, "python", "SelectiveTrainingArguments")
    names = {"abstain": abstain, "model": small_vit(), "train": digits["train"], "validation": digits["validation"]}
    with pytest.raises(abstain.NoThresholdError, match="on 60 samples is sure"):
        exec(code, names)  # so few images guarantee nothing, which is said once all else is done
    assert names["trainer"].evaluate()["eval_aurc"] > 0
    assert (tmp_path / "runs" / "mine" / "model.safetensors").is_file()


def test_a_model_of_somebody_else_answers_or_abstains(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder, images = abstain.released_checkpoint("resnet20_cifar10_ls"), load_data("noisy_digits")["test"]["image"][:]
    names = {"abstain": abstain, "images": images[:40]}
    names |= {"model": load_classifier("images", str(folder)), "processor": load_processor("images", str(folder))}
    said = abstain.SelectiveClassifier(names["model"], names["processor"]).logits(images)
    labels = np.where(np.arange(len(images)) % 50, said.argmax(axis=1), 0)  # nearly what it says
    exec(block(root, "python", "from_model"), {**names, "validation": (images, labels)})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 40 and (tmp_path / "my_model" / "abstention.json").is_file()


def test_the_metric_is_loaded_by_its_name(root, digits, modules_cache):
    registration.register()
    batch = next(iter(DataLoader(digits["test"], batch_size=120)))
    with torch.no_grad():
        logits = small_vit().eval()(batch["pixel_values"]).logits
    names = {"evaluate": evaluate, "logits": logits, "labels": batch["labels"]}
    code = block(root, "python", "evaluate.load").replace("metric.compute", "found = metric.compute")
    exec(code, names)
    assert {"risk", "aurc", "cov@5", "cov@1"} <= set(names["found"])
