import numpy as np
import pytest

import abstain
from abstain.audit import Estimate
from abstain.audit.estimate import mean_over_seeds


def test_the_interval_over_seeds_is_students():
    # mean 2, variance 1, so the error is 1/√3; Student's 97.5 % quantile with 2 degrees of freedom is 4.302653
    found = Estimate.over_seeds([1, 2, 3])
    assert (found.estimate, found.standard_error) == (2, pytest.approx(3**-0.5))
    assert (found.high, found.low) == pytest.approx((2 + 4.302653 * 3**-0.5, 2 - 4.302653 * 3**-0.5))
    assert Estimate.over_seeds([1, 2, 3], level=0.5).high < found.high


def test_columns_are_as_each_of_its_own_and_one_seed_has_no_spread():
    values = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 8.0]])
    mean, error, half = mean_over_seeds(values)
    for column in range(2):
        alone = Estimate.over_seeds(values[:, column])
        assert (mean[column], error[column]) == pytest.approx((alone.estimate, alone.standard_error))
        assert mean[column] + half[column] == pytest.approx(alone.high)
    with pytest.raises(abstain.InputError, match="needs 2 or more"):
        Estimate.over_seeds([1.0])
