import json

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from abstain import InputError, TwoClassCalibration, aurc, scores
from abstain.scores.two_classes import OF_SOFTMAX, Line

LINES = (Line(2.0, 1.0), Line(0.5, -1.0))


def sample(n, *, seed=0):
    """z and labels of a model that is surer of the answer 1 than it is right: both answers are as often wrong there."""
    generator = np.random.default_rng(seed)
    z = generator.normal(scale=2, size=n)
    right = generator.random(n) < 1 / (1 + np.exp(-np.where(z > 0, 0.3 * z, 1 - 2 * z)))
    return z, np.where(right, z > 0, z <= 0).astype(int)


def test_each_answer_has_its_line_as_worked_by_hand():
    # |z| = 3, 3, 0, where z = 0 answers 0: 2·3 + 1, 0.5·3 - 1, 2·0 + 1.
    for logits in ([[-3.0], [3.0], [0.0]], [[3.0, 0.0], [-1.0, 2.0], [5.0, 5.0]]):
        assert TwoClassCalibration(LINES).score(logits).tolist() == [7.0, 0.5, 1.0]
        assert TwoClassCalibration(LINES).score(torch.tensor(logits)).tolist() == [7.0, 0.5, 1.0]
        assert TwoClassCalibration(None).score(logits).tolist() == scores.msp(logits).tolist()
        assert TwoClassCalibration((OF_SOFTMAX, OF_SOFTMAX)).score(logits).tolist() == scores.msp(logits).tolist()


def penalised_loss(distance, right):
    """What a logistic regression with C = 1 minimises, of the distance with mean 0 and variance 1."""
    x = (distance - distance.mean()) / distance.std()

    def loss(parameters):
        slope, intercept = parameters
        return slope**2 / 2 + np.logaddexp(0, np.where(right, -1, 1) * (slope * x + intercept)).sum()

    return loss


def test_the_lines_are_those_of_the_least_penalised_loss():
    z, labels = sample(3000)
    found = TwoClassCalibration.fit(z[:, None], labels, fallback="never")
    for line, of in zip(found.lines, (z <= 0, z > 0), strict=True):
        distance, right = np.abs(z[of]), (z[of] > 0) == labels[of]
        slope, intercept = minimize(penalised_loss(distance, right), [0, 0], tol=1e-10).x
        slope /= distance.std()
        assert (line.slope, line.intercept) == pytest.approx((slope, intercept - slope * distance.mean()), abs=2e-3)
    assert found.lines[0].slope > 1.5 and found.lines[1].slope < 0.5


def test_the_order_between_the_answers_is_put_right():
    (z, labels), (of_test, test_labels) = sample(2000), sample(20_000, seed=1)
    found = TwoClassCalibration.fit(z[:, None], labels)
    assert found.name == "two_class_calibration" and found.reason.startswith("on validation data lines gain 0.0")
    error = scores.classification_error(of_test[:, None], test_labels)
    before, after = (aurc(confidence, error) for confidence in (np.abs(of_test), found.score(of_test[:, None])))
    assert after < 0.8 * before


def test_one_logit_is_fitted_as_the_pair_and_batches_as_all_at_once():
    z, labels = sample(500)
    found = TwoClassCalibration.fit(z[:, None], labels)
    assert found == TwoClassCalibration.fit(torch.from_numpy(np.stack([0 * z, z], axis=1)), labels)
    assert found == TwoClassCalibration.fit_batches([(z[:99, None], labels[:99]), (z[99:, None], labels[99:])])
    assert found.lines is not None


def test_a_negative_slope_keeps_what_softmax_says_of_that_class():
    z = np.array([-1.0, -2, -3, -4, 1, 2, 3, 4])
    labels = [0, 0, 1, 1, 0, 0, 1, 1]  # of the answers 0 the most probable are wrong
    found = TwoClassCalibration.fit(z[:, None], labels, fallback="never")
    assert found.lines[0] == OF_SOFTMAX and found.lines[1].slope > 0 and found.lines[1] != OF_SOFTMAX
    one_distance = TwoClassCalibration.fit([[-2.0], [-2.0], [1.0], [2.0]], [0, 1, 0, 1], fallback="never")
    assert one_distance.lines[0] == OF_SOFTMAX


@pytest.mark.parametrize(
    ("z", "labels", "reason"),
    [
        ([-1.0, -2, 1, 2], [0, 0, 1, 0], "of 2 validation samples that are answered with class 0 none is wrong"),
        ([-1.0, -2, 1, 2], [0, 1, 0, 0], "of 2 validation samples that are answered with class 1 none is right"),
        ([-1.0, -2, -3], [0, 1, 0], "of 0 validation samples that are answered with class 1 none is wrong"),
        ([0.0, 0.0], [0, 0], "of 2 validation samples that are answered with class 0 none is wrong"),
    ],
)
@pytest.mark.parametrize("fallback", ["one_standard_error", "strict", "never"])
def test_a_class_of_which_nothing_is_learnt_falls_back_as_a_whole(z, labels, reason, fallback):
    found = TwoClassCalibration.fit(np.array(z)[:, None], labels, fallback=fallback)
    assert found.lines is None and found.name == "msp" and found.reason.startswith(f"MSP: {reason}")
    assert (found.label, found.temperature) == ("calibrated per class (falls back to MSP)", 1.0)


def test_the_fallbacks_ask_for_more_and_more():
    # A model whose softmax is right gains nothing that is sure, and by chance a little or less than nothing.
    z = np.random.default_rng(3).normal(scale=2, size=(40, 150))
    kept = {"one_standard_error": 0, "strict": 0, "never": 0}
    for row in z:
        labels = (np.random.default_rng(int(1e6 * abs(row[0]))).random(150) < 1 / (1 + np.exp(-row))).astype(int)
        gained = {name: TwoClassCalibration.fit(row[:, None], labels, fallback=name).lines for name in kept}
        kept = {name: kept[name] + (gained[name] is not None) for name in kept}
    assert kept["one_standard_error"] < kept["strict"] < kept["never"] == 40


def test_it_survives_json_and_has_a_name_and_a_label():
    z, labels = sample(500)
    for calibration in (TwoClassCalibration.fit(z[:, None], labels), TwoClassCalibration(None, "MSP: because")):
        values = json.loads(json.dumps(calibration.to_dict()))
        again = TwoClassCalibration.from_dict(values)
        assert again == calibration and again.reason == calibration.reason and values["score"] == again.SCORE
    calibrated = TwoClassCalibration(LINES)
    assert calibrated.to_dict()["lines"][1] == {"slope": 0.5, "intercept": -1.0}
    assert (calibrated.name, calibrated.label) == ("two_class_calibration", "calibrated per class")
    assert calibrated.temperature is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lines": None}, "has the keys"),
        ({"score": "two_class_calibration", "lines": None, "p": 2}, "has the keys"),
        ({"score": "msp", "lines": None}, "unknown score of a TwoClassCalibration 'msp'"),
        ({"score": "two_class_calibration", "lines": [{"slope": 1, "intercept": 0}]}, "but must be two, or null"),
        ({"score": "two_class_calibration", "lines": [{"slope": 1}, {"slope": 1}]}, "Line has the keys"),
        ({"score": "two_class_calibration", "lines": 2 * [{"slope": -1, "intercept": 0}]}, "the slope is -1"),
        ({"score": "two_class_calibration", "lines": 2 * [{"slope": "a", "intercept": 0}]}, "slope of a Line"),
        ({"score": "two_class_calibration", "lines": None, "reason": 3}, "but must be text or None"),
    ],
)
def test_another_dictionary_is_refused(values, message):
    with pytest.raises(InputError, match=message):
        TwoClassCalibration.from_dict(values)


def test_more_classes_and_unknown_words_are_refused():
    with pytest.raises(InputError, match="K = 3, but TwoClassCalibration is for two classes: use LogitNorm"):
        TwoClassCalibration.fit(np.zeros((4, 3)), [0, 1, 2, 0])
    with pytest.raises(InputError, match="logits have K = 3"):
        TwoClassCalibration(LINES).score(np.zeros((4, 3)))
    with pytest.raises(InputError, match="unknown fallback 'always'"):
        TwoClassCalibration.fit([[1.0], [2.0]], [0, 1], fallback="always")
    with pytest.raises(InputError, match=r"must be two of scores\.Line, or None for MSP"):
        TwoClassCalibration((OF_SOFTMAX,))
