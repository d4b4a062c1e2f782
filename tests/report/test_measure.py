import numpy as np
import pytest
import torch

from abstain import scores
from abstain.report.measure import Measure, repairs
from abstain.scores.kinds import read_values

PROBABILITIES = [[0.2, 0.8, 0.0], [0.5, 0.25, 0.25], [0.8, 0.1, 0.1]]
LABELS = [1, 1, 0]


def measure(values=PROBABILITIES, labels=LABELS, **told):
    return Measure(read_values(values, labels, **told), (0.05,), 0.95)


def test_three_rows_of_probabilities_as_worked_by_hand():
    # The two of 0.8 tie and are right, that of 0.5 is wrong: R = 0, 0, 1/3.
    found = measure().msp()
    assert found.metrics["risk"] == pytest.approx(1 / 3) and found.metrics["aurc"] == pytest.approx(1 / 9)
    assert found.metrics["cov@5"] == pytest.approx(2 / 3) and found.confidence[0] == found.confidence[2]
    assert found.metrics["nll"] == pytest.approx(-np.log([0.8, 0.25, 0.8]).mean())
    assert found.scored_by == scores.OfProbabilities()


def test_one_probability_is_right_where_it_says_the_class():
    found = measure([[0.2], [0.9], [0.6]], [0, 1, 0], input="probabilities")
    assert found.error.tolist() == [0, 0, 1] and found.of_probabilities
    assert found.msp().confidence == pytest.approx(np.log([4, 9, 1.5]))


def test_each_repair_is_fitted_on_the_validation_data(logits_and_labels):
    logits, labels = logits_and_labels
    of_test = measure(logits[150:], labels[150:])
    rows = [torch.from_numpy(logits[part]) for part in (slice(150, None), slice(150))]
    found = list(repairs(of_test, *rows, labels[:150], center=False, fallback="never"))
    assert [one.name for one in found] == ["max_logit_pnorm", "max_logit_pnorm_centered", "temperature_scaling"]
    assert found[0].scored_by == scores.LogitNorm.fit(logits[:150], labels[:150], center=False, fallback="never")
    assert "nll" not in found[0].metrics and found[2].metrics["nll"] > 0


def test_a_fit_that_falls_back_is_msp_under_its_name():
    of_test = measure()
    found = of_test.fitted("max_logit_pnorm", scores.LogitNorm(None), of_test.values.rows)
    assert found.falls_back and found.metrics == of_test.msp().metrics
