from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from abstain import InputError, evaluate_logits, risk_coverage_curve
from abstain.report.given import evaluate_confidence
from abstain.report.notes import CLUSTERED, DEPENDENT
from abstain.report.predictions import evaluate_predictions
from abstain.scores import read_values
from abstain.scores.batches import ValueBatches


@dataclass(frozen=True)
class Samples:
    """As `logits.Predictions`, which this room does not import."""

    kind: str
    values: Any = None
    sample: Any = None
    notes: tuple[str, ...] = ()
    n_ignored: int = 0
    confidence: Any = None
    error: Any = None
    score: str = "confidence"

    def in_batches(self):
        return ValueBatches.of(self.values)


def test_values_are_measured_as_arrays_are(logits_and_labels):
    logits, labels = logits_and_labels
    test, others = (
        Samples("logits", read_values(logits[part], labels[part])) for part in (slice(150), slice(150, None))
    )
    found = evaluate_predictions(test, others, target_risks=[0.3])
    expected = evaluate_logits(logits[:150], labels[:150], validation=(logits[150:], labels[150:]), target_risks=[0.3])
    assert found.to_dict() == expected.to_dict()
    dependent = evaluate_predictions(replace(test, sample=np.arange(150) // 10))
    assert not dependent.independent and dependent.notes[-1] == CLUSTERED.format(15)
    curve = risk_coverage_curve(found.msp.confidence, found.error, clusters=np.arange(150) // 10)
    metrics = dependent.msp.metrics
    assert (metrics["aurc_low"], metrics["aurc_high"]) == curve.aurc_interval() != found.msp.curve.aurc_interval()
    how = {"fallback": "never", "p_grid": [3]}
    alone, together = (
        evaluate_predictions(replace(test, sample=sample), others, **how).gain()
        for sample in (None, np.arange(150) // 10)
    )
    assert alone.estimate == together.estimate and 0 < alone.standard_error != together.standard_error > 0
    alone = evaluate_predictions(replace(test, sample=np.zeros(150)))
    assert not alone.has_intervals and alone.notes[-1] == DEPENDENT


def test_what_is_known_of_a_confidence_is_said():
    answers = Samples(
        "confidence",
        notes=("the questions differ",),
        n_ignored=3,
        confidence=[0.3, 1.0, -2.0],
        error=[0, 0, 1],
        score="msp",
    )
    report = evaluate_predictions(answers)
    assert report.msp.name == "msp" and report.unrepaired == "the questions differ"
    assert report.notes[0] == "the questions differ" and "3 test samples have the label" in report.notes[1]
    assert "the probability of the answer" in report.summary()[0]
    assert any("It is not defined here: the questions differ" in sentence for sentence in report.summary())
    given = evaluate_predictions(replace(answers, score="confidence", notes=()))
    assert "the confidence is the one given" in given.summary()[0] and given.unrepaired is None


def test_several_labels_of_one_sample_depend_on_each_other():
    generator = np.random.default_rng(0)
    report = evaluate_logits(generator.normal(size=(30, 20, 5)), generator.integers(0, 5, (30, 20)))
    assert not report.independent and report.has_intervals and CLUSTERED.format(30) in report.notes
    assert report.clusters.of_sample.tolist() == np.repeat(np.arange(30), 20).tolist()
    assert "without a guarantee" not in report.summary()[0] and any("interval" in one for one in report.summary())


def test_clusters_are_those_of_the_labels_that_count():
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(12, 5, 3)), generator.integers(0, 3, (12, 5))
    labels[:, 0] = -100
    people = np.arange(12) // 2
    report = evaluate_logits(logits, labels, class_axis=-1, ignore_index=-100, clusters=people)
    assert report.clusters.of_sample.tolist() == np.repeat(people, 4).tolist()
    with pytest.raises(InputError, match=r"clusters have shape \(60,\), but must be \(12,\)"):
        evaluate_logits(logits, labels, class_axis=-1, ignore_index=-100, clusters=np.arange(60))
    given = evaluate_confidence(np.arange(60), np.arange(60) % 3 == 0, clusters=np.arange(60) // 4)
    assert given.clusters.n_clusters == 15 and given.notes[-1] == CLUSTERED.format(15)


def test_target_risks_are_a_list():
    with pytest.raises(ValueError, match=r"target_risks is 0\.05, but must be a list"):
        evaluate_predictions(Samples("confidence", confidence=[1.0], error=[0]), target_risks=0.05)
