import numpy as np
import pytest

from abstain import risk_coverage_curve
from abstain.report import verdict as module
from abstain.report.verdict import verdict


def with_errors_at(n, places):
    """The curve of N samples from the most confident to the least, those at `places` wrong."""
    error = np.zeros(n)
    error[places] = 1
    return risk_coverage_curve(-np.arange(n), error)


def test_a_line_holds_the_numbers_of_the_curve():
    # 1,000 samples, the last 100 wrong: i accepted of them hold i - 900 errors, a share of at most 5 % up to i = 947
    area = sum((i - 900) / i for i in range(901, 1001)) / 1000
    assert verdict(with_errors_at(1000, range(900, 1000))) == (
        f"10.00 % wrong (100 of 1,000); AURC {100 * area:.2f} % (perfect {100 * area:.2f} %, random 10.00 %); "
        "at 5 % errors 94.7 % can be answered"
    )


def test_as_the_line_of_a_curve_that_is_not_perfect():
    curve = with_errors_at(1000, [3, *range(500, 600)])
    assert verdict(curve) == (
        f"10.10 % wrong (101 of 1,000); AURC {100 * curve.aurc():.2f} % (perfect {100 * curve.optimal_aurc():.2f} %, "
        f"random 10.10 %); at 5 % errors {100 * curve.coverage_at_risk(0.05):.1f} % can be answered"
    )


@pytest.mark.parametrize(
    ("n", "places", "doubt"),
    [
        (1000, range(0, 1000, 10), "the order may be no better than chance"),
        (1000, range(100), "the order is worse than chance"),
        (4, [3], "too few samples to tell the order"),
        (1000, [*range(0, 60, 2), *range(900, 1000)], "at the very top a higher confidence means more errors"),
        (1000, [*range(0, 200, 8), *range(850, 1000)], "not clearly in order at the very top"),
    ],
)
def test_what_is_in_doubt_comes_last(n, places, doubt, monkeypatch):
    curve = with_errors_at(n, places)
    assert verdict(curve).endswith(f"; {doubt}")
    assert "order" not in verdict(curve, independent=False), "where samples depend on each other it cannot be judged"
    monkeypatch.setattr(module, "MOST_DOUBTED", n - 1)
    assert doubt not in verdict(curve)


def test_few_errors_and_few_answers_are_named():
    told = verdict(with_errors_at(300, range(20, 39)))  # 20 of 300 right before the first error
    assert told.startswith("6.33 % wrong (19 of 300, few to judge by); ")
    assert "at 5 % errors 7.0 % can be answered, too few to show it" in told
    told = verdict(with_errors_at(300, range(20, 39)), independent=False)
    assert "few" not in told and told.endswith("at 5 % errors 7.0 % can be answered")


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([], "0.00 % wrong (0 of 100, few to judge by); all are right, so their order cannot be judged"),
        (range(100), "100.00 % wrong (100 of 100, few to judge by); all are wrong, so their order cannot be judged"),
    ],
)
def test_where_all_answers_are_alike_there_is_no_order(places, expected):
    assert verdict(with_errors_at(100, places)) == expected


def test_everything_or_nothing_can_be_answered():
    assert "at 5 % errors everything can be answered" in verdict(with_errors_at(100, [98, 99]))
    assert "at 5 % errors nothing can be answered" in verdict(with_errors_at(100, range(50)))
