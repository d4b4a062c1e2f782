from abstain import evaluate_logits, scores
from abstain.report import evaluate_confidence
from abstain.report.legend import legend


def test_every_column_of_the_table_has_a_line_with_what_is_good(logits_and_labels):
    report = evaluate_logits(*logits_and_labels, target_risks=(0.2, 0.005), level=0.9)
    titles = [title.strip() for title in report.to_markdown().splitlines()[0].strip("|").split("|")]
    lines = dict(line.removeprefix("- ").split(": ", 1) for line in legend(report).splitlines())
    assert list(lines) == titles
    directions = {title: next(word for word in ("lower", "higher") if word in lines[title]) for title in titles[4:]}
    assert set(directions.values()) == {"lower", "higher"} and directions["cov@20 %"] == "higher"
    assert "at most 0.5 % of the answers" in lines["cov@0.5 %"] and 'Convention "mean"' in lines["AURC %"]
    assert "level of 90 %" in lines["interval"]


def test_the_confidences_that_are_told_are_those_of_the_rows(logits_and_labels):
    logits, labels = logits_and_labels
    fitted = evaluate_logits(logits[150:], labels[150:], validation=(logits[:150], labels[:150]))
    given = evaluate_confidence(scores.msp(logits), scores.classification_error(logits, labels))
    for report, told in (
        (evaluate_logits(logits, labels), ["MSP is the maximum"]),
        (fitted, ["MSP is the maximum", "p-norm is logit normalisation", "temperature divides"]),
        (given, []),
    ):
        line = legend(report).splitlines()[0]
        assert line.split(": ", 1)[1].startswith("what orders the answers") and line.count(";") == max(len(told) - 1, 0)
        assert all(part in line for part in told)
    assert "NLL" not in legend(given) + given.to_markdown()
