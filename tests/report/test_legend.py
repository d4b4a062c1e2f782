from abstain import evaluate_logits
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
