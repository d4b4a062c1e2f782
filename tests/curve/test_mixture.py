from fractions import Fraction

import numpy as np
import oracle
import pytest
import torch

from abstain import InputError, risk_coverage_curve, scod_curve


def plain_scod(confidence, error, out_confidence, beta):
    """(operating points, AURC) by the definitions, in fractions, a threshold at a time."""
    beta = Fraction(beta)
    kinds = [(k, (1 - beta) / len(confidence), Fraction(int(e))) for k, e in zip(confidence, error, strict=True)]
    kinds += [(k, beta / len(out_confidence), Fraction(1)) for k in out_confidence]
    points, area, coverage, wrong = [], Fraction(0), Fraction(0), Fraction(0)
    for threshold in sorted({k for k, _, _ in kinds}, reverse=True):
        block = [(w, e) for k, w, e in kinds if k == threshold]
        mean_weight = sum(w for w, _ in block) / len(block)
        mean_wrong = sum(w * e for w, e in block) / len(block)
        for _ in block:
            coverage, wrong = coverage + mean_weight, wrong + mean_wrong
            area += mean_weight * wrong / coverage if coverage else 0
        points.append((threshold, coverage, wrong / coverage if coverage else None))
    return points, area


def random_mixture(seed, n_levels=7):
    generator = np.random.default_rng(seed)
    confidence, out = (generator.integers(0, n_levels, size).astype(float) for size in (9, 5))
    return confidence, generator.integers(0, 2, 9), out


@pytest.mark.parametrize("beta", [0, 0.125, 0.5, 0.9375])
@pytest.mark.parametrize("n_levels", [2, 7, 1000])
def test_points_and_area_are_those_of_the_definitions(beta, n_levels):
    for seed in range(10):
        confidence, error, out = random_mixture(seed, n_levels)
        points, area = plain_scod(confidence, error, out, beta)
        curve = scod_curve(confidence, error, out, beta=beta)
        assert curve.threshold.tolist() == [threshold for threshold, _, _ in points]
        np.testing.assert_allclose(curve.coverage, [float(c) for _, c, _ in points], rtol=1e-14)
        risks = [np.nan if r is None else float(r) for _, _, r in points]
        np.testing.assert_allclose(curve.risk, risks, rtol=1e-13, equal_nan=True)
        assert curve.aurc() == pytest.approx(float(area), rel=1e-12)


@pytest.mark.parametrize("n_levels", [3, 1000])
def test_without_a_beta_it_is_the_curve_of_all_samples_together(n_levels):
    confidence, error, out = random_mixture(1, n_levels)
    together = np.concatenate([confidence, out]), np.concatenate([error, np.ones(5)])
    curve, plain = scod_curve(confidence, error, out), risk_coverage_curve(*together)
    assert curve.beta == 5 / 14
    assert curve.aurc() == pytest.approx(plain.aurc(), rel=1e-13) == pytest.approx(oracle.aurc_mean(*together))
    np.testing.assert_allclose(curve.risk, plain.risk, rtol=1e-14)
    for target in (0.2, 0.5, 0.9):
        assert curve.coverage_at_risk(target) == pytest.approx(plain.coverage_at_risk(target))
        assert curve.risk_at_coverage(target) == pytest.approx(plain.risk_at_coverage(target))


def test_a_share_of_nothing_leaves_the_curve_of_the_known_classes():
    confidence, error, out = random_mixture(2, 1000)
    curve, plain = scod_curve(confidence, error, out, beta=0), risk_coverage_curve(confidence, error)
    assert curve.aurc() == pytest.approx(plain.aurc(), rel=1e-13)
    assert curve.coverage_at_risk(0.5) == pytest.approx(plain.coverage_at_risk(0.5))


def test_four_samples_as_worked_by_hand():
    # 0.6 of in-distribution, 0.2 each; 0.4 of the other. Right, right, other, wrong: 0, 0, 0.4/0.8, 0.6/1.
    curve = scod_curve([4, 3, 1], [0, 0, 1], torch.tensor([2.0]), beta=0.4)
    assert curve.risk == pytest.approx([0, 0, 0.5, 0.6]) and curve.coverage == pytest.approx([0.2, 0.4, 0.8, 1])
    assert curve.aurc() == pytest.approx(0.4 * 0.5 + 0.2 * 0.6)
    assert (curve.accepted_in.tolist(), curve.wrong_in.tolist(), curve.accepted_out.tolist()) == (
        [1, 2, 2, 3],
        [0, 0, 0, 1],
        [0, 0, 1, 1],
    )
    assert curve.coverage_at_risk(0.5) == pytest.approx(0.8) and curve.risk_at_coverage(0.3) == 0
    assert curve.place_at_risk(0.1) == 1 and scod_curve([1], [1], [2]).place_at_risk(0.5) is None
    assert scod_curve([1], [1], [2]).coverage_at_risk(0.5) == 0


def test_many_samples_far_down_keep_their_digits():
    generator = np.random.default_rng(0)
    confidence, out = generator.integers(0, 20_000, 60_000), generator.integers(0, 15_000, 40_000)
    error = generator.random(60_000) < 0.1
    together = np.concatenate([confidence, out]), np.concatenate([error, np.ones(40_000)])
    assert scod_curve(confidence, error, out).aurc() == pytest.approx(risk_coverage_curve(*together).aurc(), rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "told", "message"),
    [
        (([1.0], [0], [1.0]), {"beta": 1}, r"beta is 1, but must be a fraction in \[0, 1\)"),
        (([1.0], [0], [1.0]), {"beta": -0.1}, "beta is -0.1"),
        (([1.0], [0.5], [1.0]), {}, "needs 0/1 errors, but these are real losses"),
        (([1.0], [0], []), {}, "at least one sample is needed"),
        (([1.0], [0], [np.nan]), {}, "NaN"),
        (([1.0, 2.0], [0], [1.0]), {}, "2"),
    ],
)
def test_bad_input_is_refused(arguments, told, message):
    with pytest.raises(InputError, match=message):
        scod_curve(*arguments, **told)
