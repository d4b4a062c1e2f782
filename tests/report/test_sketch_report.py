import json

import pytest

from abstain.report import evaluate_batches, risk_coverage_figure, write_report
from abstain.report.evaluate import evaluate_values
from abstain.report.sketch_report import SketchReport
from abstain.scores.batches import ValueBatches
from abstain.scores.kinds import read_values


@pytest.fixture
def halves(logits_and_labels):
    logits, labels = logits_and_labels
    return [read_values(logits[part], labels[part]) for part in (slice(150), slice(150, None))]


def test_of_more_samples_than_are_kept_the_numbers_are_bounds(halves):
    test, validation = halves
    exact = evaluate_values(test, validation)
    found = evaluate_batches(ValueBatches.of(test), ValueBatches.of(validation), most_samples=149)
    assert isinstance(found, SketchReport) and found.gain() is None and found.n_samples == 150
    for one, sketched in zip(exact.results, found.results, strict=True):
        metrics = sketched.metrics
        assert metrics["aurc_bound_low"] <= one.metrics["aurc"] <= metrics["aurc_bound_high"]
        assert metrics["aurc_bound_high"] - metrics["aurc_bound_low"] < 1e-3
        assert metrics["risk"] == one.metrics["risk"] and metrics["cov@5"] <= one.metrics["cov@5"]
        assert metrics.get("nll") == one.metrics.get("nll") and metrics.get("ece") == one.metrics.get("ece")
        assert metrics["aurc_low"] is None and sketched.scored_by == one.scored_by
    results = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert results["n_errors"] == exact.error.sum() and results["sketch"] is True
    note = results["notes"][-1]
    low = found.msp.metrics["aurc_bound_low"]
    assert "only a sketch" in note and "the numbers are its bounds" in note and f"[{100 * low:.4f}, " in note


def test_as_many_as_are_kept_are_measured_as_they_are(halves):
    report = evaluate_batches(ValueBatches.of(halves[0]), most_samples=150)
    assert not isinstance(report, SketchReport) and report.to_dict() == evaluate_values(halves[0]).to_dict()


def test_a_sketch_has_a_table_and_a_figure(halves, tmp_path):
    report = evaluate_batches(ValueBatches.of(halves[0]), most_samples=1)
    assert "| MSP" in report.to_markdown()
    assert risk_coverage_figure({"digits": {"MSP": report}}).axes
    write_report(tmp_path, title="t", text="", results=report.to_dict(), panels={"digits": {"MSP": report}})
    assert (tmp_path / "risk_coverage.png").stat().st_size > 1000
