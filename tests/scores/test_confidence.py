import json

import numpy as np
import pytest

from abstain import InputError, LogitNorm
from abstain.scores import (
    SCORES,
    Confidence,
    GivenConfidence,
    OfProbabilities,
    SoftmaxScore,
    TemperatureScaling,
    confidence_from_dict,
    named_confidence,
)
from abstain.scores.probabilities import OF_PROBABILITIES, largest_probability, probability_score

CONFIDENCES = [
    *map(SoftmaxScore, SCORES),
    LogitNorm(1 / 3 + 1),
    LogitNorm(4, center=False),
    LogitNorm(None, reason="MSP: because", n_logits=5),
    TemperatureScaling(0.7),
]


def by_name(confidence):
    return confidence.label


@pytest.mark.parametrize("confidence", CONFIDENCES, ids=by_name)
def test_every_kind_is_a_confidence_that_survives_json_and_scores_the_same(confidence, logits_and_labels):
    assert isinstance(confidence, Confidence)
    values = json.loads(json.dumps(confidence.to_dict(), allow_nan=False))
    assert next(iter(values)) == "score"
    back = confidence_from_dict(values)
    assert back == confidence and type(back) is type(confidence) and back.to_dict() == confidence.to_dict()
    assert (back.name, back.label, back.temperature) == (confidence.name, confidence.label, confidence.temperature)
    logits = logits_and_labels[0]
    np.testing.assert_array_equal(back.score(logits), confidence.score(logits))
    assert confidence.score(logits).shape == (300,) and confidence.score(logits).dtype == np.float64


@pytest.mark.parametrize("confidence", CONFIDENCES, ids=by_name)
def test_the_temperature_says_whose_largest_probability_it_is(confidence, logits_and_labels):
    logits = logits_and_labels[0].astype(np.float64)
    if confidence.temperature is None:
        assert confidence.name not in ("msp", "temperature_scaling")
    else:
        expected = SCORES["msp"](logits / confidence.temperature)
        np.testing.assert_allclose(confidence.score(logits), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", SCORES)
def test_a_score_without_parameters_is_the_function_of_its_name(name, logits_and_labels):
    score = SoftmaxScore(name)
    np.testing.assert_array_equal(score.score(logits_and_labels[0]), SCORES[name](logits_and_labels[0]))
    assert (score.name, score.to_dict()) == (name, {"score": name})


def test_labels_are_words():
    labels = [SoftmaxScore(name).label for name in ("msp", "max_logit", "negative_entropy", "energy")]
    assert labels == ["MSP", "max logit", "negative entropy", "energy"]
    assert SoftmaxScore() == SoftmaxScore("msp")


def test_confidences_are_equal_where_they_score_equally():
    assert LogitNorm(3, reason="chosen", n_logits=5) == LogitNorm(3.0)
    assert LogitNorm(3) != LogitNorm(3, center=False)
    assert len({SoftmaxScore("energy"), SoftmaxScore("energy"), SoftmaxScore("msp"), LogitNorm(3), LogitNorm(3.0)}) == 3
    assert SoftmaxScore("max_logit") != TemperatureScaling(1.0)


def test_a_confidence_is_named_with_what_it_needs():
    assert named_confidence("doctor") == SoftmaxScore("doctor")
    assert named_confidence("max_logit_pnorm", p=3, center=False) == LogitNorm(3, center=False)
    for arguments in ({"name": "max_logit_pnorm"}, {"name": "energy", "p": 2}):
        with pytest.raises(InputError, match="max_logit_pnorm needs a p, and no other score takes one"):
            named_confidence(**arguments)
    with pytest.raises(InputError, match="unknown score 'energies': did you mean 'energy'"):
        named_confidence("energies")
    with pytest.raises(InputError, match=r"p is 0\.5, but must be a finite number of at least 1"):
        named_confidence("max_logit_pnorm", p=0.5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, r"a confidence is \{\}, but must be a dictionary whose key 'score' names one"),
        (["msp"], "but must be a dictionary"),
        ({"score": "mps"}, "unknown score 'mps': did you mean 'msp'"),
        ({"score": "msp", "p": 2}, r"a softmax score has the keys \['p', 'score'\]"),
        ({"score": "max_logit_pnorm"}, "a LogitNorm has the keys"),
        ({"score": "max_logit_pnorm", "p": 2, "centre": True}, "a LogitNorm has the keys"),
        ({"score": "temperature_scaling", "temperature": 0}, "the temperature is 0, but must be finite and above 0"),
    ],
)
def test_a_dictionary_that_is_no_confidence_is_refused(values, message):
    with pytest.raises(InputError, match=message):
        confidence_from_dict(values)


# --- of probabilities -------------------------------------------------------------------------------------------

OF_KIND = [
    *(OfProbabilities(SoftmaxScore(name)) for name in OF_PROBABILITIES),
    OfProbabilities(scale="probability"),
    OfProbabilities(LogitNorm(4, reason="chosen", n_logits=5)),
    OfProbabilities(LogitNorm(None, center=False), "probability"),
    OfProbabilities(TemperatureScaling(0.7)),
]


@pytest.fixture
def probabilities(logits_and_labels):
    z = logits_and_labels[0].astype(np.float64)
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("confidence", OF_KIND, ids=str)
def test_a_confidence_of_probabilities_survives_json_and_scores_the_same(confidence, probabilities):
    assert isinstance(confidence, Confidence)
    back = confidence_from_dict(json.loads(json.dumps(confidence.to_dict(), allow_nan=False)))
    assert back == confidence and back.to_dict() == confidence.to_dict()
    of_logits = confidence.confidence
    assert (back.name, back.label, back.temperature) == (of_logits.name, of_logits.label, of_logits.temperature)
    np.testing.assert_array_equal(back.score(probabilities), confidence.score(probabilities))
    if confidence.scale == "log-odds":
        np.testing.assert_allclose(confidence.score(probabilities), of_logits.score(np.log(probabilities)), rtol=1e-9)
    else:
        np.testing.assert_array_equal(confidence.score(probabilities), probabilities.max(axis=1))


def test_what_is_stored_decides_and_not_what_softmax_of_it_would(probabilities):
    rounded = probabilities.round(1)
    np.testing.assert_array_equal(OfProbabilities().score(rounded), probability_score("msp", rounded))
    np.testing.assert_array_equal(OfProbabilities(scale="probability").score(rounded), largest_probability(rounded))
    assert OfProbabilities() != OfProbabilities(scale="probability") != SoftmaxScore()


def test_the_dictionary_of_a_score_of_probabilities_is_as_it_was():
    assert OfProbabilities().to_dict() == {"score": "msp", "input": "probabilities"}
    assert confidence_from_dict({"score": "doctor", "input": "probabilities"}) == OfProbabilities(
        SoftmaxScore("doctor")
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OfProbabilities(SoftmaxScore("energy")), "score is energy, which reads the shift .*give the logits"),
        (lambda: OfProbabilities(SoftmaxScore("max_logit")), "score is max_logit, which reads the shift of a row"),
        (lambda: OfProbabilities(LogitNorm(3, center=False)), "score is the uncentred p-norm, which reads the shift"),
        (lambda: OfProbabilities(LogitNorm(3), "probability"), "but max_logit_pnorm is none: leave out the scale"),
        (lambda: OfProbabilities(scale="percent"), "unknown scale 'percent'"),
        (lambda: confidence_from_dict({"score": "msp", "input": "logits"}), "unknown input 'logits'"),
        (lambda: confidence_from_dict({"score": "msp", "input": "probabilities", "of": 1}), "a softmax score has"),
        (lambda: confidence_from_dict({"score": "confidence", "p": 1}), "a given confidence has the keys"),
    ],
)
def test_what_probabilities_do_not_have_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_given_confidence_comes_back_from_its_name():
    assert confidence_from_dict(GivenConfidence().to_dict()) == GivenConfidence()
