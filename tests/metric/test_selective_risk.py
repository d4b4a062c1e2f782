import json
import subprocess
import sys

import evaluate
import numpy as np
import pytest
import torch

from abstain import InputError, LogitNorm, TwoClassCalibration, aurc, load_metric, risk_coverage_curve, scores
from abstain.metric.selective_risk import STORED

PIXELS = np.random.default_rng(1).normal(size=(3, 4, 5, 6)).astype(np.float32)
MASKS = np.random.default_rng(2).integers(0, 5, size=(3, 5, 6))  # 4 is what does not count


def curve_of(logits, labels, score=scores.msp):
    return risk_coverage_curve(score(logits), scores.classification_error(logits, labels))


def test_it_computes_what_the_core_computes(metric, logits_and_labels):
    logits, labels = logits_and_labels
    curve = curve_of(logits, labels)
    expected = {
        "risk": curve.risk_at_coverage(1.0),
        "aurc": curve.aurc(),
        "e_aurc": curve.excess_aurc(),
        "n_aurc": curve.normalized_aurc(),
        "augrc": curve.augrc(),
        "failure_auroc": curve.failure_auroc(),
        "cov@5": curve.coverage_at_risk(0.05),
        "cov@1": curve.coverage_at_risk(0.01),
        "risk@80": curve.risk_at_coverage(0.8),
    }
    found = metric.compute(predictions=logits, references=labels)
    assert found == expected and list(found) == list(expected)
    assert {type(value) for value in found.values()} == {float}
    assert metric.compute(predictions=torch.from_numpy(logits), references=torch.from_numpy(labels)) == expected
    assert metric.compute(predictions=logits.tolist(), references=labels.tolist()) == expected


@pytest.mark.parametrize("score", [*scores.SCORES])
def test_every_score_can_be_named_at_loading(load, logits_and_labels, score):
    logits, labels = logits_and_labels
    found = load(score=score).compute(predictions=logits, references=labels)
    assert found["aurc"] == curve_of(logits, labels, scores.SCORES[score]).aurc()


@pytest.mark.parametrize("center", [True, False])
def test_logit_normalisation_is_named_with_its_p(load, logits_and_labels, center):
    logits, labels = logits_and_labels
    expected = curve_of(logits, labels, LogitNorm(3, center=center).score).aurc()
    asked = {"score": "max_logit_pnorm", "p": 3, "center": center}
    assert load(**asked).compute(predictions=logits, references=labels)["aurc"] == expected
    assert load().compute(predictions=logits, references=labels, **asked)["aurc"] == expected
    assert load().compute(predictions=logits, references=labels, p=3, center=center)["aurc"] == expected


def test_p_is_chosen_on_validation_data_alone(load):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 6, size=4000)
    logits = generator.normal(size=(4000, 6)) + 3 * np.eye(6)[labels]
    logits *= generator.uniform(0.05, 5, size=(4000, 1))  # which spoils MSP, but no norm
    validation, test = (logits[:2000], labels[:2000]), (logits[2000:], labels[2000:])
    norm = LogitNorm.fit(*validation)
    assert norm.p is not None
    expected = curve_of(*test, norm.score).aurc()
    asked = {"p": "auto", "validation": validation}
    assert load(**asked).compute(predictions=test[0], references=test[1])["aurc"] == expected
    assert load().compute(predictions=test[0], references=test[1], **asked)["aurc"] == expected


def test_the_configuration_confidence_takes_scores_of_ones_own(load, logits_and_labels):
    logits, labels = logits_and_labels
    metric = load("confidence")
    found = metric.compute(predictions=logits.argmax(axis=1), references=labels, confidence=scores.msp(logits))
    assert found == load().compute(predictions=logits, references=labels)
    names = metric.compute(predictions=["cat", "dog"], references=["cat", "cat"], confidence=[0.9, 0.2])
    assert names["risk"] == 0.5 and names["cov@1"] == 0.5
    metric.add(prediction=1, reference=1, confidence=0.9)
    metric.add(prediction=1, reference=0, confidence=0.1)
    assert metric.compute()["aurc"] == 0.25


@pytest.mark.parametrize("keep_in_memory", [True, False])
def test_batches_and_single_samples_add_up(load, logits_and_labels, keep_in_memory):
    logits, labels = logits_and_labels
    metric = load(keep_in_memory=keep_in_memory)
    whole = metric.compute(predictions=logits, references=labels)
    for part in np.array_split(np.arange(200), 3):
        metric.add_batch(predictions=logits[part], references=labels[part])
    for index in range(200, 210):
        metric.add(prediction=logits[index], reference=int(labels[index]))
    assert metric.compute(predictions=logits[210:], references=labels[210:]) == whole


def test_stored_batches_contradict_another_score(metric, logits_and_labels):
    logits, labels = logits_and_labels
    metric.add_batch(predictions=logits[:100], references=labels[:100])
    with pytest.raises(InputError, match="100 samples are stored by their MSP, but this call names energy"):
        metric.compute(predictions=logits[100:], references=labels[100:], score="energy")
    assert metric.compute(predictions=logits[100:], references=labels[100:], score="msp")["risk"] > 0
    assert metric.compute(predictions=logits, references=labels, score="energy")["risk"] > 0


def test_stored_batches_agree_with_a_score_however_it_was_found(load):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 6, size=2000)
    logits = generator.normal(size=(2000, 6)) + 3 * np.eye(6)[labels]
    logits *= generator.uniform(0.05, 5, size=(2000, 1))  # which spoils MSP, but no norm
    chosen = load(p="auto", validation=(logits, labels))
    assert chosen.confidence.p is not None
    chosen.add_batch(predictions=logits, references=labels)
    assert chosen.compute(p=chosen.confidence.p)["risk"] > 0
    fallen_back = load(p="auto", validation=(logits[:, :2], labels % 2))
    assert fallen_back.confidence.name == "msp"
    fallen_back.add_batch(predictions=logits[:, :2], references=labels % 2)
    assert fallen_back.compute(score="msp")["risk"] > 0
    fallen_back.add_batch(predictions=logits[:, :2], references=labels % 2)
    with pytest.raises(InputError, match=r"by their p-norm \(falls back to MSP\), but this call names energy"):
        fallen_back.compute(score="energy")


def test_auto_is_the_repair_of_so_many_classes(load, logits_and_labels):
    logits, labels = logits_and_labels
    validation, test = (logits[:150], labels[:150]), (logits[150:], labels[150:])
    assert load(score="auto", validation=validation).confidence == LogitNorm.fit(*validation)
    generator = np.random.default_rng(0)
    z = 2 * generator.normal(size=2000)
    right = generator.random(2000) < 1 / (1 + np.exp(-np.where(z > 0, 0.3 * z, 1 - 2 * z)))
    of_two = np.stack([0 * z, z], axis=1), np.where(right, z > 0, z <= 0).astype(int)
    expected = TwoClassCalibration.fit(*of_two)
    metric = load(score="auto", validation=of_two)
    assert metric.confidence == expected and expected.lines is not None
    other = np.random.default_rng(1).normal(size=(500, 2))
    error = scores.classification_error(other, [0] * 500)
    found = metric.compute(predictions=other, references=[0] * 500)
    assert found["aurc"] == aurc(expected.score(other), error)
    with pytest.raises(InputError, match='score="auto" needs validation'):
        load(score="auto")
    with pytest.raises(InputError, match='score="auto" chooses what there is to choose, but p is 2'):
        load(score="auto", p=2, validation=validation)
    assert load().compute(predictions=test[0], references=test[1], score="auto", validation=validation)["risk"] > 0


def test_center_alone_keeps_the_p_of_loading(load, logits_and_labels):
    logits, labels = logits_and_labels
    expected = load(p=3, center=False).compute(predictions=logits, references=labels)
    assert load(p=3).compute(predictions=logits, references=labels, center=False) == expected


def test_saturated_float32_softmax_does_not_tie(metric):
    logits = np.array([[60.0, 0.0, 0.0], [50.0, 0.0, 0.0], [40.0, 0.0, 0.0], [30.0, 0.0, 0.0]], np.float32)
    labels = [0, 0, 1, 1]  # every softmax maximum is exactly 1.0 in float32, yet both errors have the lowest
    assert metric.compute(predictions=logits, references=labels)["cov@1"] == 0.5


def test_what_is_stored_does_not_grow_with_the_number_of_classes(metric):
    metric.add_batch(predictions=2 * np.eye(50), references=np.arange(50))
    assert set(metric.writer.schema.names) == set(STORED)
    assert {str(field.type) for field in metric.writer.schema} == {"double", "int8"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"predictions": [0, 1, 1], "references": [0, 1, 0]}, r"shape \(3,\), as class labels have.*extract_logits"),
        ({"predictions": [[0.0, 1.0]], "references": [0, 1]}, r"shape \(1, 2\) and labels \(2,\)"),
        ({"predictions": [[0.0, np.nan]], "references": [0]}, "NaN"),
        ({"predictions": [[0.0, 1.0]], "references": [5]}, "a label is 5"),
        ({"predictions": PIXELS, "references": MASKS[:, :4]}, r"must be \(N, K, …\) or"),
        ({"predictions": [[0.0, 1.0]]}, "needs predictions and references"),
        ({"predictions": [[0.0, 1.0]], "references": [0], "confidence": [0.5]}, "needs predictions and references"),
        ({"predictions": [[0.0, 1.0]], "references": [0], "normalize": True}, "unknown argument 'normalize'"),
    ],
)
def test_bad_input_is_refused_and_the_stored_batches_survive(metric, arguments, message):
    metric.add_batch(predictions=[[2.0, 0.0], [0.0, 1.0]], references=[0, 0])
    with pytest.raises(InputError, match=message):
        metric.add_batch(**arguments)
    with pytest.raises(InputError, match=message):
        metric.compute(**arguments)
    assert metric.compute()["risk"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target_risks": (5,)}, "target_risk is 5"),
        ({"target_coverages": (0.0,)}, "target_coverage is 0"),
        ({"convention": "trapeze"}, "did you mean 'trapezoid'"),
        ({"confidence_level": 95}, "confidence_level is 95"),
        ({"score": "energies"}, "did you mean 'energy'"),
        ({"p": 3, "score": "msp"}, "no other score takes one"),
        ({"score": "max_logit_pnorm"}, "max_logit_pnorm needs a p"),
        ({"p": "auto"}, r"needs validation=\(logits, labels\) of other samples"),
        ({"p": "auto", "score": "energy"}, "only max_logit_pnorm takes a p"),
        ({"validation": ([[0.0, 1.0]], [0])}, 'only p="auto" and score="auto" need it'),
        ({"p": "auto", "validation": [1, 2, 3]}, r"must be the pair \(logits, labels\)"),
    ],
)
def test_a_bad_wish_is_refused_and_the_stored_batches_survive(metric, arguments, message):
    metric.add_batch(predictions=[[2.0, 0.0], [0.0, 1.0]], references=[0, 0])
    with pytest.raises(InputError, match=message):
        metric.compute(**arguments)
    assert metric.compute()["risk"] == 0.5


def test_loading_refuses_what_it_does_not_know(load):
    with pytest.raises(InputError, match="unknown configuration 'confident': did you mean 'confidence'"):
        load("confident")
    with pytest.raises(InputError, match='"confidence" takes a confidence as it is'):
        load("confidence", score="energy")
    metric = load("confidence")
    with pytest.raises(InputError, match=r"must be \(N,\): the class of each sample"):
        metric.compute(predictions=[[0.0, 1.0]], references=[0], confidence=[0.5])
    with pytest.raises(InputError, match="needs predictions, references and confidence"):
        metric.compute(predictions=[0], references=[0])
    with pytest.raises(InputError, match="1 NaN"):
        metric.compute(predictions=[0], references=[0], confidence=[np.nan])


@pytest.mark.parametrize("argument", [{"scor": "energy"}, {"ignore_label": 255}, {"target_risks": (0.2,)}])
def test_loading_refuses_an_argument_that_it_would_not_use(load, argument):
    with pytest.raises(InputError, match="unknown argument of loading"):
        load(**argument)


def test_two_scores_combine_and_an_argument_for_all_is_explained(load, logits_and_labels):
    logits, labels = logits_and_labels
    both = evaluate.combine([load(), load(score="energy")])
    found = both.compute(predictions=logits, references=labels)
    assert found["selective_risk_0_aurc"] == curve_of(logits, labels).aurc()
    assert found["selective_risk_1_aurc"] == curve_of(logits, labels, scores.energy).aurc()
    for row, label in zip(logits[:50], labels[:50], strict=True):
        both.add(prediction=row, reference=label)
    assert both.compute()["selective_risk_0_aurc"] == curve_of(logits[:50], labels[:50]).aurc()
    with pytest.raises(InputError, match="hands every argument to every member"):
        both.compute(predictions=logits, references=labels, normalize=False)


SHARE = """
import json, sys
import numpy as np
import abstain
arrays = np.load(sys.argv[1])
process = int(sys.argv[3])
rows = np.flatnonzero(np.arange(len(arrays["labels"])) % 5 < 4 if process == 0 else np.arange(300) % 5 == 4)
if sys.argv[4] == "idle":
    rows = np.arange(300) if process == 0 else rows[:0]
metric = abstain.load_metric(num_process=2, process_id=process, experiment_id="two", cache_dir=sys.argv[2])
for part in np.array_split(rows, 2) if len(rows) else []:
    metric.add_batch(predictions=arrays["logits"][part], references=arrays["labels"][part])
print(json.dumps(metric.compute()))
"""


@pytest.mark.parametrize("second", ["busy", "idle"])
def test_two_processes_count_every_sample_once(tmp_path, metric, logits_and_labels, second):
    logits, labels = logits_and_labels
    np.savez(tmp_path / "arrays.npz", logits=logits, labels=labels)
    command = [sys.executable, "-c", SHARE, str(tmp_path / "arrays.npz"), str(tmp_path / "shared")]
    processes = [subprocess.Popen([*command, str(i), second], stdout=subprocess.PIPE, text=True) for i in range(2)]
    found = [json.loads(process.communicate(timeout=200)[0]) for process in processes]
    assert found == [metric.compute(predictions=logits, references=labels), None]


def test_the_samples_that_are_measured_are_no_validation(logits_and_labels):
    logits, labels = logits_and_labels
    options = {"score": "max_logit_pnorm", "p": "auto"}
    for copy in (logits, logits.copy()):
        with pytest.raises(InputError, match="the test and the validation data are the same samples"):
            load_metric().compute(predictions=logits, references=labels, validation=(copy, labels), **options)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("n_logits", [1, 2, 3])
def test_batches_of_a_few_rows_that_leave_their_kind_open_are_measured_with_the_others(n_logits, size):
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(200, n_logits)), generator.integers(0, max(n_logits, 2), 200)
    metric = load_metric()
    for start in range(0, 200, size):
        metric.add_batch(predictions=logits[start : start + size], references=labels[start : start + size])
    assert metric.compute() == load_metric().compute(predictions=logits, references=labels, input="logits")


def test_what_no_batch_tells_is_refused_in_the_end(logits_and_labels):
    logits, labels = logits_and_labels
    sigmoids = 1 / (1 + np.exp(-logits))
    metric = load_metric()
    for row, label in zip(sigmoids[:5], labels, strict=False):
        metric.add(prediction=row, reference=label)
    with pytest.raises(InputError, match=r"every value lies in \[0, 1\], but row 0 .counted from 0. sums to"):
        metric.compute()
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for one, other in ((sigmoids, probabilities), (probabilities, sigmoids)):
        metric = load_metric()
        metric.add_batch(predictions=one, references=labels)
        with pytest.raises(InputError, match=r"every value lies in \[0, 1\], but row 0 .counted from 0. sums to"):
            metric.add_batch(predictions=other, references=labels)
