import numpy as np
import pytest

from abstain import InputError
from abstain.figures import accepted_by_source, accepted_table


@pytest.mark.parametrize("n", [7, 10, 30, 1000])
def test_a_wanted_coverage_that_can_be_reached_is_reached_exactly(n):
    confidence, error = np.arange(n, dtype=float), np.zeros(n)
    for wanted in {1, 3, n // 2, n - 1, n}:
        found = accepted_by_source(confidence, error, np.repeat("all", n), coverage=wanted / n)
        assert found.coverage == wanted / n and found.sources["all"]["accepted"] == wanted
    found = accepted_by_source(confidence, error, np.repeat("all", n), coverage=0.3)
    assert found.sources["all"]["accepted"] == -(-3 * n // 10)


def test_of_ties_all_are_accepted():
    found = accepted_by_source([3.0, 2.0, 2.0, 2.0], [0, 0, 1, 1], ["a", "a", "b", "b"], coverage=0.5)
    assert (found.threshold, found.coverage, found.risk) == (2.0, 1.0, 0.5)
    assert found.sources["b"] == {"samples": 2, "accepted": 2, "errors": 2}
    assert found.to_dict()["sources"] == found.sources


def test_the_table_has_a_line_a_model_and_score_and_columns_in_the_given_order():
    found = accepted_by_source([4, 3, 2, 1], [0, 1, 0, 1], ["x", "y", "x", "y"], coverage=0.5)
    *_, line = accepted_table({"LS": {"MSP": found}}, ["y", "x"]).splitlines()
    assert [cell.strip() for cell in line.strip("|").split("|")] == ["LS", "MSP", "50.0", "50.00", "1", "1", "1", "0"]


def test_a_coverage_outside_0_to_1_is_refused():
    with pytest.raises(InputError, match="coverage is 10, but must be a fraction"):
        accepted_by_source([1.0], [0], ["x"], coverage=10)


def test_losses_are_refused_since_they_are_not_counted():
    with pytest.raises(InputError, match="a count of errors needs 0/1 errors"):
        accepted_by_source([3.0, 2.0], [0.4, 0.2], ["a", "b"], coverage=1)
