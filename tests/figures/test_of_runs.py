import json
from dataclasses import replace

import numpy as np
import pytest

from abstain import InputError, evaluate_logits
from abstain.figures.of_runs import FIGURES, MeasuredRun
from abstain.report.style import looks_in_order
from abstain.scores import read_values
from abstain.scores.batches import ValueBatches


def run_of(values, labels, **how):
    report = evaluate_logits(values, labels, **how)
    return MeasuredRun(report, ValueBatches.of(read_values(values, labels)))


@pytest.fixture
def run(logits_and_labels):
    logits, labels = logits_and_labels
    return run_of(logits[150:], labels[150:], validation=(logits[:150], labels[:150]))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_of_its_values_which_are_ready_for_json(name, run):
    figure = FIGURES[name]
    values = figure.values(run)
    json.dumps(figure.told(values), allow_nan=False)
    assert figure.draw({"CE": values, "LS": values}, looks_in_order(["CE", "LS"])).axes


def test_the_norm_is_the_fitted_one_or_the_best_of_its_search(run):
    norm = run.report.logit_norm
    best = norm.p or min(norm.search[1:], key=lambda candidate: candidate.aurc).p
    found = FIGURES["normalized_max_logit"].values(run)
    assert found.quantity == f"max logit / {best:g}-norm" and found.independent
    dependent = MeasuredRun(replace(run.report, independent=False), run.batches)
    assert not FIGURES["max_logit"].values(dependent).independent


def test_what_a_figure_lacks_is_said(logits_and_labels):
    logits, labels = logits_and_labels
    alone = run_of(logits, labels)
    probabilities = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum(axis=1, keepdims=True)
    two = run_of(logits[:, :2], labels % 2)
    given = MeasuredRun(alone.report, None)
    for name, lacking, reason in [
        ("repair", alone, "fitted on validation samples: give validation="),
        ("normalized_max_logit", alone, "chosen on validation samples"),
        ("logit_profile", run_of(probabilities, labels), r"only probabilities are given \(probabilities\)"),
        ("max_logit", given, "only a confidence is given"),
        ("max_logit", two, "two classes"),
    ]:
        with pytest.raises(InputError, match=reason):
            FIGURES[name].values(lacking)
    assert FIGURES["risk_coverage"].values(alone).repaired is None


def test_the_largest_logit_of_probabilities_is_that_of_their_logits(logits_and_labels):
    logits, labels = logits_and_labels
    probabilities = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum(axis=1, keepdims=True)
    found, expected = (FIGURES["max_logit"].values(run_of(of, labels)) for of in (probabilities, logits))
    for of_found, of_logits in [(found.right, expected.right), (found.wrong, expected.wrong)]:
        np.testing.assert_array_equal(of_found.count, of_logits.count)
        np.testing.assert_allclose(of_found.mean, of_logits.mean, rtol=1e-5)
    probabilities[0] = np.eye(probabilities.shape[1])[0]
    with pytest.raises(InputError, match="exactly 0"):
        FIGURES["max_logit"].values(run_of(probabilities, labels))


def test_the_curve_of_msp_alone_is_drawn_even_where_there_is_a_repair(run):
    assert run.report.repaired is not None
    assert FIGURES["risk_coverage"].values(run).repaired is None
