import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import transformers
from dense_model import VOID, Pictures, dense_model
from dense_model import arguments as dense_arguments
from tiny_trainers import all_items, arguments, small_resnet, small_vit
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import BertConfig, BertForTokenClassification

from abstain import InputError, SelectiveTrainer, risk_coverage_curve, scores
from abstain.data.pixels import ChosenPixels, choose_pixels
from abstain.report.verdict import verdict


def test_eval_loss_is_plain_cross_entropy_whatever_the_smoothing(tmp_path, digits):
    model, (images, labels) = small_resnet(), all_items(digits)
    metrics = {}
    for smoothing in (0.0, 0.2):
        args = arguments(tmp_path, label_smoothing_factor=smoothing, per_device_eval_batch_size=40)
        metrics[smoothing] = SelectiveTrainer(model, args, eval_dataset=digits).evaluate()
    with torch.no_grad():
        logits = model.eval()(images).logits
        for smoothing, found in metrics.items():
            expected = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
            assert found["eval_smoothed_loss"] == pytest.approx(float(expected), rel=1e-5)
    assert metrics[0.0]["eval_loss"] == metrics[0.2]["eval_loss"] == metrics[0.0]["eval_smoothed_loss"]
    assert metrics[0.2]["eval_smoothed_loss"] != metrics[0.2]["eval_loss"]


def test_every_evaluation_reports_what_the_core_computes_of_all_samples(tmp_path, digits):
    model, (images, labels) = small_resnet(), all_items(digits)
    metrics = SelectiveTrainer(
        model, arguments(tmp_path, per_device_eval_batch_size=40), eval_dataset=digits
    ).evaluate()
    with torch.no_grad():
        logits = model.eval()(images).logits
    curve = risk_coverage_curve(scores.msp(logits), scores.classification_error(logits, labels))
    assert curve.n_samples == len(digits)
    for name, value in curve.summary().items():
        assert metrics[f"eval_{name}"] == pytest.approx(value)


def test_evaluation_hands_four_numbers_a_sample_to_the_metrics_and_predict_returns_logits(tmp_path, digits):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path), eval_dataset=digits)
    loop = trainer.evaluation_loop(trainer.get_eval_dataloader(), "Evaluation")
    assert loop.predictions.shape == (96, 4)
    output = trainer.predict(digits)
    assert output.predictions.shape == (96, 10)
    assert np.array_equal(output.label_ids, digits.labels.numpy())
    assert {"test_aurc", "test_cov@5", "test_loss"} <= set(output.metrics)


def test_metrics_of_the_user_get_logits_and_labels(tmp_path, digits):
    def accuracy(prediction):
        return {"accuracy": float((prediction.predictions.argmax(-1) == prediction.label_ids).mean())}

    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path), eval_dataset=digits, compute_metrics=accuracy)
    metrics = trainer.evaluate()
    assert metrics["eval_accuracy"] == pytest.approx(1 - metrics["eval_risk"])


def test_the_model_with_the_lowest_aurc_is_kept(tmp_path, digits):
    changes = {"eval_strategy": "epoch", "save_strategy": "epoch", "load_best_model_at_end": True}
    args = arguments(tmp_path, num_train_epochs=3, metric_for_best_model="aurc", learning_rate=1e-2, **changes)
    trainer = SelectiveTrainer(small_vit(), args, train_dataset=digits, eval_dataset=digits)
    trainer.train()
    areas = [log["eval_aurc"] for log in trainer.state.log_history if "eval_aurc" in log]
    assert trainer.state.best_metric == min(areas)


class Unlabelled(torch.utils.data.Dataset):
    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return {"pixel_values": self.data[index]["pixel_values"]}


def test_predict_needs_no_labels(tmp_path, digits):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path))
    with_labels, without = trainer.predict(digits), trainer.predict(Unlabelled(digits))
    assert np.array_equal(with_labels.predictions, without.predictions) and without.label_ids is None


EVALUATE = """
import resource, sys
import torch
import transformers
from torch import nn
from abstain import SelectiveTrainer, SelectiveTrainingArguments

K, N = int(sys.argv[1]), 2000


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, K)

    def forward(self, pixel_values, labels=None):
        return {"logits": self.head(pixel_values)}


data = [{"pixel_values": torch.randn(2), "labels": torch.tensor(index % 2)} for index in range(N)]
options = {"report_to": "none", "disable_tqdm": True}
args = SelectiveTrainingArguments(output_dir=sys.argv[2], per_device_eval_batch_size=20, **options)
trainer = SelectiveTrainer(Wide(), args)
trainer.evaluate(data[:100])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
trainer.evaluate(data)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_the_memory_of_an_evaluation_does_not_grow_with_the_classes(tmp_path):
    # the logits of all samples would take 2000 · 20,000 · 4 bytes = 160 MB
    command = [sys.executable, "-c", EVALUATE, "20000", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.splitlines()[-1]) < 40


def test_an_evaluation_counts_the_chosen_pixels_of_every_image_once(tmp_path):
    model, data = dense_model().eval(), Pictures(count=7)
    data.labels[3:] = torch.where(torch.arange(7)[3:, None, None] < 6, VOID, data.labels[3:])  # a batch is all void
    args = dense_arguments(
        tmp_path,
        per_device_eval_batch_size=3,
        eval_pixels_per_sample=20,
        eval_pixels_seed=5,
        label_smoothing_factor=0.2,
    )
    metrics = SelectiveTrainer(model, args, eval_dataset=data).evaluate()
    with torch.no_grad():
        nearest = model(data.pixels).logits.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    labels = torch.stack(
        [choose_pixels(data.labels[i], count=20, seed=5, index=i, ignore_index=VOID) for i in range(7)]
    )
    counted = labels != VOID
    logits, labels = nearest.movedim(1, -1)[counted], labels[counted]
    assert 20 < len(labels) <= 80
    curve = risk_coverage_curve(scores.msp(logits), scores.classification_error(logits, labels))
    for name, value in curve.summary().items():
        assert metrics[f"eval_{name}"] == pytest.approx(value)
    assert metrics["eval_loss"] == pytest.approx(float(functional.cross_entropy(logits, labels)), rel=1e-5)
    smoothed = functional.cross_entropy(logits, labels, label_smoothing=0.2)
    assert metrics["eval_smoothed_loss"] == pytest.approx(float(smoothed), rel=1e-5)


@pytest.mark.parametrize("n_classes", [3, 200])
def test_an_evaluation_keeps_four_numbers_a_pixel_whatever_the_classes(tmp_path, n_classes):
    data = Pictures(count=6, n_classes=3, void=255)
    args = dense_arguments(tmp_path, ignore_index=255, eval_pixels_per_sample=30)
    trainer = SelectiveTrainer(dense_model(n_classes=n_classes), args, eval_dataset=data)
    loop = trainer.evaluation_loop(trainer.get_eval_dataloader(), "Evaluation")
    assert loop.predictions.shape == (6, 30, 4) and loop.label_ids.shape == (6, 30)
    assert trainer.predict(data).predictions.shape == (6, 30, n_classes)


def test_metrics_of_the_user_get_labelled_pixels(tmp_path):
    def accuracy(prediction):
        return {"accuracy": float((prediction.predictions.argmax(-1) == prediction.label_ids).mean())}

    metrics = SelectiveTrainer(
        dense_model(), dense_arguments(tmp_path), eval_dataset=Pictures(count=5), compute_metrics=accuracy
    ).evaluate()
    assert metrics["eval_accuracy"] == pytest.approx(1 - metrics["eval_risk"])


def test_an_evaluation_without_any_label_says_so(tmp_path):
    trainer = SelectiveTrainer(dense_model(), dense_arguments(tmp_path), eval_dataset=Pictures(count=3, all_void=True))
    with pytest.raises(InputError, match="every label of the evaluation is 11, so none counts"):
        trainer.evaluate()


def test_labels_of_a_collator_are_refused_if_they_cannot_be_chosen(tmp_path):
    class Unlabelled(Pictures):
        def __getitem__(self, index):
            return {"pixel_values": self.pixels[index], "number": index}

    data = Unlabelled(count=4)

    def collate(items):
        numbers = [item["number"] for item in items]
        return {"pixel_values": data.pixels[numbers], "labels": data.labels[numbers]}

    args = dense_arguments(tmp_path, eval_pixels_per_sample=5, remove_unused_columns=False)
    trainer = SelectiveTrainer(dense_model(), args, eval_dataset=data, data_collator=collate)
    with pytest.raises(InputError, match="labelled pixels, but at most 5 are evaluated"):
        trainer.evaluate()


@pytest.mark.parametrize("workers", [{}, {"dataloader_num_workers": 1, "dataloader_persistent_workers": True}])
def test_several_sets_are_evaluated_each_as_if_it_were_alone(tmp_path, workers):
    sets = {"few": Pictures(count=3), "many": Pictures(count=6)}
    args = dense_arguments(tmp_path, eval_pixels_per_sample=20, **workers)
    trainer = SelectiveTrainer(dense_model(), args, eval_dataset=dict(sets))
    twice = [trainer.evaluate() for _ in range(2)]
    for name, data in sets.items():
        alone = SelectiveTrainer(dense_model(), dense_arguments(tmp_path, eval_pixels_per_sample=20)).evaluate(data)
        assert [metrics[f"eval_{name}_aurc"] for metrics in twice] == [alone["eval_aurc"]] * 2
    kept = [trainer.get_eval_dataloader(name).dataset for name in sets]
    assert [type(data.dataset) for data in kept if isinstance(data, ChosenPixels)] == [Pictures, Pictures]


def test_without_data_there_is_nothing_to_evaluate(tmp_path):
    with pytest.raises(ValueError, match="requires an eval_dataset"):
        SelectiveTrainer(small_resnet(), arguments(tmp_path)).evaluate()


class Sentences(torch.utils.data.Dataset):
    """Sentences of unequal lengths with a class for every token but some."""

    def __init__(self, lengths, ignored=-100):
        draw = torch.Generator().manual_seed(0)
        self.items = []
        for length in lengths:
            labels = torch.randint(0, 5, (length,), generator=draw)
            labels[0] = ignored
            self.items.append({"input_ids": torch.randint(3, 20, (length,), generator=draw), "labels": labels})

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


@dataclass
class PaddedTokens:
    """What transformers' collator for tokens does, without a tokenizer."""

    ignored: int = -100

    def __call__(self, items):
        def padded(name, fill):
            return pad_sequence([item[name] for item in items], batch_first=True, padding_value=fill)

        mask = padded("input_ids", 0) != 0
        return {"input_ids": padded("input_ids", 0), "labels": padded("labels", self.ignored), "attention_mask": mask}


def token_model():
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    return BertForTokenClassification(BertConfig(vocab_size=20, num_labels=5, **shape)).eval()


@pytest.mark.parametrize("ignored", [-100, 7])
def test_an_evaluation_of_tokens_counts_every_label_that_is_not_ignored(tmp_path, ignored):
    model, data = token_model(), Sentences([5, 3, 5, 5, 4, 2, 5], ignored)  # five tokens are as many as classes
    args = arguments(tmp_path, per_device_eval_batch_size=3, label_smoothing_factor=0.2, ignore_index=ignored)
    trainer = SelectiveTrainer(model, args, eval_dataset=data, data_collator=PaddedTokens(ignored))
    metrics = trainer.evaluate()
    with torch.no_grad():
        pairs = [(model(item["input_ids"][None]).logits[0, 1:], item["labels"][1:]) for item in data.items]
    logits, labels = map(torch.cat, zip(*pairs, strict=True))
    curve = risk_coverage_curve(scores.msp(logits), scores.classification_error(logits, labels))
    for name, value in curve.summary().items():
        assert metrics[f"eval_{name}"] == pytest.approx(value)
    assert metrics["eval_loss"] == pytest.approx(float(functional.cross_entropy(logits, labels)), rel=1e-5)
    predicted = trainer.predict(data)
    assert predicted.predictions.shape == (7, 5, 5) and predicted.metrics["test_aurc"] == metrics["eval_aurc"]
    written, hard = trainer.save_with_logits({"validation": data})["validation"]
    np.testing.assert_allclose(written, logits, atol=1e-5)
    assert np.array_equal(hard, labels)
    table = pq.read_table(tmp_path / "logits" / "validation.parquet")
    assert table["sample"].to_pylist() == np.repeat(range(7), [4, 2, 4, 4, 3, 1, 4]).tolist()


def test_each_evaluation_prints_a_line_on_what_it_measured(tmp_path, digits, capsys):
    sets = {"few": torch.utils.data.Subset(digits, range(30)), "all": digits}
    args = arguments(tmp_path, num_train_epochs=2, eval_strategy="epoch")
    trainer = SelectiveTrainer(small_vit(), args, train_dataset=digits, eval_dataset=sets)
    trainer.train()
    lines = [line for line in capsys.readouterr().out.splitlines() if " % wrong (" in line]
    beginnings = [(name, epoch) for epoch in (1, 2) for name in sets]
    assert [line.split(":")[0] for line in lines] == [f"{name}, epoch {epoch}" for name, epoch in beginnings]
    output = trainer.predict(digits)
    assert " % wrong (" not in capsys.readouterr().out, "a prediction is no evaluation"
    curve = risk_coverage_curve(
        scores.msp(output.predictions), scores.classification_error(output.predictions, output.label_ids)
    )
    assert lines[-1] == f"all, epoch 2: {verdict(curve)}"


def test_the_line_on_tokens_and_pixels_judges_no_doubt_for_they_depend_on_each_other(tmp_path, capsys):
    SelectiveTrainer(dense_model(), dense_arguments(tmp_path), eval_dataset=Pictures(count=1)).evaluate()
    data, collator = Sentences([5, 3] * 10), PaddedTokens()
    SelectiveTrainer(token_model(), arguments(tmp_path), eval_dataset=data, data_collator=collator).evaluate()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("evaluation: ")]
    assert len(lines) == 2 and all(line.endswith(" can be answered") and "few" not in line for line in lines)


@pytest.mark.parametrize(("log_level", "n_lines"), [("passive", 1), ("info", 1), ("error", 0)])
def test_the_line_is_silent_where_warnings_are(tmp_path, digits, capsys, log_level, n_lines):
    before = transformers.logging.get_verbosity()
    SelectiveTrainer(small_vit(), arguments(tmp_path, log_level=log_level), eval_dataset=digits).evaluate()
    transformers.logging.set_verbosity(before)
    assert capsys.readouterr().out.count(" % wrong (") == n_lines


@pytest.mark.parametrize("labels", [[0], [1, 0, 0, 1, 0, 0, 0, 0, 0, 0]])
def test_labels_of_another_shape_are_one_sentence(tmp_path, labels):
    items = [{"pixel_values": torch.zeros(3, 8, 8), "labels": labels}] * 4
    with pytest.raises(InputError, match=r"have shape \(4, \d+\), but must be \(4,\): one class a sample"):
        SelectiveTrainer(small_vit(), arguments(tmp_path), eval_dataset=items).evaluate()
