import pytest

from abstain.report.notes import FEW_ERRORS, note_few_errors, note_ignored, note_one_class, note_temperature


@pytest.mark.parametrize(
    ("n_wrong", "n_right", "said"),
    [
        (0, 200, "of 200 answers none is wrong"),
        (1, 200, "of 201 answers 1 is wrong"),
        (FEW_ERRORS - 1, 200, "of 219 answers 19 are wrong"),
        (FEW_ERRORS, 200, None),
        (200, FEW_ERRORS, None),
        (200, 2, "of 202 answers 2 are right"),
        (3, 2, "of 5 answers 2 are right"),
    ],
)
def test_few_of_either_kind_are_said_once(n_wrong, n_right, said):
    notes = list(note_few_errors(n_wrong, n_wrong + n_right))
    assert len(notes) == (said is not None)
    if said:
        assert notes[0].startswith(f"{said}: with fewer than 20 the AURC has no interval")


def test_ignored_samples_are_counted():
    assert list(note_ignored(0, "test")) == []
    assert list(note_ignored(3, "test")) == ["3 test samples have the label to be ignored, and do not count"]


def test_a_temperature_at_an_end_of_the_search_is_no_measurement():
    assert list(note_temperature(1.5)) == [] == list(note_temperature(None))
    (small,), (large,) = note_temperature(1e-3), note_temperature(1e3)
    assert small.startswith("the temperature is as small as is tried (0.001), and the validation samples")
    assert large.startswith("the temperature is as large as is tried (1000), and the validation samples")


def test_labels_of_one_class_are_said():
    (note,) = note_one_class(3, 3, 2)
    assert note.startswith("every label is the class 3, so nothing is seen of the other classes")
    assert not [*note_one_class(3, 4, 2), *note_one_class(3, 3, 1)]
