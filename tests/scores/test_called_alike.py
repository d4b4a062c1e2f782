import numpy as np
import pytest

from abstain import InputError
from abstain.scores.called_alike import FEWEST, check_called_alike

SHIFTED = np.arange(FEWEST) % 3


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        (["Cat", "dog"], ["cat", "dog"], "'Cat' is never predicted and the prediction 'cat' is never a label"),
        (["cat ", "dog"], ["cat", "dog"], "label 'cat ' .* differ in case or blanks only: call the classes alike"),
        (SHIFTED + 1, SHIFTED, "labels go from 1 to 3 and the predictions from 0 to 2, as if .*: count both alike"),
        (SHIFTED, SHIFTED + 1, "labels go from 0 to 2 and the predictions from 1 to 3"),
    ],
)
def test_classes_with_two_names_are_refused(labels, predictions, message):
    with pytest.raises(InputError, match=message):
        check_called_alike(np.array(labels), np.array(predictions))


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [
        ([], []),
        (["cat", "dog"], ["dog", "cow"]),
        (["a", "A", "b"], ["A", "A", "B"]),  # letters, of which case tells two
        (["cat", "Cat"], ["cat", "cat"]),
        (SHIFTED, SHIFTED),
        (SHIFTED[:4] + 1, SHIFTED[:4]),  # too few to tell
        (np.where(SHIFTED == 2, 3, SHIFTED + 1), np.where(SHIFTED == 2, 0, SHIFTED + 1)),  # mostly right as they are
        (SHIFTED, SHIFTED + 2),
    ],
)
def test_other_classes_pass(labels, predictions):
    check_called_alike(np.array(labels), np.array(predictions))


def test_a_model_that_says_one_class_of_all_is_no_other_count():
    check_called_alike(np.ones(20, int), np.zeros(20, int))
    check_called_alike(np.zeros(20, int), np.ones(20, int))
