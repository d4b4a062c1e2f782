from abstain.audit.class_words import MOST_CLASSES, in_words, table
from abstain.audit.per_group import OfGroup


def test_without_a_p_value_there_is_no_verdict():
    assert list(in_words([OfGroup("a", 9, 1.0, 1.0, 1.0, None)], "Here", 0.95)) == [
        "Here, whether a class is wrong more often than that cannot be told where rows depend on each other."
    ]


def test_many_classes_are_cut_and_those_above_the_target_named():
    classes = [OfGroup(f"c{i}", 10, 0.5, 0.5, 0.4, 0.001 if i < 12 else 1.0) for i in range(40)]
    first, last = in_words(classes, "Here", 0.95)
    assert "Here, answers of 12 classes of 40" in first and "c9 and 2 more" in first and "all 40" in last
    assert len(table(classes).splitlines()) == 2 + MOST_CLASSES
    assert list(in_words([OfGroup("mute", 10, 0.5, 0.0, None, None)], "Here", 0.95)) == ["Never answered: mute."]
    assert "no class is wrong more often" in next(in_words(classes[12:20], "Here", 0.95))
