from dataclasses import replace

import numpy as np
import pytest

from abstain import read_predictions
from abstain.audit import audit_predictions, parts_of
from abstain.audit.per_group import OfGroup
from abstain.audit.words import sections
from abstain.report import Commands

COMMANDS = Commands("t.csv", "v.csv", model="my model")


def told(found, title):
    return next(section for section in sections(found, COMMANDS) if section.title == title)


def test_each_question_has_its_section_and_no_sentence_repeats_it(found):
    titles = [section.title for section in sections(found, COMMANDS)]
    assert titles == [
        "In short",
        "Is the confidence in order?",
        "Does it look smoothed?",
        "What does logit normalisation gain?",
        "Which confidence is best?",
        "How much can be answered?",
        "For which classes?",
        "What to do",
        "What the columns are",
    ]
    for section in sections(found, COMMANDS)[1:]:
        assert section.sentences or section.tables
        assert not any(sentence.startswith(section.title) for sentence in section.sentences)


def test_commands_name_the_samples_and_the_model(found):
    steps = " ".join(told(found, "What to do").sentences)
    assert "`abstain threshold v.csv --target-risk" in steps
    assert (
        "`abstain predict 'my model' FILES`" in steps
        and "--output-dir 'my model'` to the command `abstain threshold`" in steps
    )
    ruled = [step for section in sections(found, replace(COMMANDS, has_rule=True)) for step in section.sentences]
    assert any("add `--output-dir 'my model' --overwrite-output-dir` to the command" in step for step in ruled)


def test_smoothing_is_spoken_of_only_where_it_is_seen(found):
    assert "smoothing" not in " ".join(told(found, "What to do").sentences)
    smoothed = replace(found, diagnosis=replace(found.diagnosis, verdict="looks smoothed"))
    assert "leave out which of them was used" in told(smoothed, "What to do").sentences[0]


@pytest.mark.parametrize(
    ("verdict", "begins"), [("looks smoothed", "Yes. The model looks smoothed"), ("does not look smoothed", "No. The ")]
)
def test_in_short_it_is_yes_or_no(found, verdict, begins):
    judged = replace(found, diagnosis=replace(found.diagnosis, verdict=verdict))
    assert told(judged, "In short").sentences[1].startswith(f"**Does it look smoothed?** {begins}")
    unclear = replace(found, diagnosis=replace(found.diagnosis, verdict="too few errors to say"))
    assert told(unclear, "In short").sentences[1].startswith("**Does it look smoothed?** Too few")


def test_the_table_of_thresholds_has_a_line_a_decision(found):
    section = told(found, "How much can be answered?")
    assert len(section.tables[0].splitlines()) == 2 + len(found.decisions)
    assert any("thresholds chosen on 200 validation samples" in sentence for sentence in section.sentences)
    missing = [one for one in found.decisions if one.reason]
    assert sum(": no threshold" in sentence for sentence in section.sentences) == len(missing)


def test_many_classes_are_cut_and_those_above_the_target_named(found):
    classes = tuple(OfGroup(f"c{i}", 10, 0.5, 0.5, 0.4, 0.001 if i < 12 else 1.0) for i in range(40))
    section = told(replace(found, classes=classes, class_risk=0.05), "For which classes?")
    assert section.sentences[0].startswith("At the threshold for 5 %, without a guarantee, answers of 12 classes of 40")
    assert len(section.tables[0].splitlines()) == 2 + 15 and "all 40" in section.sentences[-1]


def test_what_is_best_is_told_only_where_it_can_be(found):
    title = "Which confidence is best?"
    few = tuple(replace(one, adjusted_p=None) for one in found.scores)
    assert "cannot be told from so few wrong or right answers" in told(replace(found, scores=few), title).sentences[0]
    alike = tuple(replace(one, gain=one.gain and replace(one.gain, estimate=0.0)) for one in few)
    assert told(replace(found, scores=alike), title).sentences[0].startswith("All have the same AURC")
    surest = tuple(replace(one, adjusted_p=one.gain and 0.001) for one in found.scores[:6])
    beside = sum(one.gain is not None for one in surest)
    assert f"correction for the {beside} that differ from it" in told(replace(found, scores=surest), title).sentences[0]


def test_several_models_stand_after_what_is_said_of_them_together(found):
    one, other = replace(found, name="a"), replace(found, name="b")
    parts = parts_of([(one, COMMANDS), (other, COMMANDS)], ["look out"])
    assert [name for name, _ in parts] == ["", "a", "b", ""]
    assert parts[0][1][0].title == "Side by side" and parts[-1][1][0].sentences == ("look out.",)


def test_images_and_sources_have_sections_where_rows_tell_of_them():
    rng = np.random.default_rng(0)
    columns = {"confidence": rng.random(300), "correct": rng.random(300) < 0.7, "sample": np.arange(300) // 10}
    read = read_predictions({**columns, "site": np.arange(300) // 150}, source_column="site")
    titles = [section.title for section in sections(audit_predictions(read), COMMANDS)]
    assert titles[-4:] == ["Which images?", "Which sources?", "What to do", "What the columns are"]


def test_labels_of_one_class_are_a_note():
    logits = np.random.default_rng(0).normal(size=(60, 4))
    one = audit_predictions(read_predictions({"logits": logits, "label": np.full(60, 2)}))
    assert any("every label is the class 2" in note for note in one.report.notes)
