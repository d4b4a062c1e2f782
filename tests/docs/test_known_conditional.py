import numpy as np
import pytest
from scipy.stats import multivariate_normal


@pytest.fixture(scope="module")
def known(program):
    return program("known_conditional")


def test_the_conditional_is_that_of_bayes_rule(known):
    world = known.mixture()
    points, _ = world.draw(np.random.default_rng(0), 50)
    density = np.zeros((50, world.n_classes))
    for middle, spread, share, label in zip(world.middle, world.spread, world.share, world.label, strict=True):
        density[:, label] += share * multivariate_normal(middle, spread**2 * np.eye(len(middle))).pdf(points)
    by_hand = density / density.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(world.conditional(points), by_hand, atol=1e-10)
    assert np.isfinite(world.conditional(100 * points)).all(), "far from all components too"


def test_labels_are_as_frequent_as_the_conditional_says(known):
    world = known.mixture()
    points, labels = world.draw(np.random.default_rng(1), 40_000)
    conditional = world.conditional(points)
    assert world.share.sum() == pytest.approx(1)
    for label in range(world.n_classes):
        probability = conditional[:, label]
        for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
            some = (low <= probability) & (probability < high)
            spread = np.sqrt(np.sum(probability[some] * (1 - probability[some])))
            assert abs(np.sum((labels == label)[some] - probability[some])) < 4 * spread + 1


def test_some_pairs_overlap_and_rare_regions_are_rare(known):
    world = known.mixture()
    distance = np.linalg.norm(world.middle[:, None] - world.middle, axis=2)
    for one, other in known.PARTNERS.items():
        assert distance[one, other] == pytest.approx(known.APART)
    rare = world.share[known.CLASSES :]
    assert rare.sum() < 0.08 and len(rare) == len(known.RARE)
    assert len(np.unique(world.share[: known.CLASSES].round(6))) > 8, "classes of unequal weight"


def test_the_probability_of_an_error_is_what_the_predicted_class_lacks(known):
    found = known.error_probability(np.array([[0.7, 0.3], [0.1, 0.9]]), [1, 1])
    assert found == pytest.approx([0.7, 0.1])
