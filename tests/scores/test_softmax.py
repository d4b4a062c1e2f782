import logit_oracle
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax

import abstain
from abstain.scores.softmax import (
    SCORES,
    classification_error,
    doctor,
    energy,
    gen,
    max_logit,
    msp,
    negative_entropy,
    score_all,
)

# Random rows of a few values can add up to 1, and are then warned of; the tests of that warning see it all the same.
pytestmark = pytest.mark.filterwarnings("ignore:the rows look like probabilities", "ignore:the rows look like log-")

repeatable = settings(deadline=None, derandomize=True, max_examples=60)

few_values = st.integers(-2, 2).map(float)  # so that logits tie inside a row, and rows with each other
many_values = st.floats(-50, 50)


def logits_of(values, min_classes=2, max_classes=6):
    rows = st.integers(min_classes, max_classes).flatmap(
        lambda k: st.lists(st.lists(values, min_size=k, max_size=k), min_size=1, max_size=8)
    )
    return rows.map(np.array)


any_logits = logits_of(few_values) | logits_of(many_values)
every_score = pytest.mark.parametrize("name", list(SCORES))
ORACLE = {"msp": logit_oracle.msp_log_odds} | {name: getattr(logit_oracle, name) for name in SCORES if name != "msp"}


def test_probabilities_of_6_3_and_1_tenths_as_worked_by_hand():
    # Logits ln 6, ln 3, ln 1 have softmax 0.6, 0.3, 0.1; the odds of the first are 6 : (3 + 1) = 1.5.
    assert msp(np.log([[6.0, 3.0, 1.0]])) == pytest.approx([np.log(1.5)], abs=1e-15)


def test_equal_logits_have_the_lowest_log_odds():
    # Each of K = 4 classes has 1/4, and the odds are 1 : 3.
    assert msp(np.full((1, 4), 7.0)) == pytest.approx([-np.log(3)], abs=1e-15)


def test_every_score_of_6_3_and_1_tenths_as_worked_by_hand():
    scores = {name: score(np.log([[6.0, 3.0, 1.0]])).item() for name, score in SCORES.items()}
    assert scores == pytest.approx(
        {
            "msp": np.log(1.5),
            "max_logit": np.log(6),
            "logit_margin": np.log(6 / 3),
            "softmax_margin": 0.6 - 0.3,
            "negative_entropy": 0.6 * np.log(0.6) + 0.3 * np.log(0.3) + 0.1 * np.log(0.1),
            "energy": np.log(6 + 3 + 1),
            "doctor": 0.36 + 0.09 + 0.01,
            "gen": -((0.6 * 0.4) ** 0.1 + (0.3 * 0.7) ** 0.1 + (0.1 * 0.9) ** 0.1),
        },
        abs=1e-14,
    )


@every_score
@repeatable
@given(logits=any_logits | logits_of(many_values, 1, 1) | logits_of(many_values, 2, 2) | logits_of(few_values, 1, 2))
def test_every_score_is_the_oracle_s_row_by_row(name, logits):
    expected = [ORACLE[name](row) for row in logits]
    np.testing.assert_allclose(SCORES[name](logits), expected, rtol=1e-12, atol=1e-12)


@every_score
def test_one_logit_and_two_as_worked_by_hand(name):
    # One logit z = -1 stands for the pair (0, -1), with p = 1 / (1 + exp(-1)) of the first.
    p = 1 / (1 + np.exp(-1))
    expected = {
        "msp": 1,
        "max_logit": 0,
        "logit_margin": 1,
        "softmax_margin": 2 * p - 1,
        "negative_entropy": p * np.log(p) + (1 - p) * np.log(1 - p),
        "energy": -np.log(p),
        "doctor": p**2 + (1 - p) ** 2,
        "gen": -2 * (p * (1 - p)) ** 0.1,
    }[name]
    assert SCORES[name]([[-1.0]]) == pytest.approx([expected], abs=1e-15)
    assert SCORES[name]([[0.0, -1.0]]) == pytest.approx([expected], abs=1e-15)


@every_score
def test_the_order_of_the_classes_does_not_matter(name):
    logits = np.random.default_rng(0).normal(size=(50, 6))
    np.testing.assert_allclose(SCORES[name](logits[:, ::-1]), SCORES[name](logits), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["msp", "logit_margin", "softmax_margin", "negative_entropy", "doctor", "gen"])
def test_a_shift_of_a_row_does_not_matter_to_scores_that_softmax_decides(name):
    logits = np.random.default_rng(0).normal(size=(50, 6))
    shift = np.random.default_rng(1).normal(size=(50, 1))
    np.testing.assert_allclose(SCORES[name](logits + shift), SCORES[name](logits), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("score", [max_logit, energy])
def test_a_shift_of_a_row_is_added_to_scores_that_read_it(score):
    logits = np.random.default_rng(0).normal(size=(50, 6))
    shift = np.random.default_rng(1).normal(size=(50, 1))
    np.testing.assert_allclose(score(logits + shift), score(logits) + shift[:, 0], rtol=1e-12, atol=1e-12)


def test_equal_logits_are_the_least_confident():
    # Each of K = 4 classes has 1/4.
    logits = np.full((1, 4), 7.0)
    assert negative_entropy(logits) == pytest.approx([-np.log(4)], abs=1e-15)
    assert doctor(logits) == pytest.approx([1 / 4], abs=1e-15)
    assert SCORES["softmax_margin"](logits) == SCORES["logit_margin"](logits) == [0.0]
    assert energy(logits) == pytest.approx([7 + np.log(4)], abs=1e-14)


@every_score
def test_rows_beyond_the_range_of_exp_are_finite(name):
    # Next to a logit 800 lower, a class has no probability in float64; 1e300 is far beyond what exp can take.
    rows = np.array([[0.0, -800.0, -900.0], [1e300, 0.0, -1e300], [-1e300, -1e300, -1e300], [800.0, 800.0, 0.0]])
    expected = [ORACLE[name](row) for row in rows]
    np.testing.assert_allclose(SCORES[name](rows), expected, rtol=1e-12, atol=1e-12)


@every_score
def test_no_finite_logits_give_nan(name):
    largest = np.finfo(np.float64).max
    rows = [[largest, -largest, -largest], [largest, largest, -largest], [0.0, -largest, -largest]]
    assert not np.isnan(SCORES[name](rows)).any()


def test_negative_entropy_of_confident_rows_stays_distinct():
    # With q = exp(-g) for the other of two classes it is -q·(g + 1) to first order, and never rounds to 0.
    gaps = np.arange(40.0, 700.0, 20.0)
    found = negative_entropy(np.stack([gaps, np.zeros_like(gaps)], axis=1))
    np.testing.assert_allclose(found, -np.exp(-gaps) * (gaps + 1), rtol=1e-12, atol=0)


def test_gen_of_confident_rows_stays_distinct_where_1_minus_p_is_0_in_float64():
    # p (1 - p) of both of two classes is exp(-g) to first order in it.
    gaps = np.arange(40.0, 7000.0, 200.0)
    found = gen(np.stack([gaps, np.zeros_like(gaps)], axis=1))
    np.testing.assert_allclose(found, -2 * np.exp(-gaps / 10), rtol=1e-12, atol=0)


def test_gen_counts_the_hundred_largest_probabilities_alone():
    logits = np.random.default_rng(0).normal(0, 3, size=(5, 250))
    np.testing.assert_allclose(gen(logits), [logit_oracle.gen(row) for row in logits], rtol=1e-12)
    assert (gen(logits) > [logit_oracle.gen(row, most=101) for row in logits]).all()
    order = np.random.default_rng(1).permutation(250)
    np.testing.assert_allclose(gen(logits[:, order]), gen(logits), rtol=1e-13)


# --- all scores in one pass -----------------------------------------------------------------------------------


@repeatable
@given(any_logits | logits_of(many_values, 1, 1))
def test_all_scores_in_one_pass_equal_each_by_itself(logits):
    together = score_all(logits)
    assert list(together) == list(SCORES)
    for name, score in SCORES.items():
        np.testing.assert_array_equal(together[name], score(logits))


def test_scores_come_in_the_order_in_which_they_are_named():
    scores = score_all([[1.0, 3.0], [2.0, 0.0]], ["energy", "msp"])
    assert list(scores) == ["energy", "msp"]
    assert scores["msp"].tolist() == [2.0, 2.0]
    assert all(score.dtype == np.float64 for score in scores.values())


def test_an_unknown_score_is_refused_with_the_nearest_name():
    with pytest.raises(abstain.InputError, match="unknown score 'max_logits': did you mean 'max_logit'"):
        score_all([[1.0, 2.0]], ["msp", "max_logits"])
    with pytest.raises(abstain.InputError, match="unknown score 'zzz': choose from doctor, energy, gen, logit_margin"):
        score_all([[1.0, 2.0]], ["zzz"])


@every_score
def test_every_score_is_the_same_however_many_rows_there_are(name):
    logits = np.random.default_rng(0).normal(size=(60_000, 3)).astype(np.float32)  # 2 blocks of rows
    parts = [SCORES[name](part) for part in np.array_split(logits, 7)]
    np.testing.assert_array_equal(SCORES[name](logits), np.concatenate(parts))


@every_score
def test_no_score_changes_its_input(name):
    for n_classes in (1, 2, 5):
        array = np.random.default_rng(0).normal(size=(5, n_classes))
        tensor, before = torch.from_numpy(array.copy()), array.copy()
        SCORES[name](array)
        SCORES[name](tensor)
        np.testing.assert_array_equal(array, before)
        np.testing.assert_array_equal(tensor.numpy(), before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("n_classes", [1, 2, 1000])
def test_scores_on_a_gpu_agree_with_those_on_the_cpu(n_classes):
    logits = 5 * torch.randn((3000, n_classes), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    on_gpu = score_all(logits.cuda())
    for name, score in score_all(logits).items():
        np.testing.assert_allclose(on_gpu[name], score, rtol=1e-12, atol=1e-14)


# --- msp ------------------------------------------------------------------------------------------------------


@repeatable
@given(logits_of(st.floats(-8, 8)))
def test_expit_of_msp_is_the_maximum_softmax_probability(logits):
    np.testing.assert_allclose(expit(msp(logits)), softmax(logits, axis=1).max(axis=1), rtol=1e-12)
    np.testing.assert_allclose(expit(msp(logits)), [max(logit_oracle.softmax(row)) for row in logits], rtol=1e-12)


@repeatable
@given(any_logits, st.integers(-100, 100))
def test_a_shift_of_a_row_or_an_order_of_its_classes_does_not_matter(logits, shift):
    np.testing.assert_allclose(msp(logits + shift), msp(logits), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(msp(logits[:, ::-1]), msp(logits), rtol=1e-12, atol=1e-12)


def test_msp_of_confident_float32_logits_stays_distinct_where_softmax_saturates():
    gaps = np.arange(40, 201, dtype=np.float32)
    logits = np.stack([gaps, np.zeros_like(gaps), -gaps], axis=1)
    assert (torch.from_numpy(logits).softmax(dim=1).amax(dim=1) == 1.0).all()  # what is lost otherwise
    assert (np.diff(msp(logits)) > 0.5).all()


def test_msp_of_huge_logits_is_finite():
    assert msp([[1e300, 0.0, -1e300], [0.0, -1e300, -1e300]]).tolist() == [1e300, 1e300]


@repeatable
@given(logits_of(many_values, 1, 1))
def test_one_logit_stands_for_the_pair_of_zero_and_itself(logits):
    pair = np.hstack([np.zeros_like(logits), logits])
    np.testing.assert_array_equal(msp(logits), msp(pair))
    for label in (0, 1):
        labels = np.full(len(logits), label)
        np.testing.assert_array_equal(classification_error(logits, labels), classification_error(pair, labels))


def read_only(rows):
    array = np.array(rows)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "convert",
    [
        list,
        np.array,
        np.float32,
        np.int32,
        read_only,
        lambda rows: np.array(rows, dtype=">f8"),
        lambda rows: np.array([row[::-1] for row in rows])[:, ::-1],
        lambda rows: np.asfortranarray(np.array(rows)),
        torch.tensor,
        lambda rows: torch.tensor(rows, dtype=torch.float32, requires_grad=True),
        lambda rows: torch.tensor(rows).T.contiguous().T,
        pd.DataFrame,
    ],
)
def test_any_kind_of_array_gives_the_same_scores_in_float64(convert):
    rows = [[3.0, 1.0, 0.0], [0.0, 2.0, 2.0]]
    scores = msp(convert(rows))
    assert isinstance(scores, np.ndarray)
    assert scores.dtype == np.float64
    np.testing.assert_array_equal(scores, msp(np.array(rows)))
    np.testing.assert_array_equal(classification_error(convert(rows), [0, 0]), [0.0, 1.0])


def test_the_table_of_scores_holds_functions_of_logits_alone():
    assert SCORES["msp"] is msp
    for score in SCORES.values():
        assert score(np.zeros((4, 3))).shape == (4,)


@repeatable
@given(any_logits | logits_of(few_values, 1, 1), st.randoms(use_true_random=False))
def test_the_error_is_that_of_the_first_largest_logit(logits, random):
    labels = np.array([random.randrange(max(logits.shape[1], 2)) for _ in logits])
    error = classification_error(logits, labels)
    assert error.dtype == np.float64
    assert error.tolist() == logit_oracle.argmax_error(logits, labels)


@pytest.mark.parametrize("labels", [[1, 0], (1, 0), torch.tensor([1, 0]), pd.Series([1, 0], index=[1, 0])])
def test_labels_of_any_kind_are_compared_by_position(labels):
    assert classification_error([[0.0, 1.0], [0.0, 1.0]], labels).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        ([1.0, 2.0], r"logits have shape \(2,\), but must be \(N, K\)"),
        (np.zeros((2, 3, 4)), r"logits have shape \(2, 3, 4\), but must be \(N, K\)"),
        (np.zeros((0, 3)), "the set of samples is empty"),
        (np.zeros((3, 0)), r"logits have no class \(K = 0\)"),
        ([[1.0, np.nan], [np.inf, 0.0], [0.0, 0.0]], "2 of 3 rows of logits hold NaN or infinite values"),
        (torch.tensor([[-torch.inf, 0.0]]), "1 of 1 rows of logits hold NaN or infinite values"),
        ([["a", "b"]], "logits hold <U1, but must hold real numbers"),
        (np.array([[1j, 2]]), "logits hold complex128, but must hold real numbers"),
        (torch.tensor([[1j, 2]]), "logits hold .*complex64, but must hold real numbers"),
    ],
)
def test_bad_logits_are_refused(logits, message):
    with pytest.raises(abstain.InputError, match=message):
        msp(logits)
    with pytest.raises(abstain.InputError, match=message):
        classification_error(logits, [0, 0])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2], "there are 2 rows of logits and 3 labels"),
        ([0, 3], "a label is 3, but must be from 0 to 2 for 3 column"),
        ([-100, 0], "a label is -100, but must be from 0 to 2"),
        ([0.0, 1.0], "labels hold float64, but must be integers from 0 to 2"),
        ([[0], [1]], r"labels have shape \(2, 1\), but must be one-dimensional"),
    ],
)
def test_bad_labels_are_refused(labels, message):
    with pytest.raises(abstain.InputError, match=message):
        classification_error(np.zeros((2, 3)), labels)


def test_one_column_of_logits_knows_two_labels():
    with pytest.raises(abstain.InputError, match="a label is 2, but must be from 0 to 1"):
        classification_error(np.zeros((2, 1)), [0, 2])


def test_no_name_is_no_score():
    with pytest.raises(abstain.InputError, match="no score is named"):
        score_all([[1.0, 0.0]], [])


def test_the_centred_largest_logit_does_not_see_a_shift_of_a_row():
    logits = np.array([[3.0, 0.0, 0.0], [1.0, 2.0, 6.0]])
    assert abstain.scores.centered_max_logit(logits).tolist() == [2.0, 3.0]
    assert abstain.scores.centered_max_logit(logits + np.array([[5.0], [-7.0]])).tolist() == [2.0, 3.0]
    assert abstain.scores.centered_max_logit([[-4.0]]).tolist() == [2.0], "of the pair (0, z)"
