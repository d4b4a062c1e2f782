import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import log_loss

from abstain import InputError, scores
from abstain.scores.calibration import calibration_metrics
from abstain.scores.probabilities import (
    CLIPPED_AT,
    OF_PROBABILITIES,
    ProbabilityCalibration,
    largest_probability,
    log_probabilities,
    probability_error,
    probability_score,
)


@pytest.fixture
def softmax(logits_and_labels):
    logits, labels = logits_and_labels
    return torch.from_numpy(logits).double().softmax(dim=1), logits, labels


def test_scores_of_three_rows_as_worked_by_hand():
    rows = [[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]]
    found = {name: probability_score(name, rows) for name in OF_PROBABILITIES}
    assert found["msp"] == pytest.approx([np.log(4), np.inf, 0])  # log 0.8 - log 0.2
    assert found["logit_margin"] == pytest.approx([np.log(4), np.inf, 0])
    assert found["softmax_margin"] == pytest.approx([0.6, 1, 0])
    assert found["negative_entropy"] == pytest.approx([0.8 * np.log(0.8) + 0.2 * np.log(0.2), 0, -np.log(2)])
    assert found["doctor"] == pytest.approx([0.68, 1, 0.5])
    assert found["gen"] == pytest.approx([-2 * 0.16**0.1, 0, -2 * 0.25**0.1])


@pytest.mark.parametrize("name", OF_PROBABILITIES)
def test_scores_of_softmax_are_those_of_its_logits(name, softmax):
    probabilities, logits, _ = softmax
    np.testing.assert_allclose(probability_score(name, probabilities), scores.SCORES[name](logits), rtol=1e-9)


def test_error_and_calibration_of_softmax_are_those_of_its_logits(softmax):
    probabilities, logits, labels = softmax
    np.testing.assert_array_equal(probability_error(probabilities, labels), scores.classification_error(logits, labels))
    found = ProbabilityCalibration.of(probabilities, labels)
    assert found.metrics == pytest.approx(calibration_metrics(logits, labels), rel=1e-9) and found.n_clipped == 0


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30))
def test_the_stored_maximum_alone_decides_the_order(largest):
    largest = np.array(largest, dtype=np.float32)
    others = np.random.default_rng(0).uniform(size=(len(largest), 3)).astype(np.float32) * largest[:, None]
    confidence = probability_score("msp", np.column_stack([others, largest]))
    for compare in (np.less, np.equal):
        np.testing.assert_array_equal(compare.outer(confidence, confidence), compare.outer(largest, largest))


def test_a_threshold_on_the_stored_maximum_accepts_what_its_log_odds_accept(softmax):
    rounded = softmax[0].numpy().round(2)
    confidence, largest = probability_score("msp", rounded), rounded.max(axis=1)
    for threshold in np.unique(largest):
        at = confidence[largest == threshold].min()
        np.testing.assert_array_equal(confidence >= at, largest >= threshold)
    np.testing.assert_allclose(expit(confidence), largest, rtol=1e-12)
    np.testing.assert_array_equal(largest_probability(rounded), largest)


def test_one_probability_stands_for_the_pair():
    one = np.array([[0.3], [0.5], [0.9], [0.0], [1.0]])
    pair = np.hstack([1 - one, one])
    labels = [1, 0, 1, 0, 0]
    assert probability_error(one, labels).tolist() == [1, 0, 0, 0, 1] == probability_error(pair, labels).tolist()
    for name in OF_PROBABILITIES:
        np.testing.assert_array_equal(probability_score(name, one), probability_score(name, pair))
    assert largest_probability(one).tolist() == [0.7, 0.5, 0.9, 1, 1]
    assert probability_score("msp", [[0.3], [0.7]]).tolist() == pytest.approx([np.log(7 / 3)] * 2)
    assert ProbabilityCalibration.of(one, labels) == ProbabilityCalibration.of(pair, labels)


def test_calibration_of_two_rows_as_worked_by_hand():
    # Label probabilities 0.8 and 0, the latter clipped to 2⁻⁵²; gaps of the largest: 0.2 right, 1.0 wrong.
    found = ProbabilityCalibration.of([[0.2, 0.8], [1.0, 0.0]], [1, 1])
    assert found.metrics["nll"] == pytest.approx((-np.log(0.8) + 52 * np.log(2)) / 2)
    assert found.metrics["brier"] == pytest.approx((0.2**2 + 0.2**2 + 1 + 1) / 2)
    assert found.metrics["ece"] == pytest.approx((0.2 + 1.0) / 2) and found.n_clipped == 1


def test_the_clipped_likelihood_is_that_of_scikit_learn():
    probabilities = np.array([[0.25, 0.75], [1.0, 0.0], [1 - 1e-20, 1e-20], [0.5, 0.5]])
    found = ProbabilityCalibration.of(probabilities, [0, 1, 1, 1])
    assert found.metrics["nll"] == pytest.approx(log_loss([0, 1, 1, 1], probabilities), rel=1e-12)
    assert found.n_clipped == 2 and np.finfo(np.float64).eps == CLIPPED_AT


def test_a_probability_beyond_an_end_by_rounding_is_that_end():
    rows = torch.tensor([[1 + 2**-23, -(2**-24), 0.0], [0.5, 0.25, 0.25]], dtype=torch.float32)
    for held in (rows, rows.double(), rows.numpy()):
        assert largest_probability(held).tolist() == [1.0, 0.5]
        assert probability_score("msp", held).tolist() == [np.inf, 0.0]
        assert probability_score("doctor", held).tolist() == [1.0, 0.375]
    assert rows[0].tolist() == [1 + 2**-23, -(2**-24), 0.0], "as it was"
    # The first sample is wrong with -log 2⁻⁵² and squares 1 + 1, the second right with -log 0.5 and 0.25 + 0.125.
    found = ProbabilityCalibration.of(rows, [1, 0])
    assert found.metrics["nll"] == pytest.approx((52 * np.log(2) + np.log(2)) / 2) and found.n_clipped == 1
    assert found.metrics["brier"] == pytest.approx((2 + 0.375) / 2)
    assert largest_probability(torch.tensor([[-(2**-24)], [1 + 2**-23], [0.25]])).tolist() == [1.0, 1.0, 0.75]
    with pytest.raises(InputError, match="2 of 2 rows hold a probability of exactly 0"):
        log_probabilities([[1.0000001, -1e-9], [1.0, 0.0]])
    with pytest.raises(InputError, match=r"a probability is 1\.0000004, but must be in \[0, 1\]"):
        largest_probability([[1.0000004, 0.0]])


def test_only_calibration_divides_a_rounded_row_by_its_sum():
    rows = [[0.33, 0.33, 0.33], [0.2, 0.3, 0.51]]  # sums of 0.99 and 1.01
    found = ProbabilityCalibration.of(rows, [0, 2]).metrics
    assert found["nll"] == pytest.approx(-(np.log(1 / 3) + np.log(0.51 / 1.01)) / 2)
    assert found["brier"] == pytest.approx((2 / 3 + (0.2**2 + 0.3**2 + 0.5**2) / 1.01**2) / 2)
    assert probability_score("doctor", rows)[0] == pytest.approx(3 * 0.33**2)
    assert probability_score("msp", rows)[0] == pytest.approx(np.log(0.33 / 0.67))
    assert ProbabilityCalibration.of(np.zeros((1, 300)), [0]).n_clipped == 1, "all rounded away"


def test_many_blocks_are_as_one():
    rows = torch.from_numpy(np.random.default_rng(0).dirichlet(np.ones(900), size=400)).float()
    labels = np.arange(400)
    wide = rows.double().numpy()
    np.testing.assert_array_equal(probability_score("softmax_margin", rows), np.diff(np.sort(wide)[:, -2:])[:, 0])
    found = ProbabilityCalibration.of(rows, labels).metrics
    assert found["nll"] == pytest.approx(-np.log(wide[labels, labels]).mean())
    assert found["brier"] == pytest.approx(((wide - np.eye(900)[labels]) ** 2).sum(axis=1).mean())


def test_a_score_that_probabilities_do_not_have_is_refused():
    with pytest.raises(InputError, match="unknown score of probabilities 'energy'"):
        probability_score("energy", [[0.5, 0.5]])


@pytest.mark.parametrize(("rows", "match"), [([[1.5, 0.2]], "is 1.5, but must"), ([[-0.5, 1.0]], "is -0.5, but must")])
def test_what_is_no_probability_is_refused(rows, match):
    for function in (largest_probability, log_probabilities, lambda rows: probability_error(rows, [0])):
        with pytest.raises(InputError, match=match):
            function(rows)


# --- logarithms -------------------------------------------------------------------------------------------------


def test_logarithms_stand_in_for_logits(softmax):
    probabilities, logits, labels = softmax
    logs = log_probabilities(probabilities)
    np.testing.assert_allclose(logs.exp(), probabilities)
    fits = [scores.LogitNorm.fit(z, labels, fallback="never") for z in (logs, logits.astype(np.float64))]
    assert fits[0] == fits[1]
    np.testing.assert_allclose(fits[0].score(logs), fits[1].score(logits), rtol=1e-6)
    temperatures = [scores.TemperatureScaling.fit(z, labels).temperature for z in (logs, logits)]
    assert temperatures[0] == pytest.approx(temperatures[1], rel=1e-4)


def test_the_logarithm_of_one_probability_is_its_log_odds():
    assert log_probabilities([[0.2], [0.5]]).tolist() == [[pytest.approx(-np.log(4))], [0.0]]


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([[0.0, 1.0], [0.5, 0.5]], "1 of 2 rows hold a probability of exactly 0, whose logarithm is infinite"),
        ([[1.0], [0.5]], "1 of 2 rows hold a probability of exactly 0 or 1"),
    ],
)
def test_exact_zeros_have_no_logarithm(rows, match):
    with pytest.raises(InputError, match=match):
        log_probabilities(rows)
    assert torch.isfinite(log_probabilities([[1.0, 1e-300]])).all()
