from functools import partial

import numpy as np
import pytest

from abstain import NoThresholdError, scores, select_threshold
from abstain.inference.fitted_apart import telling_of_the_fit, tuned_on
from abstain.scores.batches import ValueBatches
from abstain.scores.kinds import read_values


def test_the_samples_of_the_fit_propose_the_thresholds():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 900)
    logits = random.normal(size=(900, 3)) + 3 * np.eye(3)[labels]
    msp = scores.SoftmaxScore()
    first = ValueBatches.of(read_values(logits[:500], labels[:500], input="logits"))
    select = tuned_on(first, msp, partial(select_threshold, target_risk=0.05, delta=0.1))
    confidence, error = msp.score(logits), scores.classification_error(logits, labels)
    expected = select_threshold(confidence[500:], error[500:], 0.05, 0.1, tuning=(confidence[:500], error[:500]))
    assert select(confidence[500:], error[500:]) == expected and expected.n_tuning == 500


def test_how_many_are_needed_is_said_in_all():
    with pytest.raises(NoThresholdError) as raised, telling_of_the_fit(n_fitted=101, n_chosen=100):
        raise NoThresholdError("no threshold on 100 samples", n_enough=680)
    assert raised.value.n_enough == 1367  # 680 * 201 / 100 = 1366.8
    assert str(raised.value) == (
        "no threshold on 100 samples, or about 1,367 in all; of 201 samples, 101 were for the fit of the confidence"
    )
    with pytest.raises(NoThresholdError, match=r"^none$"), telling_of_the_fit(n_fitted=0, n_chosen=100):
        raise NoThresholdError("none", n_enough=680)
