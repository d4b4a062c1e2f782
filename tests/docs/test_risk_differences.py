import numpy as np
import pytest

from abstain import risk_coverage_curve


@pytest.fixture(scope="module")
def docs(program):
    return program("risk_differences")


def test_the_risk_of_images_as_they_are_is_that_of_the_curve(docs):
    rng = np.random.default_rng(0)
    confidence, error = rng.random(57), (rng.random(57) < 0.4).astype(float)
    ranked, curve = docs.Ranked.of(confidence, error), risk_coverage_curve(confidence, error)
    for coverage in (0.1, 0.2, 0.5, 1.0):
        (found,) = ranked.risks(np.ones((1, 57), int), coverage)
        assert found == pytest.approx(curve.risk_at_coverage(coverage))


def test_an_image_that_is_drawn_twice_counts_twice(docs):
    ranked = docs.Ranked.of(np.array([3.0, 2, 1, 0]), np.array([0.0, 1, 0, 1]))
    counts = np.array([[0, 2, 1, 1], [4, 0, 0, 0]])
    assert ranked.risks(counts, 0.25).tolist() == [1, 0]
    assert ranked.risks(counts, 0.75).tolist() == [pytest.approx(2 / 3), 0]


def test_draws_are_the_same_for_all_and_begin_with_the_images_as_they_are(docs):
    first, *others = docs.in_draws(30)
    assert (first == 1).all() and sum(map(len, others)) == docs.DRAWS
    assert all((counts.sum(axis=1) == 30).all() for counts in others)
    np.testing.assert_array_equal(others[0], list(docs.in_draws(30))[1])


def test_the_interval_leaves_out_the_number_itself(docs):
    assert docs.interval(np.r_[99.0, np.linspace(0, 1, 1001)]) == pytest.approx((0.025, 0.975))
    assert docs.interval(np.zeros(100)) is None


def test_ties_are_refused(docs):
    with pytest.raises(SystemExit, match="the same confidence"):
        docs.Ranked.of(np.array([1.0, 1.0]), np.zeros(2))
