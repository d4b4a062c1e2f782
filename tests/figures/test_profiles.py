import numpy as np
import pytest

from abstain import InputError
from abstain.figures import logit_profile, logit_profile_figure
from abstain.figures.profiles import profiles_of_batches
from abstain.report.pictures import figure_bytes


def test_the_profile_of_one_sample_is_worked_by_hand():
    # z = (0, 3, -3, 4), mean 1: |z - 1| = 1, 2, 4, 3; the largest is class 3
    (profile,) = logit_profile([[0.0, 3.0, -3.0, 4.0]], [3]).values()
    assert profile.n == 1 and profile.magnitude.tolist() == [4, 3, 2, 1]
    exponentials = np.exp([4, 3, 0, -3])
    assert np.allclose(profile.exponential, exponentials / exponentials.sum())


def test_right_and_wrong_answers_are_apart_and_batches_do_not_matter(logits_and_labels):
    logits, labels = logits_and_labels
    found = logit_profile(logits, labels)
    right = logits.argmax(axis=1) == labels
    assert found["right"].n == right.sum() and found["wrong"].n == (~right).sum()
    centred = np.abs(logits[~right].astype(float) - logits[~right].mean(axis=1, keepdims=True, dtype=float))
    assert np.allclose(found["wrong"].magnitude, np.sort(centred, axis=1)[:, ::-1].mean(axis=0))
    assert found["right"].exponential.sum() == pytest.approx(1)
    parts = profiles_of_batches([(logits[200:], labels[200:]), (logits[:200], labels[:200])])
    assert np.allclose(parts["wrong"].magnitude, found["wrong"].magnitude)


def test_large_logits_do_not_overflow_and_one_logit_is_a_pair():
    (profile,) = logit_profile([[1000.0, 0.0]], [0]).values()
    assert profile.exponential.tolist() == [1, 0]
    assert logit_profile([[2.0]], [1])["right"].magnitude.tolist() == [1, 1]


def test_the_lines_are_the_profiles(logits_and_labels):
    found = logit_profile(*logits_and_labels)
    magnitude, exponential = logit_profile_figure({"CE": found}).axes
    labels = [line.get_label() for line in magnitude.get_lines()]
    assert labels == ["CE, right", "CE, wrong"] and exponential.get_yscale() == "log"
    assert np.array_equal(exponential.get_lines()[1].get_ydata(), found["wrong"].exponential)
    assert magnitude.get_xticks().tolist() == [1, 2, 3, 4, 5]


def test_many_classes_have_a_logarithmic_axis():
    found = logit_profile(np.random.default_rng(0).normal(size=(20, 40)), np.zeros(20, int))
    figure = logit_profile_figure({"": found})
    assert figure.axes[0].get_xscale() == "log" and figure_bytes(figure)


def test_there_has_to_be_something_to_draw():
    with pytest.raises(InputError, match="nothing to draw"):
        logit_profile_figure({})
