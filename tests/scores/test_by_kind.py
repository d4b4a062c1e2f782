import numpy as np
import pytest

from abstain import InputError, LogitNorm, scores
from abstain.scores import OfProbabilities, SoftmaxScore, TemperatureScaling, read_values
from abstain.scores.batches import ValueBatches
from abstain.scores.by_kind import (
    as_logits,
    check_norm,
    confidence_of_kind,
    error_of,
    fit_confidence,
    score_of,
    scored_in_batches,
    why_no_logarithms,
)

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 1.0, 0.0]])
PROBABILITIES = np.array([[0.25, 0.5, 0.25], [0.7, 0.2, 0.1]])
LABELS = [0, 0]
OF_LOGITS, OF_PROBABILITIES = read_values(LOGITS, LABELS), read_values(PROBABILITIES, LABELS)


def test_each_kind_has_its_own_error():
    assert error_of(OF_LOGITS).tolist() == [0, 1] and error_of(OF_PROBABILITIES).tolist() == [1, 0]
    one = [[0.25], [0.75]]
    assert error_of(read_values(one, [0, 0], input="probabilities")).tolist() == [0, 1]
    assert error_of(read_values(one, [0, 0], input="logits")).tolist() == [1, 1]


def test_what_stands_for_logits():
    assert as_logits(OF_LOGITS) is OF_LOGITS.rows
    np.testing.assert_allclose(as_logits(OF_PROBABILITIES).exp(), PROBABILITIES)


def test_each_kind_has_its_own_confidence():
    np.testing.assert_array_equal(score_of(OF_LOGITS, SoftmaxScore("energy")), scores.energy(LOGITS))
    assert score_of(OF_PROBABILITIES, SoftmaxScore()) == pytest.approx([0, np.log(7 / 3)])
    assert score_of(OF_PROBABILITIES, LogitNorm(None)) == pytest.approx([0, np.log(7 / 3)])
    for fitted in (LogitNorm(3), TemperatureScaling(2.0)):
        np.testing.assert_array_equal(score_of(OF_PROBABILITIES, fitted), fitted.score(np.log(PROBABILITIES)))


@pytest.mark.parametrize("confidence", [SoftmaxScore("max_logit"), SoftmaxScore("energy"), LogitNorm(3, center=False)])
def test_what_reads_a_shift_is_refused_of_probabilities(confidence):
    with pytest.raises(InputError, match="reads the shift of a row of logits"):
        score_of(OF_PROBABILITIES, confidence)


def test_what_reads_a_shift_is_refused_of_their_logarithms_too():
    check_norm(OF_LOGITS, center=False)
    check_norm(OF_PROBABILITIES, center=True)
    with pytest.raises(InputError, match="which log-probabilities have lost"):
        check_norm(read_values(np.log(PROBABILITIES), LABELS), center=False)


def test_a_confidence_for_use_takes_the_kind_and_shows_probabilities_as_they_are():
    assert confidence_of_kind(SoftmaxScore(), "log-probabilities") == SoftmaxScore()
    assert confidence_of_kind(SoftmaxScore(), "one probability") == OfProbabilities(scale="probability")
    assert confidence_of_kind(SoftmaxScore("doctor"), "probabilities") == OfProbabilities(SoftmaxScore("doctor"))


def test_fits_see_the_logits_that_stand_for_the_values(logits_and_labels):
    logits, labels = logits_and_labels
    probabilities = np.exp(logits.astype(np.float64)) / np.exp(logits.astype(np.float64)).sum(axis=1, keepdims=True)
    of_logits, of_probabilities = read_values(logits, labels), read_values(probabilities, labels)
    norm = fit_confidence("max_logit_pnorm", ValueBatches.of(of_logits), p_grid=[2, 5], fallback="never")
    assert norm == LogitNorm.fit(logits, labels, p_grid=[2, 5], fallback="never")
    assert fit_confidence("max_logit_pnorm", ValueBatches.of(of_logits), center=False) == LogitNorm.fit(
        logits, labels, center=False
    )
    found = fit_confidence("max_logit_pnorm", ValueBatches.of(of_probabilities), p_grid=[2, 5], fallback="never")
    assert found == OfProbabilities(norm)
    scaled = fit_confidence("temperature_scaling", ValueBatches.of(of_probabilities)).confidence
    assert scaled.temperature == pytest.approx(TemperatureScaling.fit(logits, labels).temperature, rel=1e-4)


def test_a_fit_that_falls_back_to_the_msp_shows_probabilities():
    found = fit_confidence(
        "max_logit_pnorm", ValueBatches.of(read_values([[0.3], [0.8]], [0, 1], input="probabilities"))
    )
    assert found == OfProbabilities(LogitNorm(None), "probability") and "K = 1" in found.confidence.reason


@pytest.mark.parametrize(
    ("score", "arguments", "message"),
    [
        ("msp", {}, "unknown score to fit 'msp'"),
        ("temperature_scaling", {"p_grid": [2]}, "takes no argument 'p_grid'"),
        ("max_logit_pnorm", {"center": False}, "which probabilities have lost"),
    ],
)
def test_what_cannot_be_fitted_is_refused(score, arguments, message):
    with pytest.raises(InputError, match=message):
        fit_confidence(score, ValueBatches.of(OF_PROBABILITIES), **arguments)


def test_why_there_are_no_logarithms_is_told_of_all_rows_together():
    certain = read_values([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]], [0, 0, 1])
    assert "1 of 3 rows hold a probability of exactly 0," in why_no_logarithms(ValueBatches.of(certain))
    assert why_no_logarithms(ValueBatches.of(read_values([[0.5, 0.5]], [0]))) is None
    assert why_no_logarithms(ValueBatches.of(read_values([[0.0, 3.0]], [0]))) is None


@pytest.mark.parametrize("confidence", [SoftmaxScore(), LogitNorm(2.0), TemperatureScaling(2.0)])
def test_what_is_scored_in_batches_is_what_is_scored_at_once(logits_and_labels, confidence):
    values = read_values(*logits_and_labels)
    pieces = [(values.rows[start : start + 7], values.labels[start : start + 7]) for start in range(0, 300, 7)]
    scored, error, dtype = scored_in_batches(ValueBatches(values.kind, 300, 5, lambda _: pieces), confidence)
    assert np.array_equal(scored, confidence.score(values.rows)) and np.array_equal(error, error_of(values))
    assert dtype == values.rows.dtype


def test_rows_without_logarithms_are_counted_over_all_batches():
    certain = ValueBatches.of(read_values([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]], [0, 0, 1]))
    with pytest.raises(InputError, match="1 of 3 rows hold a probability of exactly 0,"):
        scored_in_batches(certain, OfProbabilities(TemperatureScaling(2.0)))
    assert scored_in_batches(certain, OfProbabilities(SoftmaxScore(), "probability"))[0].tolist() == [0.5, 1.0, 0.75]
