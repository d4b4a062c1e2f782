import numpy as np
import oracle
import pytest
import torch

from abstain import scores
from abstain.report.measure import Measure, repairs
from abstain.scores.batches import ValueBatches
from abstain.scores.kinds import read_values

PROBABILITIES = [[0.2, 0.8, 0.0], [0.5, 0.25, 0.25], [0.8, 0.1, 0.1]]
LABELS = [1, 1, 0]


def batches(values=PROBABILITIES, labels=LABELS, **told):
    return ValueBatches.of(read_values(values, labels, **told))


def msp_of(measure):
    return measure.results((0.05,), 0.95)[0]


def test_three_rows_of_probabilities_as_worked_by_hand():
    # The two of 0.8 tie and are right, that of 0.5 is wrong: R = 0, 0, 1/3.
    found = msp_of(Measure(batches(), {}))
    assert found.metrics["risk"] == pytest.approx(1 / 3) and found.metrics["aurc"] == pytest.approx(1 / 9)
    assert found.metrics["cov@5"] == pytest.approx(2 / 3) and found.confidence[0] == found.confidence[2]
    assert found.metrics["nll"] == pytest.approx(-np.log([0.8, 0.25, 0.8]).mean())
    assert found.scored_by == scores.OfProbabilities()


def test_one_probability_is_right_where_it_says_the_class():
    measure = Measure(batches([[0.2], [0.9], [0.6]], [0, 1, 0], input="probabilities"), {})
    assert measure.error.tolist() == [0, 0, 1] and measure.n_errors == 1
    assert msp_of(measure).confidence == pytest.approx(np.log([4, 9, 1.5]))


def test_each_repair_is_fitted_on_the_validation_data(logits_and_labels):
    logits, labels = logits_and_labels
    fitted = repairs(batches(logits[:150], labels[:150]), center=False, fallback="never")
    assert list(fitted) == ["max_logit_pnorm", "max_logit_pnorm_centered", "temperature_scaling"]
    assert fitted["max_logit_pnorm"] == scores.LogitNorm.fit(logits[:150], labels[:150], center=False, fallback="never")
    msp, norm, _, scaled = Measure(batches(logits[150:], labels[150:]), fitted).results((0.05,), 0.95)
    assert [msp.name, norm.name, scaled.name] == ["msp", "max_logit_pnorm", "temperature_scaling"]
    assert norm.confidence.tolist() == fitted["max_logit_pnorm"].score(logits[150:]).tolist()
    assert "nll" not in norm.metrics and scaled.metrics["nll"] > 0


def test_a_fit_that_falls_back_is_msp_under_its_name():
    msp, found = Measure(batches(), {"max_logit_pnorm": scores.LogitNorm(None)}).results((0.05,), 0.95)
    assert found.name == "max_logit_pnorm" and found.falls_back and found.metrics == msp.metrics


def test_of_a_sketch_only_counts_are_kept(logits_and_labels):
    logits, labels = logits_and_labels
    measure = Measure(batches(logits, labels), {}, sketched=True)
    error = scores.classification_error(logits, labels)
    metrics = msp_of(measure).metrics
    assert len(measure.error) == len(msp_of(measure).confidence) == 0 and measure.n_errors == error.sum()
    exact = oracle.aurc_mean(scores.msp(torch.from_numpy(logits)), error)
    assert metrics["aurc_bound_low"] <= exact <= metrics["aurc_bound_high"] and metrics["aurc_low"] is None


def test_logits_that_look_like_probabilities_get_a_warning_once():
    rows = np.tile([[0.25, 0.75]], (7000, 1000))[:, :1000] / 500
    with pytest.warns(UserWarning, match="the rows look like probabilities, but must be logits") as warned:
        Measure(batches(rows, np.zeros(7000, dtype=int), input="logits"), {})
    assert len(warned) == 1
