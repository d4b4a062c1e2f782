import itertools

import logit_oracle
import numpy as np
import oracle
import pytest
from random_logits import random_case

import abstain
from abstain import LogitNorm
from abstain.scores.logit_norm import SEARCH_BLOCK
from abstain.scores.softmax import msp


def two_rows_that_msp_and_norm_rank_differently(errors_of_a, errors_of_b):
    # A = [10, 8, 0]: log-odds 2.0; centred [4, 2, -6], p = 1 gives 4/12 = 0.33. B = [1.5, 0, 0]: log-odds 0.8;
    # centred [1, -0.5, -0.5], p = 1 gives 1/2. MSP puts ten A above ten B, the norm ten B above ten A.
    logits = np.array([[10.0, 8.0, 0.0]] * 10 + [[1.5, 0.0, 0.0]] * 10)
    labels = np.array([1] * errors_of_a + [0] * (10 - errors_of_a) + [1] * errors_of_b + [0] * (10 - errors_of_b))
    return logits, labels


@pytest.mark.parametrize("center", [True, False])
def test_the_search_holds_the_oracle_s_aurc_gain_and_paired_standard_error(center):
    logits, labels = random_case()
    error = logit_oracle.argmax_error(logits, labels)
    baseline = [logit_oracle.msp_log_odds(row) for row in logits]
    fitted = LogitNorm.fit(logits, labels, p_grid=[2, 1, 3.5], center=center, fallback="never")
    assert [candidate.p for candidate in fitted.search] == [None, 2.0, 1.0, 3.5]
    assert fitted.search[0].aurc == pytest.approx(oracle.aurc_mean(baseline, error), abs=1e-12)
    assert (fitted.search[0].gain, fitted.search[0].gain_standard_error) == (0.0, 0.0)
    for candidate in fitted.search[1:]:
        confidence = [logit_oracle.max_logit_pnorm(row, candidate.p, center) for row in logits]
        assert candidate.aurc == pytest.approx(oracle.aurc_mean(confidence, error), abs=1e-12)
        assert candidate.gain == pytest.approx(fitted.search[0].aurc - candidate.aurc, abs=1e-12)
        expected = oracle.aurc_difference_standard_error(baseline, error, confidence, error)
        assert candidate.gain_standard_error == pytest.approx(expected, rel=1e-9)
    assert fitted.p == min(fitted.search[1:], key=lambda candidate: candidate.aurc).p
    assert fitted.center is center


def test_the_default_grid_is_one_to_ten_and_does_not_depend_on_real_exponents_beside_it():
    logits, labels = random_case()
    whole = LogitNorm.fit(logits, labels).search
    assert [candidate.p for candidate in whole] == [None, *map(float, range(1, 11))]
    mixed = LogitNorm.fit(logits, labels, p_grid=[1, 2.5, 3]).search
    assert mixed[3].aurc == pytest.approx(whole[3].aurc, abs=1e-12)
    assert mixed[1].aurc == pytest.approx(whole[1].aurc, abs=1e-12)


def test_of_equal_candidates_the_first_of_the_grid_wins():
    logits = np.array([[4.0, 0.0, 0.0], [0.0, 2.0, 1.0]])  # every p ranks the first row above the second
    assert LogitNorm.fit(logits, [0, 0], p_grid=[3, 1, 2], fallback="never").p == 3.0


@pytest.mark.parametrize(
    ("errors_of_a", "errors_of_b", "chosen"),
    [
        (9, 1, {"one_standard_error": 1.0, "strict": 1.0, "never": 1.0}),  # a clear gain
        (2, 1, {"one_standard_error": None, "strict": 1.0, "never": 1.0}),  # a gain smaller than its standard error
        (1, 2, {"one_standard_error": None, "strict": None, "never": 1.0}),  # a loss
        (0, 0, {"one_standard_error": None, "strict": None, "never": 1.0}),  # no errors, nothing to gain
    ],
)
def test_the_three_fallbacks_differ_where_they_should(errors_of_a, errors_of_b, chosen):
    logits, labels = two_rows_that_msp_and_norm_rank_differently(errors_of_a, errors_of_b)
    fitted = {name: LogitNorm.fit(logits, labels, p_grid=[1], fallback=name) for name in chosen}
    assert {name: norm.p for name, norm in fitted.items()} == chosen
    for norm in fitted.values():
        assert norm.reason.startswith("MSP") == (norm.p is None)
        assert f"{norm.search[1].aurc:.6f}" in norm.reason
    assert LogitNorm.fit(logits, labels, p_grid=[1]).to_dict() == fitted["one_standard_error"].to_dict()


def test_the_gain_of_one_more_error_in_the_top_half_as_worked_by_hand():
    # Two blocks of ten with 2 and 1 errors. MSP: R(i) = 0.2 for i <= 10, then (2 + (i - 10)/10) / i = 0.1 + 1/i.
    # Norm: R(i) = 0.1, then (1 + 2 (i - 10)/10) / i = 0.2 - 1/i. With H = 1/11 + ... + 1/20 the sums are
    # 2 + 1 + H and 1 + 2 - H, so the gain is 2 H / 20 = 0.066877.
    fitted = LogitNorm.fit(*two_rows_that_msp_and_norm_rank_differently(2, 1), p_grid=[1])
    assert fitted.search[1].gain == pytest.approx(0.066877, abs=5e-7)
    assert fitted.search[1].gain < fitted.search[1].gain_standard_error


@pytest.mark.parametrize("fallback", ["one_standard_error", "strict", "never"])
@pytest.mark.parametrize("n_classes", [1, 2])
def test_for_two_classes_the_fit_is_msp_whatever_the_fallback(n_classes, fallback):
    logits = random_case(n_classes=n_classes)[0]
    labels = np.arange(len(logits)) % 2
    fitted = LogitNorm.fit(logits, labels, fallback=fallback)
    assert fitted.p is None
    assert f"K = {n_classes}" in fitted.reason
    np.testing.assert_array_equal(fitted.score(logits), msp(logits))


@pytest.mark.parametrize("center", [True, False])
def test_what_was_chosen_on_one_set_is_what_scores_another(center):
    fitted = LogitNorm.fit(*random_case(), center=center, fallback="never")
    test_logits = random_case(seed=1)[0]
    expected = [logit_oracle.max_logit_pnorm(row, fitted.p, center) for row in test_logits]
    np.testing.assert_allclose(fitted.score(test_logits), expected, rtol=1e-12)


def test_the_repair_of_logits_whose_top_ones_grew_on_errors():
    # The true confidence is the margin; on errors the two top logits grow together, which MSP cannot see.
    rng = np.random.default_rng(0)
    n_samples = 600
    wrong = rng.random(n_samples) < 0.3
    grown = rng.uniform(4, 6, n_samples) + 8 * wrong
    logits = np.column_stack([grown + 2, grown, rng.normal(size=(n_samples, 6))])
    fitted = LogitNorm.fit(logits, wrong.astype(int))
    assert fitted.p is not None
    assert abstain.aurc(fitted.score(logits), wrong) < 0.5 * abstain.aurc(msp(logits), wrong)


def test_an_empty_grid_is_refused():
    with pytest.raises(abstain.InputError, match="p_grid is empty"):
        LogitNorm.fit(*random_case(), p_grid=[])


def test_an_unknown_fallback_is_refused_with_the_nearest_name():
    with pytest.raises(abstain.InputError, match="unknown fallback 'stric': did you mean 'strict'"):
        LogitNorm.fit(*random_case(), fallback="stric")


def test_labels_out_of_range_are_refused():
    logits, labels = random_case()
    with pytest.raises(abstain.InputError, match="a label is 5, but must be from 0 to 4"):
        LogitNorm.fit(logits, np.where(labels == 0, 5, labels))


def test_batches_of_whole_blocks_give_the_fit_of_all_rows_at_once():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2000, 600)
    logits = generator.standard_normal((600, 2000)).astype(np.float32)
    logits[np.arange(600), labels] += 3
    whole = LogitNorm.fit(logits, labels)
    block = SEARCH_BLOCK // 2000
    cuts = itertools.pairwise([0, block, 2 * block, 600])
    found = LogitNorm.fit_batches((logits[a:b], labels[a:b]) for a, b in cuts)
    assert found.search == whole.search and found.reason == whole.reason and found.n_logits == 2000
    assert LogitNorm.fit_batches([(logits[:5, :2], labels[:5] % 2)]).p is None
