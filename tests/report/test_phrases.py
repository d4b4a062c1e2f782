import pytest

from abstain.report.phrases import between, counted, how_many, percent


def test_fractions_are_said_in_percent():
    assert percent(0.125, 1) == "12.5"
    assert percent(None, 2) == "–"
    assert between((0.5, 1.0), 0.9, 0) == " (90 % interval 50 to 100 %)"
    assert between(None, 0.9, 0) == ""


@pytest.mark.parametrize(
    ("number", "answers", "wrong"),
    [(0, "0 answers", "none is wrong"), (1, "1 answer", "1 is wrong"), (1200, "1,200 answers", "1,200 are wrong")],
)
def test_numbers_agree_with_their_nouns_and_verbs(number, answers, wrong):
    assert counted(number, "answer") == answers and how_many(number, "wrong") == wrong
