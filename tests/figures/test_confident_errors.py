import numpy as np
import pytest

from abstain import InputError
from abstain.figures import confident_errors_figure, most_confident_errors
from abstain.report.pictures import figure_bytes

CONFIDENCE = [0.9, 0.8, 0.8, 0.7, 0.99]
PREDICTED, LABELS = [1, 1, 0, 2, 0], [0, 1, 1, 0, 0]


def test_the_most_confident_errors_come_first():
    found = most_confident_errors(CONFIDENCE, PREDICTED, LABELS, k=2)
    assert found.index.tolist() == [0, 2] and found.predicted.tolist() == [1, 0] and found.label.tolist() == [0, 1]
    assert found.coverage.tolist() == [0.4, 0.8], "what ties with an error is accepted with it"
    assert len(most_confident_errors(CONFIDENCE, PREDICTED, LABELS, k=9)) == 3
    assert found.to_dict()["confidence"] == [0.9, 0.8]


def test_the_text_says_what_is_returned():
    found = most_confident_errors(CONFIDENCE, PREDICTED, LABELS, k=3)
    images = {0: np.zeros((4, 4)), 2: np.ones((4, 4, 3), np.uint8), 3: np.eye(4)}
    names = ["cat", "dog", "a bird with a long name"]
    figure = confident_errors_figure({"CE, MSP": found, "CE, p-norm": found}, images, names)
    assert len(figure.axes) == 6
    title, text = (one.get_text() for one in figure.axes[0].texts)
    assert title == "CE, MSP" and text == "says dog\nis cat\naccepted from\n40 % coverage"
    assert figure.axes[2].texts[0].get_text().startswith("says a bird with a l…\nis cat")
    assert np.array_equal(figure.axes[2].images[0].get_array(), images[3]) and figure_bytes(figure)


def test_classes_without_names_are_numbers_and_what_is_missing_is_said():
    found = most_confident_errors(CONFIDENCE, PREDICTED, LABELS, k=1)
    assert "says 1\nis 0" in confident_errors_figure({"": found}, {0: np.zeros((2, 2))}).axes[0].texts[1].get_text()
    with pytest.raises(InputError, match="there is no image of sample 0"):
        confident_errors_figure({"": found}, {})
    with pytest.raises(InputError, match="there is no error to show"):
        confident_errors_figure({"": most_confident_errors([0.5], [1], [1])}, {})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([0.5], [1, 2], [1]), "2 predicted classes and 1 labels"),
        (([0.5, 0.4], [1], [1]), "2 samples and error has 1"),
        (([np.nan], [1], [0]), "1 NaN"),
        (([0.5], [0.5], [0]), "predicted classes hold float64"),
        (([0.5], ["cat"], ["dog"]), "predicted classes are names"),
        (([], np.zeros(0, int), np.zeros(0, int)), "empty"),
    ],
)
def test_what_has_no_order_or_no_class_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        most_confident_errors(*given)
