import numpy as np
import pytest

import abstain
from abstain.audit import Estimate, suppression


def runs(n_seeds=4, n=3000, k=4, seed=0):
    """Logits of S runs around the logarithm of a true distribution, and that distribution."""
    random = np.random.default_rng(seed)
    conditional = random.dirichlet(np.full(k, 0.4), size=n)
    return [np.log(conditional) + random.normal(size=(n, k)) for _ in range(n_seeds)], conditional


def height(logits):
    return logits.max(axis=1) - logits.mean(axis=1)


def test_a_hand_worked_case():
    # centred max logits of the reference: 3, 3, 2 and 1; of the other: 1, 2, 2, and the last predicts another class
    reference = np.array([[4.0, 0, 0, 0], [4, 0, 0, 0], [0, 8 / 3, 0, 0], [4 / 3, 0, 0, 0]])
    other = np.array([[4 / 3, 0, 0, 0], [8 / 3, 0, 0, 0], [0, 8 / 3, 0, 0], [0, 4 / 3, 0, 0]])
    conditional = np.array([[0.9, 0.1, 0, 0], [0.7, 0.3, 0, 0], [0.5, 0.5, 0, 0], [0.2, 0.8, 0, 0]])
    repeated = [np.repeat(of, 20, axis=0) for of in (reference, other, conditional)]
    found = suppression([repeated[1]] * 2, [repeated[0]] * 2, repeated[2], n_bins=5)
    assert found.error_probability == pytest.approx([0.1, 0.3, 0.5]) and found.measured == pytest.approx([2, 1, 0])
    # risks 0.1, 0.3, 0.5 against 2, 1, 0: the line falls by 1 every 0.2
    assert found.slope.estimate == pytest.approx(-5) and found.n_samples.tolist() == [60, 60]
    assert found.low == pytest.approx(found.high) and found.slopes == pytest.approx([-5, -5])
    assert (found.predicted == 0).all() and found.predicted_slope == 0


def test_what_is_pushed_down_more_where_errors_are_rare_is_found_with_its_slope():
    reference, conditional = runs()
    others = []
    for one in reference:
        top, rows = one.argmax(axis=1), np.arange(len(one))
        pushed = one.copy()
        pushed[rows, top] -= 0.1 * conditional[rows, top]  # 3/4 of it in the centred max logit
        others.append(pushed)
    found = suppression(others, reference, conditional)
    assert found.slope.estimate == pytest.approx(-0.075, rel=0.02)
    assert np.abs(found.measured - 0.075 * (1 - found.error_probability)).max() < 1e-3
    assert (np.diff(found.error_probability) > 0).all()


def test_two_ways_that_do_the_same_suppress_nothing_and_intervals_are_students_over_seeds():
    one, conditional = runs(8)
    random = np.random.default_rng(1)
    other = [np.log(conditional) + random.normal(size=conditional.shape) for _ in range(8)]
    found = suppression(one, other, conditional, n_bins=4)
    assert found.slope.low < 0 < found.slope.high and (found.low < 0.1).all() and (found.high > -0.1).all()
    again = Estimate.over_seeds(found.slopes)
    assert (again.low, again.high) == (found.slope.low, found.slope.high)
    alike = one[0].argmax(axis=1) == other[0].argmax(axis=1)
    risk = 1 - conditional[np.arange(len(alike)), one[0].argmax(axis=1)]
    line = np.polyfit(risk[alike], (height(other[0]) - height(one[0]))[alike], 1)
    assert found.slopes[0] == pytest.approx(line[0]) and found.n_samples[0] == alike.sum()


def test_logits_that_are_only_shorter_are_suppressed_unless_a_common_factor_is_taken_out():
    reference, conditional = runs()
    shorter = [one / 3 + 5 for one in reference]
    found = suppression(shorter, reference, conditional)
    assert found.slope.high < -0.5 and (found.measured > 0.3).all()
    relative = suppression(shorter, reference, conditional, relative=True)
    assert relative.slope.estimate == pytest.approx(0, abs=1e-12) and relative.measured == pytest.approx(0, abs=1e-12)


def test_what_is_predicted_is_told_of_the_samples_that_count():
    reference, conditional = runs(2)
    risks = [1 - conditional[np.arange(len(one)), one.argmax(axis=1)] for one in reference]
    predicted = [0.2 * (1 - risk - 1 / 4) for risk in risks]
    found = suppression(reference, reference, conditional, predicted=predicted)
    assert found.predicted == pytest.approx(0.2 * (1 - found.error_probability - 1 / 4))
    assert found.predicted_slope == pytest.approx(-0.2)


def test_runs_that_cannot_be_compared_are_refused():
    one, conditional = runs(2, n=100)
    flat = [np.zeros_like(of) for of in one]
    same = np.tile([0.7, 0.1, 0.1, 0.1], (100, 1))
    first = [np.tile([3.0, 0, 0, 0], (100, 1))] * 2
    for call, said in [
        (lambda: suppression(one[:1], one, conditional), "each seed must have one"),
        (lambda: suppression(one, one, conditional, predicted=one[:1]), "and 1 are predicted"),
        (lambda: suppression(one[:1], one[:1], conditional), "needs 2 or more"),
        (lambda: suppression(one, one, conditional, predicted=one), "one a sample"),
        (lambda: suppression(one, one, conditional[:, :3]), "one probability for each logit"),
        (lambda: suppression(one, [-of for of in one], conditional), "predicts no sample as its reference"),
        (lambda: suppression(flat, flat, conditional, relative=True), "all logits of a run are equal"),
        (lambda: suppression(first, first, same), "same probability of error"),
        (lambda: suppression(one, one, conditional, n_bins=500), "give more samples, or fewer bins"),
    ]:
        with pytest.raises(abstain.InputError, match=said):
            call()
