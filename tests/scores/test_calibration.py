import logit_oracle
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, one_hot
from torchmetrics.functional.classification import binary_calibration_error

import abstain
from abstain.scores.blocks import BLOCK_ELEMENTS
from abstain.scores.calibration import (
    ECE_BINS,
    CalibrationSums,
    calibration_metrics,
    expected_calibration_error,
)
from abstain.scores.softmax import classification_error
from abstain.scores.temperature import TemperatureScaling

edges = st.integers(0, ECE_BINS).map(lambda number: number / ECE_BINS)
around_edges = edges.flatmap(lambda edge: st.sampled_from([np.nextafter(edge, 0), edge, np.nextafter(edge, 1)]))
probabilities = st.floats(0, 1) | around_edges


def test_two_rows_as_worked_by_hand():
    # p of the label: e²/(e² + 1) = 0.880797, then 1/(1 + e) = 0.268941.
    measured = calibration_metrics([[2.0, 0.0], [0.0, 1.0]], [0, 0])
    assert measured["nll"] == pytest.approx((-np.log(0.880797) - np.log(0.268941)) / 2, abs=1e-6)
    assert measured["brier"] == pytest.approx((2 * 0.119203**2 + 2 * 0.731059**2) / 2, abs=1e-6)
    # Two bins with one sample each: |1 - 0.880797| and |0 - 0.731059|.
    assert measured["ece"] == pytest.approx((0.119203 + 0.731059) / 2, abs=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_calibration_is_the_oracle_s(logits_and_labels, temperature):
    logits, labels = logits_and_labels
    measured = calibration_metrics(logits, labels, temperature=temperature)
    expected = logit_oracle.calibration(logits.astype(np.float64) / temperature, labels)
    assert measured == pytest.approx(expected, rel=1e-6)


def test_one_logit_stands_for_the_pair():
    logits, labels = np.array([[2.0], [-1.0], [0.5]]), [1, 1, 0]
    pair = np.concatenate([np.zeros((3, 1)), logits], axis=1)
    assert calibration_metrics(logits, labels) == calibration_metrics(pair, labels)


def test_read_only_and_half_precision_input_are_taken(logits_and_labels):
    logits, labels = logits_and_labels
    labels.flags.writeable = False
    calibration_metrics(logits, labels)
    with pytest.warns(UserWarning, match="float16"):
        assert abstain.evaluate_logits(torch.tensor(logits).half(), labels).msp.metrics["nll"] > 0


# --- expected calibration error -------------------------------------------------------------------------------


def test_the_gaps_of_three_bins_as_worked_by_hand():
    # 0.01 and 0.03 share the first bin, one of two right: |1 - 0.04| = 0.96 of samples times gap. 0.95 is right:
    # 0.05. The two of exactly 1 have a bin of their own, one right: |1 - 2| = 1. Five samples.
    found = expected_calibration_error(np.array([0.01, 0.95, 1.0, 0.03, 1.0]), np.array([1.0, 0.0, 0.0, 0.0, 1.0]))
    assert found == pytest.approx((0.96 + 0.05 + 1.0) / 5, abs=1e-15)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.tuples(probabilities, st.sampled_from([0, 1])), min_size=1, max_size=60))
def test_it_is_that_of_torchmetrics_in_float64(samples):
    probability, error = (np.array(column, dtype=np.float64) for column in zip(*samples, strict=True))
    correct = torch.from_numpy(1 - error).int()
    expected = float(binary_calibration_error(torch.from_numpy(probability), correct, n_bins=ECE_BINS, norm="l1"))
    assert expected_calibration_error(probability, error) == pytest.approx(expected, abs=1e-12)


def test_it_is_that_of_torchmetrics_on_many_samples():
    rng = np.random.default_rng(0)
    probability = rng.random(100_000) ** 0.3
    error = (rng.random(100_000) < 0.8 * (1 - probability)).astype(np.float64)
    correct = torch.from_numpy(1 - error).int()
    expected = float(binary_calibration_error(torch.from_numpy(probability), correct, n_bins=ECE_BINS, norm="l1"))
    assert expected_calibration_error(probability, error) == pytest.approx(expected, abs=1e-12)


def test_blocks_add_up_and_give_msp_by_the_way():
    generator = np.random.default_rng(0)
    logits, labels = 3 * generator.standard_normal((400, 1000)), generator.integers(0, 1000, 400)
    error, sums = classification_error(logits, labels), CalibrationSums()
    block = BLOCK_ELEMENTS // 1000
    parts = [slice(0, 2 * block), slice(2 * block, 400)]
    found = [sums.add_logits(logits[part], labels[part], error[part], temperature=2.0) for part in parts]
    assert sums.metrics() == calibration_metrics(logits, labels, temperature=2.0)
    assert np.concatenate(found).tolist() == TemperatureScaling(2.0).score(logits).tolist()
    reference = torch.from_numpy(logits) / 2
    assert sums.metrics()["nll"] == pytest.approx(float(cross_entropy(reference, torch.from_numpy(labels))), rel=1e-12)
    gaps = reference.softmax(dim=1) - one_hot(torch.from_numpy(labels), 1000)
    assert sums.metrics()["brier"] == pytest.approx(float(gaps.square().sum(dim=1).mean()), rel=1e-12)
