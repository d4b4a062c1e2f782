import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from dense_model import Pictures, dense_model
from dense_model import arguments as dense_arguments
from tiny_trainers import arguments, small_resnet

from abstain import (
    AbstentionRule,
    Diagnosis,
    InputError,
    LogitNorm,
    NoThresholdError,
    SelectiveTrainer,
    diagnose,
    evaluate_logits,
    read_logits,
    scores,
)
from abstain.data.image_tensors import decode_images
from abstain.data.splits import load_data
from abstain.experiments.arguments import ScriptTrainingArguments
from abstain.experiments.results import finish, run_script, write_run_results
from abstain.experiments.samples import read_samples
from abstain.report import write_results


@pytest.fixture(scope="module")
def splits():
    """100 training images for the repair, so that it has errors to be fitted on, and 60 others."""
    data = load_data("digits")
    train = decode_images(data["train"].select(range(100)))
    test = decode_images(data["test"].select(range(60)), train.preprocessing)
    return {"train": train, "validation": train, "test": test}


def test_a_run_ends_with_its_logits_its_samples_and_last_its_results(tmp_path, splits, capsys):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path))
    report = finish(trainer, splits, settings={"a": 1}, training={"b": 2}, skipped={"test": 3}, notes={"c": 4})
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["settings"] == {"a": 1} and results["training"] == {"b": 2}
    assert results["data"]["test"] == {"samples": 60, "sha256": splits["test"].fingerprint(), "skipped": 3}
    assert results["evaluation"] == {**report.to_dict(), "c": 4} and report.n_samples == 60
    assert "git_revision" in results["environment"]
    assert report.to_markdown() in capsys.readouterr().out

    logits, labels = read_logits(tmp_path / "logits", "test")
    validation = read_logits(tmp_path / "logits", "validation")
    samples = read_samples(tmp_path)
    assert np.array_equal(samples.msp, scores.msp(logits).astype(np.float32))
    assert np.array_equal(samples.max_logit_pnorm, LogitNorm.fit(*validation).score(logits).astype(np.float32))
    assert np.array_equal(samples.error, logits.argmax(1) != labels)
    assert Diagnosis.from_dict(results["diagnosis"]) == diagnose(logits, labels, input="logits")
    written = [tmp_path / name for name in ("logits/test.parquet", "samples.parquet", "results.json")]
    assert sorted(written, key=lambda path: path.stat().st_mtime_ns) == written


def test_a_run_that_is_told_a_target_leaves_its_rule(tmp_path, splits, capsys):
    told = {"target_risk": 0.99, "delta": 0.2, "eval_strategy": "no"}  # untrained, it errs nine times in ten
    args = ScriptTrainingArguments(output_dir=str(tmp_path / "much"), **told)
    finish(SelectiveTrainer(small_resnet(), args), splits, settings={}, training={})
    rule = AbstentionRule.load(tmp_path / "much")
    assert rule.operating_point.target_risk == 0.99 and rule.operating_point.guaranteed
    assert rule.validation_sha256 == splits["validation"].fingerprint() and "no rule" not in capsys.readouterr().err

    args = ScriptTrainingArguments(output_dir=str(tmp_path / "little"), **told | {"target_risk": 0.001})
    finish(SelectiveTrainer(small_resnet(), args), splits, settings={}, training={})
    assert "no rule was written: no threshold on " in capsys.readouterr().err
    assert (tmp_path / "little" / "results.json").is_file() and not (tmp_path / "little" / "abstention.json").exists()


def test_a_model_that_says_the_same_of_all_is_measured_all_the_same(tmp_path, splits):
    model = small_resnet()
    torch.nn.init.zeros_(model.classifier.weight)
    torch.nn.init.uniform_(model.classifier.bias)  # in [0, 1], as probabilities are too
    report = finish(SelectiveTrainer(model, arguments(tmp_path)), splits, settings={}, training={})
    wrong = int(model.classifier.bias.argmax()) != splits["test"].labels.numpy()
    assert report.input == "logits" and report.msp.metrics["risk"] == wrong.mean()
    assert report.msp.metrics["aurc"] == pytest.approx(wrong.mean())


def test_a_run_is_pushed_once_with_all_that_it_leaves(tmp_path, splits, monkeypatch):
    trainer, found = SelectiveTrainer(small_resnet(), arguments(tmp_path)), []

    class Processor:
        def save_pretrained(self, folder):
            (folder / "preprocessor_config.json").write_text("{}")

    def push_to_hub(**how):
        found.append({path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()})

    monkeypatch.setattr(trainer, "push_to_hub", push_to_hub)
    trainer.args.push_to_hub = True
    finish(trainer, splits, settings={}, training={}, processor=Processor())
    whole = {"config.json", "model.safetensors", "preprocessor_config.json", "results.json", "samples.parquet"}
    assert found == [{*whole, "logits/validation.parquet", "logits/test.parquet"}]


def test_where_the_results_cannot_be_written_the_run_is_not_over(tmp_path, splits, logits_and_labels, monkeypatch):
    logits, labels = logits_and_labels
    report = evaluate_logits(logits[150:], labels[150:], validation=(logits[:150], labels[:150]))
    (tmp_path / "samples.parquet").mkdir()  # where no file can be put
    with pytest.raises(InputError, match=r"samples\.parquet' cannot be written"):
        write_run_results(arguments(tmp_path), settings={}, splits=splits, training={}, report=report)
    assert [path.name for path in tmp_path.iterdir()] == ["samples.parquet"]


def test_of_pixels_no_samples_are_kept(tmp_path):
    class Fingerprinted(Pictures):
        def fingerprint(self):
            return "abc"

    splits = {"validation": Fingerprinted(count=5), "test": Fingerprinted(count=4)}
    trainer = SelectiveTrainer(dense_model(), dense_arguments(tmp_path, eval_pixels_per_sample=20))
    finish(trainer, splits, settings={}, training={})
    assert (tmp_path / "results.json").is_file() and not (tmp_path / "samples.parquet").exists()


def test_results_are_plain_json_without_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_results(tmp_path, {"a": float("nan")})
    assert not (tmp_path / "results.json").exists()


SCRIPT = """
import sys
from dataclasses import dataclass
from abstain import InputError
from abstain.experiments import ArgumentError, run_script

@dataclass
class Arguments:
    depth: int = 3
    lazy_images: bool = True

def main():
    if "data" in sys.argv:
        raise InputError("this is wrong: leave out lazy_images=False")
    if "argument" in sys.argv:
        raise ArgumentError("depth is 3: give depth=4")
    print("done")

run_script(main, [Arguments])
"""


@pytest.mark.parametrize(
    ("more", "ended"),
    [
        ([], (0, "done\n", "")),
        (["data"], (1, "", "error: this is wrong: leave out --lazy_images false\n")),
        (["argument"], (2, "", "error: --depth is 3: give --depth 4\n")),
    ],
)
def test_a_mistake_of_the_user_is_one_line_without_a_traceback(more, ended):
    command = [sys.executable, "-c", SCRIPT, *more]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert (done.returncode, done.stdout, done.stderr) == ended


def test_a_mistake_of_the_program_is_not_hidden():
    def main():
        raise NoThresholdError("none")

    with pytest.raises(NoThresholdError):
        run_script(main)
