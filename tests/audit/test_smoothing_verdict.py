import pytest

from abstain.audit.smoothing_verdict import Sign, decide, errors_needed

ABOVE, BELOW, NONE = Sign(0.5, 0.1), Sign(-0.5, 0.1), Sign(0.01, 0.1)


@pytest.mark.parametrize(
    ("effect", "correlation", "verdict"),
    [
        (ABOVE, BELOW, "looks smoothed"),
        (ABOVE, ABOVE, "does not look smoothed"),
        (BELOW, BELOW, "does not look smoothed"),
        (Sign(0.02, 0.03), BELOW, "does not look smoothed"),  # at most 0.0788, less than counts
        (NONE, BELOW, "too few errors to say"),
        (ABOVE, NONE, "too few errors to say"),
        (None, BELOW, "too few errors to say"),
        (ABOVE, None, "too few errors to say"),
    ],
)
def test_it_looks_smoothed_where_both_signs_are_sure(effect, correlation, verdict):
    assert decide(effect, correlation, 10) == decide(effect, correlation, 19) == verdict


def test_few_and_many_classes_cannot_be_told_where_the_second_sign_misleads():
    assert {decide(effect, BELOW, 9) for effect in (ABOVE, BELOW, None)} == {"cannot be told with few classes"}
    assert decide(ABOVE, ABOVE, 20) == "cannot be told with many classes"
    assert decide(ABOVE, BELOW, 1000) == "looks smoothed" and decide(BELOW, ABOVE, 20) == "does not look smoothed"


def test_so_many_errors_would_be_enough():
    # 2.8 standard errors of 0.3 / √(n/100) are 0.4 at n = 100 · (2.8 · 0.3 / 0.4)² = 441
    assert errors_needed(Sign(0.4, 0.3), BELOW, 100) == 441
    assert errors_needed(ABOVE, Sign(-0.04, 0.03), 100) == 441
    assert errors_needed(Sign(0.001, 0.1), BELOW, 100) == 784  # an effect of 0.1 is looked for
    assert errors_needed(None, BELOW, 3) == 1568
    assert errors_needed(ABOVE, Sign(0.0, 0.03), 100) is None and errors_needed(ABOVE, None, 100) is None
