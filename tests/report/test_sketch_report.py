import json
from dataclasses import replace

import pytest

from abstain.report import Commands, evaluate_batches, risk_coverage_figure, write_report
from abstain.report.evaluate import evaluate_values
from abstain.report.repair import describe_repair, helps
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


def test_a_sketch_answers_the_same_questions(halves):
    test, validation = halves
    told = {"center": True, "p_grid": [1, 2], "fallback": "never", "most_samples": 1}
    report = evaluate_batches(ValueBatches.of(test), ValueBatches.of(validation), **told)
    _, order, repair, *answerable, _ = (paragraph[0] for paragraph in report.paragraphs(Commands("t", "v")))
    assert order.startswith("Is the confidence in order? On the whole yes: of a right and a wrong answer")
    assert answerable[0].startswith("How much can be answered? With at most 5 % of the answers wrong: at least ")
    assert "`abstain threshold v --target-risk " in " ".join(report.paragraphs(Commands("t", "v"))[-1])
    before, after = (100 * one.metrics["aurc"] for one in (report.msp, report.repaired))
    assert repair.endswith(f": the AURC goes from {before:.3f} % to {after:.3f} %.")
    alone = evaluate_batches(ValueBatches.of(test), most_samples=1).paragraphs()
    assert "It was not tried" in alone[2][0] and "--validation-fraction 0.5" in alone[-1][0]


ENDS = ("low", "high")


@pytest.mark.parametrize(
    ("after", "said", "is_better"),
    [
        ((0.1, 0.19), "It improves the order", True),
        ((0.1, 0.25), "The bounds of the sketch do not tell", False),
        ((0.31, 0.4), "No, it makes the order worse", False),
    ],
)
def test_what_a_repair_does_is_said_only_where_the_bounds_are_apart(halves, after, said, is_better):
    report = evaluate_batches(*map(ValueBatches.of, halves), fallback="never", most_samples=1)
    bounds = {"msp": (0.2, 0.3), "max_logit_pnorm": after}
    results = tuple(
        replace(one, metrics=one.metrics | {f"aurc_bound_{end}": bounds[one.name][i] for i, end in enumerate(ENDS)})
        for one in report.results
        if one.name in bounds
    )
    report = replace(report, results=results)
    told = f"Does logit normalisation repair it? {said} (logit normalisation divides "
    assert describe_repair(report).startswith(told)
    assert helps(report) == is_better
    assert not helps(replace(report, independent=False))
