import numpy as np
import pytest
from scipy.stats import binom

from abstain.audit.per_group import by_group


def test_the_class_with_the_largest_risk_comes_first():
    confidence = np.array([3, 3, 1, 3, 3, 3, 1, 1.0])
    error = np.array([1, 0, 1, 0, 0, 0, 1, 0.0])
    predicted = np.array([0, 0, 0, 2, 2, 2, 7, 7])
    first, second, third = by_group(confidence, error, predicted, threshold=2, target_risk=0.1)
    assert (first.name, first.n_samples, first.coverage, first.risk) == ("0", 3, 2 / 3, 0.5)
    assert first.error == pytest.approx(2 / 3) and (second.name, second.risk) == ("2", 0.0)
    assert (third.name, third.coverage, third.risk, third.adjusted_p) == ("7", 0.0, None, None)
    assert first.adjusted_p == pytest.approx(2 * binom.sf(0, 2, 0.1)), "of two classes that are answered"
    assert second.adjusted_p == 1.0


def test_classes_are_called_by_their_names():
    found = by_group(np.ones(2), np.zeros(2), np.array([0, 1]), threshold=0, target_risk=0.1, names=["cat", "dog"])
    assert {one.name for one in found} == {"cat", "dog"}
    assert found[0].to_dict().keys() == {"name", "n_samples", "error", "coverage", "risk", "adjusted_p"}


def test_rows_that_depend_on_each_other_have_no_p_value():
    arrays = np.full(9, 3.0), np.ones(9), np.zeros(9, int)
    (found,) = by_group(*arrays, threshold=2, target_risk=0.1, independent=False)
    assert found.risk == 1.0 and found.adjusted_p is None
