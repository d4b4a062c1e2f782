import numpy as np
import pytest

from abstain import InputError
from abstain.logits.sample_log import Question
from abstain.logits.targets import right_choices


def question(target, *texts, **stored):
    return Question(0, -np.arange(1.0, len(texts) + 1), tuple(f" {text}" for text in texts), target, stored)


def right_of(target, *texts, acc):
    """The right choices of one question of which the first choice is taken."""
    return right_choices([question(target, *texts, acc=acc)], {"acc": np.array([0])})


@pytest.mark.parametrize(
    ("target", "texts", "right"),
    [
        ("0", ["red", "blue"], {0}),
        ("red", ["red", "blue"], {0}),
        ("A", ["A", "B"], {0}),
        ("A", ["red", "blue"], {0}),
        ("[0]", ["red", "blue"], {0}),
        ("[1, 0]", ["red", "blue", "green"], {0, 1}),
        ("3", ["3", "5"], {0}),  # a text that looks like an index
        ("red ", ["red", "red"], {0}),  # the first of two, as the harness takes it
    ],
)
def test_a_target_is_an_index_a_letter_a_text_or_several(target, texts, right):
    assert {reading[0] for reading in right_of(target, *texts, acc=1.0)} == {frozenset(right)}


def test_a_reading_holds_of_all_questions():
    asked = [question("1", "1", "0", acc=1.0), question("0", "1", "0", acc=0.0)]
    assert right_choices(asked, {"acc": np.array([0, 0])}) == [[{0}, {1}]]  # as texts; as indices both would be wrong


def test_what_no_metric_tells_keeps_all_its_readings():
    assert right_of("B", "C", "D", "B", acc=0.0) == [[frozenset({2})], [frozenset({1})]]


def test_a_target_that_is_no_choice_is_never_right():
    asked = [question("7", "red", "blue", acc=0.0), question("0", "red", "blue", acc=1.0)]
    assert right_choices(asked, {"acc": np.array([0, 0])}) == [[frozenset(), {0}]]
    assert right_of("1", "red", "blue", acc=0.0) == [[frozenset({1})]]  # not the text that is no choice
    with pytest.raises(InputError, match="the target of question 0 is 'green', and no target is the index"):
        right_of("green", "red", "blue", acc=0.0)


def test_other_numbers_than_the_harness_computes_are_refused():
    asked = [question("0", "red", "blue", acc=1.0), question("1", "red", "blue", acc=1.0)]
    with pytest.raises(InputError, match=r"question 1 .* stores acc = 1, which does not follow .* its target '1'"):
        right_choices(asked, {"acc": np.array([0, 0])})
    with pytest.raises(InputError, match=r"stores acc = 0\.25"):
        right_of("0", "red", "blue", acc=0.25)
    with pytest.raises(InputError, match="stores acc_norm = 0"):
        right_choices(
            [question("0", "red", "blue", acc=1, acc_norm=0)], dict.fromkeys(("acc", "acc_norm"), np.zeros(1))
        )
