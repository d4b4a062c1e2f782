import json
from dataclasses import replace

import numpy as np
import pytest

import abstain
from abstain import aurc, evaluate_logits, read_predictions, select_threshold
from abstain.audit import audit_predictions
from abstain.logits.held_out import hold_out
from abstain.scores import LogitNorm

NAMES = ("cat", "dog", "eel", "fox")


def made(n, seed, k=4):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(n, k)), rng.integers(0, k, n)
    logits[np.arange(n), labels] += rng.gamma(2.0, 1.5, n)
    return logits, labels


TEST, VALIDATION = made(600, 0), made(400, 1)


def read(pair, **told):
    return read_predictions({"logits": pair[0], "label": pair[1]}, **told)


@pytest.fixture(scope="module")
def found():
    return audit_predictions(read(TEST, class_names=NAMES), read(VALIDATION, class_names=NAMES), name="mine")


def test_the_report_is_that_of_evaluate_logits(found):
    report = evaluate_logits(*TEST, validation=VALIDATION, target_risks=(0.05, 0.02, 0.01))
    assert found.report.to_dict() == report.to_dict() and found.n_validation == 400
    np.testing.assert_array_equal(found.labels, TEST[1])
    by_name = {one.name: one for one in found.scores}
    assert by_name["energy"].aurc == aurc(abstain.scores.energy(TEST[0]), report.error)
    assert len(by_name) == len(report.results) + len(abstain.scores.SCORES) - 1


def test_thresholds_are_chosen_on_the_half_that_fits_nothing(found):
    fitted_on, chosen_on = hold_out(read(VALIDATION), 0.5, seed=0)
    norm = LogitNorm.fit(fitted_on.values, fitted_on.labels)
    assert found.confidence == norm
    error = abstain.scores.classification_error(chosen_on.values, chosen_on.labels)
    tuning = norm.score(fitted_on.values), abstain.scores.classification_error(fitted_on.values, fitted_on.labels)
    point = select_threshold(norm.score(chosen_on.values), error, 0.05, 0.05, tuning=tuning)
    plain, guaranteed = found.decisions[:2]
    assert (plain.delta, guaranteed.delta, guaranteed.threshold) == (None, 0.05, point.threshold)
    accepted = norm.score(TEST[0]) >= point.threshold
    assert guaranteed.coverage == accepted.mean()
    assert guaranteed.risk == found.report.error[accepted].mean()
    assert len(found.decisions) == 6


def test_classes_are_those_that_are_predicted(found):
    assert {one.name for one in found.classes} == set(NAMES) and found.class_risk == 0.05
    assert sum(one.n_samples for one in found.classes) == 600


def test_everything_is_json(found):
    held = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert held["thresholds"]["decisions"][0]["target_risk"] == 0.05
    assert held["diagnosis"]["verdict"] == found.diagnosis.verdict


def test_the_diagnosis_is_that_of_diagnose(found):
    assert found.diagnosis.to_dict() == abstain.diagnose(*TEST).to_dict()


def test_without_validation_samples_nothing_is_chosen():
    found = audit_predictions(read(TEST))
    assert found.decisions == () == found.classes and found.report.repaired is None
    assert found.n_validation is None and len(found.scores) == len(abstain.scores.SCORES)


def test_a_given_confidence_has_thresholds_and_no_more():
    rng = np.random.default_rng(0)
    parts = []
    for seed in (1, 2):
        confidence = np.random.default_rng(seed).random(300)
        parts.append(read_predictions({"confidence": confidence, "correct": rng.random(300) < confidence}))
    found = audit_predictions(*parts)
    assert found.scores == () and found.diagnosis is None and "only a confidence" in found.undiagnosed
    assert found.decisions[0].threshold is not None and found.labels is None and found.classes == ()


@pytest.mark.parametrize("k", [1, 2])
def test_two_classes_are_not_diagnosed_by_the_largest_logit(k):
    def pair(n, seed):
        logits, labels = made(n, seed, 2)
        return (logits[:, 1:] - logits[:, :1] if k == 1 else logits), labels

    found = audit_predictions(read(pair(400, 0), input="logits"), read(pair(300, 1), input="logits"))
    assert "two classes" in (found.undiagnosed or found.diagnosis.verdict)
    assert {one.name for one in found.classes} <= {"0", "1"}


def test_rows_that_depend_on_each_other_get_no_guarantee():
    image = np.repeat(np.arange(60), 10)
    test = read_predictions({"logits": TEST[0], "label": TEST[1], "sample": image})
    validation = read_predictions({"logits": TEST[0] + 1e-3, "label": TEST[1], "sample": image})
    found = audit_predictions(test, validation)
    assert found.decisions and all(one.delta is None for one in found.decisions)


def test_probabilities_of_zero_leave_msp_alone():
    rows = np.eye(3)[np.arange(90) % 3] * 0.5 + 0.25 * (1 - np.eye(3)[np.arange(90) % 3])
    rows[:10] = [[1.0, 0.0, 0.0]] * 10
    both = {"probabilities": rows, "label": np.arange(90) % 3}
    other = {"probabilities": rows[::-1].copy(), "label": (np.arange(90) % 3)[::-1].copy()}
    found = audit_predictions(read_predictions(both), read_predictions(other))
    assert [one.name for one in found.scores] == ["msp"] and "exactly 0" in found.undiagnosed


def test_rows_that_depend_on_each_other_are_told_and_counted_as_such():
    rng = np.random.default_rng(0)
    sample = np.repeat(np.arange(40), [30] * 30 + [150] * 10)
    labels = rng.integers(0, 12, len(sample))
    logits = rng.normal(size=(len(sample), 12)) + 3 * np.eye(12)[labels]
    test, validation = (read_predictions({"logits": logits, "label": labels, "sample": sample + i}) for i in (0, 100))
    validation = replace(validation, values=validation.values.flip(0), labels=validation.labels[::-1].copy())
    found = audit_predictions(test, validation)
    assert found.diagnosis == abstain.diagnose(logits, labels, clusters=sample)
    assert {one.adjusted_p for one in found.classes} == {None}
    halves = [len(part) for part in hold_out(validation, 0.5, seed=0)]
    assert found.n_chosen_on == halves[1] != len(validation) - len(validation) // 2
