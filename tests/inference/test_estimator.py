import numpy as np
import pytest
from answering import NAMES, parts_of
from sklearn.base import clone, is_classifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from abstain import AbstentionRule, InputError, LogitNorm, SelectiveClassifier
from abstain.threshold.operating_point import OperatingPoint


@pytest.fixture
def made(tmp_path):
    """(classifier that abstains on half of the samples, samples, labels)."""
    model, processor, samples, labels = parts_of("vit", tmp_path)
    confidence = LogitNorm(3).score(SelectiveClassifier(model, processor).logits(samples))
    point = OperatingPoint(float(np.median(confidence)), 0.5, 0.1, False, 0.1, None, 9)
    return SelectiveClassifier(model, processor, AbstentionRule(LogitNorm(3), point, 3)), samples, labels


def test_predictions_are_names_or_the_value_for_abstentions(made):
    classifier, samples, _ = made
    answers = list(classifier(samples))
    expected = [answer.label if answer.accepted else None for answer in answers]
    assert classifier.predict(samples).tolist() == expected and 0 < expected.count(None) < 40
    rejecting = clone(classifier).set_params(reject_value="?")
    assert rejecting.predict(samples).tolist() == [label or "?" for label in expected]
    assert classifier.predict_proba(samples) == pytest.approx(np.stack([one.probabilities() for one in answers]))
    assert classifier.decision_function(samples).tolist() == [one.confidence for one in answers]


def test_the_score_is_the_accuracy_among_those_answered(made):
    classifier, samples, labels = made
    answers = list(classifier(samples))
    right = [one.index == label for one, label in zip(answers, labels, strict=True) if one.accepted]
    assert classifier.score(samples, labels) == pytest.approx(np.mean(right))
    assert classifier.score(samples, [NAMES[label] for label in labels]) == pytest.approx(np.mean(right))
    weight = np.arange(40)
    kept = [k for k, one in enumerate(answers) if one.accepted]
    assert classifier.score(samples, labels, weight) == pytest.approx(np.average(right, weights=weight[kept]))


def test_it_is_a_classifier_to_scikit_learn(made):
    classifier, samples, _ = made
    assert is_classifier(classifier) and classifier.classes_.tolist() == NAMES
    assert set(classifier.get_params()) == {"model", "processor", "rule", "batch_size", "reject_value"}
    chain = make_pipeline(FunctionTransformer(), classifier).fit(samples)
    assert chain.predict(samples).tolist() == classifier.predict(samples).tolist()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0] * 39, "there are 40 validation samples and 39 labels"),
        ([7] * 40, "a label is 7, but the model has the classes 0 to 2"),
        (["yak"] * 40, "a label is 'yak', but the model has the classes"),
        (np.zeros((40, 3)), r"the labels have the shape \(40, 3\)"),
    ],
)
def test_labels_that_are_none_are_refused(made, labels, said):
    with pytest.raises(InputError, match=said):
        made[0].score(made[1], labels)


def test_nothing_is_right_or_wrong_where_all_is_rejected(made):
    classifier, samples, labels = made
    point = OperatingPoint(float("inf"), 0.0, 0.0, False, 0.1, None, 9)
    with pytest.raises(InputError, match="abstains on all 40 samples"):
        clone(classifier).set_params(rule=AbstentionRule(LogitNorm(3), point, 3)).score(samples, labels)
