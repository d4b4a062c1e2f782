import evaluate
import numpy as np
import pytest
import torch

from abstain import InputError, risk_coverage_curve, scores


@pytest.fixture
def metric(root, tmp_path):
    return evaluate.load(str(root / "metrics" / "selective_risk"), cache_dir=str(tmp_path))


def test_it_computes_what_the_core_computes(metric, logits_and_labels):
    logits, labels = logits_and_labels
    curve = risk_coverage_curve(scores.msp(logits), scores.classification_error(logits, labels))
    assert metric.compute(predictions=logits, references=labels) == curve.summary()
    assert metric.compute(predictions=torch.from_numpy(logits), references=torch.from_numpy(labels)) == curve.summary()
    assert metric.compute(predictions=logits.tolist(), references=labels.tolist()) == curve.summary()


def test_batches_and_single_samples_add_up(metric, logits_and_labels):
    logits, labels = logits_and_labels
    whole = metric.compute(predictions=logits, references=labels)
    for part in np.array_split(np.arange(290), 3):
        metric.add_batch(predictions=logits[part], references=labels[part])
    for index in range(290, 300):
        metric.add(prediction=logits[index], reference=int(labels[index]))
    assert metric.compute() == whole


def test_saturated_float32_softmax_does_not_tie(metric):
    logits = np.array([[60.0, 0.0, 0.0], [50.0, 0.0, 0.0], [40.0, 0.0, 0.0], [30.0, 0.0, 0.0]], np.float32)
    labels = [0, 0, 1, 1]  # every softmax maximum is exactly 1.0 in float32, yet both errors have the lowest
    assert metric.compute(predictions=logits, references=labels)["cov@1"] == 0.5


def test_what_is_stored_does_not_grow_with_the_number_of_classes(metric):
    metric.add_batch(predictions=2 * np.eye(50), references=np.arange(50))
    assert set(metric.writer.schema.names) == {"predictions", "references"}
    assert {str(field.type) for field in metric.writer.schema} == {"double"}


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        ([0, 1, 1], [0, 1, 0], r"logits have shape \(3,\), but must be \(N, K\)"),
        ([[0.0, 1.0]], [0, 1], "1 rows of logits and 2 labels"),
        ([[0.0, np.nan]], [0], "NaN"),
        ([[0.0, 1.0]], [5], "a label is 5"),
    ],
)
def test_bad_input_is_refused_and_the_stored_batches_survive(metric, predictions, references, message):
    metric.add_batch(predictions=[[2.0, 0.0], [0.0, 1.0]], references=[0, 0])
    with pytest.raises(InputError, match=message):
        metric.add_batch(predictions=predictions, references=references)
    assert metric.compute()["risk"] == 0.5
