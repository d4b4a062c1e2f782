import numpy as np
import pytest

import abstain
from abstain.curve.clusters import Clusters
from abstain.curve.sample_influence import area_and_influence

AREAS = {
    "risk": "risk_interval",
    "aurc": "aurc_interval",
    "augrc": "augrc_interval",
    "failure_auroc": "failure_auroc_interval",
}


def images(rng, n_images, n_pixels, levels=None):
    """Pixels whose confidence and errors share something within an image."""
    of_image = np.repeat(rng.normal(size=n_images), n_pixels)
    confidence = of_image + rng.normal(size=len(of_image))
    error = rng.random(len(confidence)) < 0.4 / (1 + np.exp(confidence + of_image))
    if levels is not None:
        confidence = np.round(levels * confidence)
    return confidence, error, np.repeat(np.arange(n_images), n_pixels)


@pytest.mark.parametrize("levels", [None, 1])
@pytest.mark.parametrize("area", AREAS)
def test_the_standard_error_is_that_of_sums_over_the_clusters(area, levels):
    confidence, error, image = images(np.random.default_rng(0), 40, 25, levels)
    curve = abstain.risk_coverage_curve(confidence, error, clusters=image)
    _, influence = area_and_influence(confidence, error, area)
    sums = [influence[image == one].sum() for one in range(40)]
    moments = curve.moments(area)
    assert moments.standard_error == pytest.approx(np.sqrt(40 / 39 * np.sum(np.square(sums))) / 1000)
    assert moments.effective_number == pytest.approx(np.sum(np.square(sums)) ** 2 / np.sum(np.power(sums, 4)))
    low, high = getattr(curve, AREAS[area])()
    alone_low, alone_high = getattr(abstain.risk_coverage_curve(confidence, error), AREAS[area])()
    assert low < alone_low < alone_high < high


def test_everything_but_the_uncertainty_is_the_same():
    confidence, error, image = images(np.random.default_rng(0), 10, 30, 1)
    clustered = abstain.risk_coverage_curve(confidence, error, clusters=image)
    alone = abstain.risk_coverage_curve(confidence, error)
    for name in ("threshold", "coverage", "risk", "accepted"):
        np.testing.assert_array_equal(getattr(clustered, name), getattr(alone, name))
    for name in ("aurc", "augrc", "failure_auroc", "optimal_aurc"):
        assert getattr(clustered, name)() == getattr(alone, name)()


def test_samples_alone_in_their_clusters_are_independent_ones():
    confidence, error, _ = images(np.random.default_rng(0), 10, 50)
    clustered = abstain.risk_coverage_curve(confidence, error, clusters=np.arange(500)[::-1])
    alone = abstain.risk_coverage_curve(confidence, error)
    assert clustered.aurc_standard_error() == pytest.approx(alone.aurc_standard_error() * np.sqrt(500 / 499))
    found, expected = clustered.coverage_at_risk_interval(0.05), alone.coverage_at_risk_interval(0.05)
    assert found == pytest.approx(expected, abs=0.01)


def test_the_coverage_at_a_risk_has_a_wider_interval():
    confidence, error, image = images(np.random.default_rng(0), 50, 100)
    low, high = abstain.risk_coverage_curve(confidence, error, clusters=image).coverage_at_risk_interval(0.1)
    alone_low, alone_high = abstain.risk_coverage_curve(confidence, error).coverage_at_risk_interval(0.1)
    assert low < alone_low and alone_high < high


def test_clusters_may_have_names():
    confidence, error, image = images(np.random.default_rng(0), 30, 20)
    names = np.array([f"image {one}" for one in image])
    by_name = abstain.risk_coverage_curve(confidence, error, clusters=names)
    by_number = abstain.risk_coverage_curve(confidence, error, clusters=image)
    assert by_name.aurc_interval() == pytest.approx(by_number.aurc_interval())


def test_too_few_clusters_with_errors_have_no_interval():
    confidence, error, image = images(np.random.default_rng(0), 100, 50)
    error &= image < 4
    assert error.sum() > 20
    curve = abstain.risk_coverage_curve(confidence, error, clusters=image)
    assert curve.aurc_interval() is curve.failure_auroc_interval() is None
    assert abstain.risk_coverage_curve(confidence, error).aurc_interval() is not None


def test_sums_over_clusters_as_worked_by_hand():
    clusters = Clusters.read(["a", "a", "b", "b", "c", "c"], 6)
    assert clusters.n_clusters == 3 and clusters.sums(np.array([1, 1, 0, 1, 0, 0])).tolist() == [2, 1, 0]


def test_five_clusters_of_equal_counts_are_enough():
    clusters = Clusters.read(np.arange(12) // 2, 12)
    assert not clusters.are_few(np.tile([1.0, 0.0], 6)) and not clusters.are_few(np.repeat([1.0, 0.0], [10, 2]))
    assert clusters.are_few(np.repeat([1.0, 0.0], [8, 4]))
    assert clusters.are_few(np.array([9.0] * 2 + [1.0] * 10)), "one outweighs the others"
    assert clusters.are_few(np.ones(12), np.zeros(12))


def test_what_is_no_cluster_is_refused():
    for clusters, message in (
        ([1, 1, 1, 1], "all samples are in one cluster"),
        ([1, 2, 3], r"clusters have shape \(3,\), but must be \(4,\)"),
        (
            [1.5, 2, 3, 4],
            "clusters hold float64, but must be whole numbers or names, and none missing: for each sample",
        ),
        (["a", float("nan"), "b", "b"], "clusters hold object, but must be whole numbers or names"),
        (["a", 1, "b", "b"], "clusters hold object"),
        (np.eye(4), r"clusters have shape \(4, 4\), but must be \(N,\): for each sample what it belongs to"),
    ):
        with pytest.raises(abstain.InputError, match=message):
            abstain.risk_coverage_curve([4, 3, 2, 1], [0, 1, 0, 1], clusters=clusters)
