import numpy as np
import pytest

from abstain import InputError
from abstain.logits import hold_out, read_predictions
from abstain.logits.held_out import check_apart, read_apart


@pytest.fixture
def predictions(logits_and_labels):
    return read_predictions(logits_and_labels)


def rows(predictions):
    return {tuple(row) for row in predictions.values.tolist()}


def test_a_share_is_drawn_by_its_seed_and_the_rest_is_measured(predictions):
    validation, test = hold_out(predictions, 0.2, seed=3)
    assert (len(validation), len(test)) == (60, 240)
    assert rows(validation).isdisjoint(rows(test)) and rows(validation) | rows(test) == rows(predictions)
    assert rows(hold_out(predictions, 0.2, seed=3)[0]) == rows(validation)
    assert rows(hold_out(predictions, 0.2, seed=4)[0]) != rows(validation)
    place = {tuple(row): label for row, label in zip(predictions.values.tolist(), predictions.labels, strict=True)}
    assert [place[tuple(row)] for row in test.values.tolist()] == test.labels.tolist()


def test_pixels_of_one_image_stay_together(logits_and_labels):
    logits, labels = logits_and_labels
    pixels = read_predictions({"logits": logits, "label": labels, "sample": np.arange(300) // 30})
    validation, test = hold_out(pixels, 0.3, seed=0)
    assert len(set(validation.sample)) == 3 and set(validation.sample).isdisjoint(test.sample)
    assert len(validation) == 90


def test_a_confidence_is_divided_too():
    given = read_predictions({"confidence": [0.1, 0.2, 0.3, 0.4], "correct": [0, 1, 1, 1]})
    validation, test = hold_out(given, 0.5, seed=0)
    assert sorted([*validation.confidence, *test.confidence]) == [0.1, 0.2, 0.3, 0.4] and len(test.error) == 2


@pytest.mark.parametrize(
    ("fraction", "message"), [(0.0, "must be a fraction in"), (1, "must be"), (1e-4, "at least one")]
)
def test_both_parts_need_samples(predictions, fraction, message):
    with pytest.raises(InputError, match=message):
        hold_out(predictions, fraction, seed=0)


def test_the_same_samples_are_refused(predictions):
    validation, test = hold_out(predictions, 0.5, seed=0)
    check_apart(validation, test)
    with pytest.raises(InputError, match="the validation samples are the test samples"):
        check_apart(predictions, hold_out(predictions, 0.5, seed=0)[0].__class__(**vars(predictions)))
    shuffled = np.random.default_rng(0).permutation(len(predictions))
    again = read_predictions((predictions.values[shuffled], predictions.labels[shuffled]))
    with pytest.raises(InputError, match="the validation samples are the test samples"):
        check_apart(again, predictions)
    with pytest.raises(InputError, match=r"^the validation samples are the test samples"):
        check_apart(validation, predictions)
    with pytest.raises(InputError, match=r"^150 of 300 validation samples are the test samples"):
        check_apart(predictions, validation)
    probabilities = read_predictions(([[0.25, 0.75]], [1]))
    with pytest.raises(InputError, match="the validation samples are probabilities and the test samples logits"):
        check_apart(probabilities, test)


TEST = ("test.csv", None, None)
NOTHING = (None, None, None)


@pytest.mark.parametrize(
    ("validation", "fraction", "message"),
    [
        ((None, "labels.npy", None), None, "validation_labels are given without validation="),
        (("v.csv", None, None), 0.5, "both validation_fraction and other validation samples"),
        (("test.csv", None, None), None, "the validation samples are the test samples"),
    ],
)
def test_what_contradicts_itself_is_refused_before_anything_is_read(validation, fraction, message):
    with pytest.raises(InputError, match=message):
        read_apart(None, TEST, validation, fraction=fraction, seed=0)


def test_places_are_read_with_their_labels_and_splits(predictions):
    parts = dict(zip(["v", "t"], hold_out(predictions, 0.5, seed=0), strict=True))
    asked = []

    def read(source, labels, split):
        asked.append((source, labels, split))
        return parts["v" if "v" in (source, split) else "t"]

    assert read_apart(read, ("t", None, None), NOTHING, fraction=None, seed=0) == (parts["t"], None)
    read_apart(read, ("t", "y", None), ("v", "w", None), fraction=None, seed=0)
    read_apart(read, ("t", "y", "a"), (None, None, "v"), fraction=None, seed=0)
    assert asked[1:] == [("t", "y", None), ("v", "w", None), ("t", "y", "a"), ("t", "y", "v")]
    test, validation = read_apart(read, ("t", None, None), NOTHING, fraction=0.2, seed=0)
    assert (len(test), len(validation)) == (120, 30)


def test_a_given_confidence_leaves_nothing_to_fit():
    given = read_predictions({"confidence": [0.1, 0.2], "correct": [0, 1]})
    with pytest.raises(InputError, match="leaves nothing to fit"):
        read_apart(lambda *place: given, TEST, NOTHING, fraction=0.5, seed=0)
