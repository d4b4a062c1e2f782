import numpy as np
import pytest
from scipy.stats import t

from abstain import InputError, aurc, aurc_difference
from abstain.curve import difference_over_seeds


@pytest.fixture
def runs():
    """Confidences and errors of three runs of each of two ways of training, on 40 samples."""
    generator = np.random.default_rng(0)
    confidence = generator.normal(size=(2, 3, 40)).round(1)
    error = (generator.random((2, 3, 40)) < 0.4).astype(float)
    return confidence[0], error[0], confidence[1], error[1]


def test_two_samples_worked_by_hand():
    # Errors (1, 0) in the order of confidence have AURC 3/4 and the influences 1/2, -1/2; (0, 1) 1/4 and -1/2, 1/2. In
    # the first seed a has the one and b the other: the difference is 1/2, its influences 1, -1; in the second both are
    # alike. The mean influences are 1/2, -1/2.
    right_first, wrong_first = ([2, 1], [0, 1]), ([2, 1], [1, 0])
    found = difference_over_seeds(
        *([wrong_first[place], right_first[place]] for place in (0, 1)),
        *([right_first[place], right_first[place]] for place in (0, 1)),
    )
    assert found.of_seeds.tolist() == [0.5, 0.0] and found.estimate == 0.25
    assert found.seeds_standard_error == pytest.approx(0.25)  # sqrt(1/8 / 2)
    assert found.samples_standard_error == pytest.approx(np.sqrt(1 / 2) / 2)


def test_the_variance_is_that_of_the_seeds_and_that_of_the_mean_influence(runs):
    found = difference_over_seeds(*runs)
    of_seeds = [aurc(ca, ea) - aurc(cb, eb) for ca, ea, cb, eb in zip(*runs, strict=True)]
    assert found.of_seeds == pytest.approx(of_seeds) and found.estimate == pytest.approx(np.mean(of_seeds))
    of_samples = np.array([influence_by_leaving_out(*run) for run in zip(*runs, strict=True)]).mean(axis=0)
    assert found.samples_standard_error == pytest.approx(np.sqrt(np.sum(of_samples**2)) / 40, rel=0.08)
    assert found.seeds_standard_error == pytest.approx(np.std(of_seeds, ddof=1) / np.sqrt(3))
    both = found.seeds_standard_error**2 + found.samples_standard_error**2
    assert found.standard_error == pytest.approx(np.sqrt(both))
    freedom = 2 * (both / found.seeds_standard_error**2) ** 2
    assert found.degrees_of_freedom == pytest.approx(freedom)
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, freedom, found.estimate, np.sqrt(both)))
    assert found.p_value == pytest.approx(2 * t.sf(abs(found.estimate) / np.sqrt(both), freedom))


def influence_by_leaving_out(*run):
    """The jackknife's, (N,), about the mean."""

    def difference(kept):
        ca, ea, cb, eb = (values[kept] for values in run)
        return aurc(ca, ea) - aurc(cb, eb)

    n = len(run[0])
    without = np.array([difference(np.arange(n) != k) for k in range(n)])
    return (n - 1) * (without.mean() - without)


def test_runs_that_are_all_alike_have_the_interval_of_one(runs):
    one = [values[0] for values in runs]
    found = difference_over_seeds(*([values] * 4 for values in one))
    alone = aurc_difference(*one)
    assert found.seeds_standard_error == 0 and found.degrees_of_freedom == np.inf
    assert found.estimate == alone.estimate and found.standard_error == pytest.approx(alone.standard_error)
    width = found.high - found.low
    assert width == pytest.approx(2 * 1.959964 * found.standard_error, rel=1e-6)


def test_a_way_of_training_does_not_differ_from_itself(runs):
    found = difference_over_seeds(*runs[:2], *runs[:2])
    assert (found.estimate, found.standard_error, found.interval, found.p_value) == (0, 0, None, None)


@pytest.mark.parametrize(("n_errors", "is_told"), [(19, False), (20, True), (180, True), (181, False)])
def test_few_errors_or_few_correct_samples_have_no_interval(n_errors, is_told):
    generator = np.random.default_rng(0)
    error = np.arange(200) < n_errors  # of the same samples in every run, so that they count once
    confidence = generator.normal(size=(2, 2, 200))
    found = difference_over_seeds(confidence[0], [error] * 2, confidence[1], [error] * 2)
    assert (found.interval is not None) == (found.p_value is not None) == is_told
    assert found.estimate != 0 and found.standard_error > 0


def test_other_areas_change_sign_with_the_order_of_a_and_b(runs):
    for area in ("risk", "augrc", "failure_auroc"):
        one, other = (difference_over_seeds(*order, area=area) for order in (runs, runs[2:] + runs[:2]))
        assert one.estimate == -other.estimate != 0 and one.low == pytest.approx(-other.high)
    risk = difference_over_seeds(*runs, area="risk", level=0.5)
    assert risk.estimate == pytest.approx(runs[1].mean() - runs[3].mean())
    assert risk.high - risk.low < difference_over_seeds(*runs, area="risk").high - risk.low


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (lambda ca, ea, cb, eb: (ca[:1], ea[:1], cb[:1], eb[:1]), "there are 1 runs"),
        (lambda ca, ea, cb, eb: (ca[:2], ea[:2], cb, eb), "there are 2 and 3 runs"),
        (lambda ca, ea, cb, eb: (ca[:, 1:], ea[:, 1:], cb, eb), "the runs have 39 to 40 samples"),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(runs, cut, message):
    with pytest.raises(InputError, match=message):
        difference_over_seeds(*cut(*runs))


def test_runs_come_as_tensors_lists_or_tables(runs):
    torch, pandas = pytest.importorskip("torch"), pytest.importorskip("pandas")
    expected = difference_over_seeds(*runs)
    tensors = [torch.tensor(of, requires_grad=True) for of in runs]
    kinds = (tensors, [list(of) for of in tensors], [of.tolist() for of in runs], map(pandas.DataFrame, runs))
    for given in kinds:
        found = difference_over_seeds(*given)
        assert (found.estimate, found.interval, found.p_value) == (
            expected.estimate,
            expected.interval,
            expected.p_value,
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, r"error of the runs has shape \(\), but must be \(S, N\)"),
        (np.zeros(40), r"error of the runs has shape \(40,\), but must be \(S, N\)"),
        (None, "error of the runs of type NoneType cannot be read"),
    ],
)
def test_what_is_no_list_of_runs_is_refused(runs, given, message):
    with pytest.raises(InputError, match=message):
        difference_over_seeds(runs[0], given, *runs[2:])
