import numpy as np
import pytest

from abstain import InputError, operating_point_by_group


def test_each_group_has_its_own_coverage_and_risk():
    # accepted at >= 2: samples 0, 1, 2 of group 0 and sample 3 of group 1; group 2 is rejected whole
    points = operating_point_by_group([5, 4, 2, 3, 1, 0], [0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 1, 2], threshold=2)
    assert list(points) == [0, 1, 2]
    assert (points[0].n_samples, points[0].coverage, points[0].risk) == (3, 1.0, pytest.approx(1 / 3))
    assert (points[1].coverage, points[1].risk) == (0.5, 1.0)
    assert (points[2].coverage, points[2].risk) == (0.0, None)


def test_the_groups_add_up_to_the_whole():
    generator = np.random.default_rng(0)
    confidence, error = generator.random(500), generator.random(500) < 0.3
    group = generator.choice(["a", "b", "c"], size=500)
    points = operating_point_by_group(confidence, error, group, threshold=0.4)
    accepted = {name: point.coverage * point.n_samples for name, point in points.items()}
    assert sum(accepted.values()) == pytest.approx((confidence >= 0.4).sum())
    assert sum(accepted[g] * points[g].risk for g in points) == pytest.approx(error[confidence >= 0.4].sum())


def test_bad_groups_and_thresholds_are_refused():
    with pytest.raises(InputError, match=r"group has shape \(1,\), but must have \(2,\)"):
        operating_point_by_group([1, 2], [0, 1], [0], threshold=1)
    with pytest.raises(InputError, match="threshold is NaN"):
        operating_point_by_group([1, 2], [0, 1], [0, 1], threshold=float("nan"))
