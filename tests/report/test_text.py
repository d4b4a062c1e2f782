from dataclasses import replace

from abstain import evaluate_logits
from abstain.report.legend import legend
from abstain.report.next_steps import Commands
from abstain.report.text import report_text


def test_the_words_come_first_then_notes_table_and_legend(logits_and_labels):
    logits, labels = logits_and_labels
    report = evaluate_logits(logits[150:], labels[150:], validation=(logits[:150], labels[:150]))
    report = replace(report, notes=("a note", "another"))
    words = report.paragraphs(Commands("t.csv"))
    assert report.summary(Commands("t.csv")) == [sentence for paragraph in words for sentence in paragraph]
    assert report_text(report, words).split("\n\n") == [
        *("\n".join(paragraph) for paragraph in words),
        "Note: a note.",
        "Note: another.",
        report.to_markdown(),
        legend(report),
        f"How logit normalisation was fitted: {report.logit_norm.reason}.",
    ]
    said = replace(report, notes=("why", "another"), unrepaired="why")
    assert "Note: why." not in report_text(said, words) and "Note: another." in report_text(said, words)
    assert [paragraph[0].split("?")[0] for paragraph in words[1:]] == [
        "Is the confidence in order",
        "Does logit normalisation repair it",
        "How much can be answered",
        "What next",
    ]
    assert words[0][0].startswith("Of 150 answers ")
