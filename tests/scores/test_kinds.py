import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from abstain import InputError
from abstain.scores.kind_names import KINDS
from abstain.scores.kinds import read_values

PROBABILITIES = [[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]]
LOGITS = [[2.0, -1.0], [0.5, 0.25], [0.0, 3.0]]
CLASSES = [0, 1, 1]


def softmax(seed, n_classes, spread=3.0, n_samples=12):
    logits = np.random.default_rng(seed).normal(scale=spread, size=(n_samples, n_classes))
    return torch.from_numpy(logits).softmax(dim=1).numpy()


def kind_of(values, **told):
    return read_values(values, [0] * len(values), **told).kind


@pytest.mark.parametrize(
    ("values", "told", "kind"),
    [
        (PROBABILITIES, {}, "probabilities"),
        (LOGITS, {}, "logits"),
        (np.log([[0.25, 0.75], [0.9, 0.1]]), {}, "log-probabilities"),
        ([[0.0], [1.5], [-2.0]], {}, "one logit"),
        ([[0.0], [0.5], [1.0]], {"input": "probabilities"}, "one probability"),
        ([[0.0], [0.5], [1.0]], {"said": "probabilities"}, "one probability"),
        ([0.0, 0.5, 1.0], {"input": "probabilities"}, "one probability"),
        ([[0.0], [0.5], [1.0]], {"input": "logits"}, "one logit"),
        ([[0.0], [0.5], [1.0]], {"said": "logits"}, "one logit"),
        (PROBABILITIES, {"input": "logits"}, "logits"),
        (PROBABILITIES, {"said": "probabilities"}, "probabilities"),
        (PROBABILITIES, {"input": "probabilities", "said": "logits"}, "probabilities"),
        (np.log([[0.25, 0.75], [0.9, 0.1]]), {"said": "logits"}, "log-probabilities"),
        (np.log([[0.25, 0.75], [0.9, 0.1]]), {"input": "logits"}, "logits"),
        (np.zeros((4, 300)), {}, "logits"),  # though 300 zeros may each have been rounded down
        ([[0.33, 0.33, 0.33], [0.2, 0.3, 0.5]], {}, "probabilities"),
        ([[0.32, 0.33, 0.33], [0.2, 0.3, 0.55]], {"input": "logits"}, "logits"),
    ],
)
def test_what_values_are_as_read_by_hand(values, told, kind):
    read = read_values(values, [0] * len(values), **told)
    assert read.kind == kind and kind in KINDS
    np.testing.assert_array_equal(read.rows.numpy().squeeze(), np.squeeze(values))


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.integers(0, 2**32), st.integers(2, 1000), st.integers(2, 6), st.sampled_from([0.1, 1.0, 3.0, 10.0]))
def test_softmax_rounded_to_decimals_is_always_recognised(seed, n_classes, decimals, spread):
    rounded = softmax(seed, n_classes, spread).round(decimals)
    if rounded.any():  # else nothing is left of them
        assert kind_of(rounded) == kind_of(rounded.astype(np.float32)) == "probabilities"


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.integers(0, 2**32), st.integers(2, 1000), st.sampled_from(["float16", "float32", "bfloat16"]), st.booleans())
def test_softmax_in_low_precision_is_always_recognised(seed, n_classes, dtype, kept_wider):
    logits = torch.from_numpy(np.random.default_rng(seed).normal(scale=3, size=(12, n_classes)))
    low = logits.to(getattr(torch, dtype)).softmax(dim=1)
    assert kind_of(low.double() if kept_wider else low) == "probabilities"
    assert kind_of(logits.to(getattr(torch, dtype)).float().log_softmax(dim=1).to(low.dtype)) == "log-probabilities"


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.integers(0, 2**32), st.integers(2, 1000))
def test_float16_sums_made_by_numpy_are_recognised(seed, n_classes):
    logits = np.random.default_rng(seed).normal(scale=3, size=(12, n_classes)).astype(np.float16)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert kind_of(powers / powers.sum(axis=1, keepdims=True)) == "probabilities"


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.integers(0, 2**32),
    st.integers(2, 1000),
    st.integers(12, 60),
    st.sampled_from([0.3, 1.0, 5.0]),
    st.none() | st.integers(1, 4),
)
def test_random_logits_are_always_logits(seed, n_classes, n_samples, spread, decimals):
    logits = np.random.default_rng(seed).normal(scale=spread, size=(n_samples, n_classes))
    assert kind_of(logits if decimals is None else logits.round(decimals)) == "logits"
    assert kind_of(logits.astype(np.float16)) == "logits"


@pytest.mark.parametrize("spread", [1.0, 5.0])
def test_logits_of_two_classes_are_never_probabilities_though_some_rows_look_so(spread):
    logits = np.random.default_rng(0).normal(0.5, 0.3, size=(200_000, 2)) * spread
    assert kind_of(logits) == "logits"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_probability_one_rounding_beyond_the_ends_is_one(dtype):
    step = torch.finfo(torch.float32 if dtype == torch.float64 else dtype).eps  # float64 may have been float32
    rows = torch.tensor([[1 + step, 0.0, 0.0], [0.5, 0.5, 0.0], [1.0, -1e-9, 0.0]], dtype=dtype)
    assert rows[0, 0] > 1 and read_values(rows, [0, 1, 1]).kind == "probabilities"
    assert read_values(rows[:, 1:2], [1, 0, 1], said="probabilities").kind == "one probability"
    if step < 1e-6:
        assert read_values(100 * rows.double(), [0, 1, 1], input="probabilities").of_percent
    logs = rows[:2].clamp(min=1e-7).log()
    assert logs.max() > 0 and read_values(logs, [0, 1]).kind == "log-probabilities"


# --- two readings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "told", "match"),
    [
        ([[0.0], [0.5]], {}, 'probability of class 1, or a logit.*input="probabilities" or input="logits"'),
        (100 * np.array(PROBABILITIES), {}, 'sum to 100, as percent do, and may be logits too.*input="logits"'),
        (
            [*100 * np.array(PROBABILITIES), [50, 61]],
            {"input": "probabilities"},
            "but row 3 .counted from 0. sums to 111: mend the row",
        ),
        (100 * softmax(0, 7).round(2), {}, "percent"),
        (np.array([[12.0, 37, 50], [33, 33, 33], [1, 0, 99]]), {}, "percent"),
        (
            [*PROBABILITIES, [0.5, 0.75]],
            {},
            'row 3 .counted from 0. sums to 1.25, as logits may.*input="probabilities" or input="log',
        ),
        (
            [[3.0, -1.0], *PROBABILITIES],
            {},
            'row 0 .counted from 0. holds 3, as logits may.*input="probabilities" or input="logits"',
        ),
        (0.97 * softmax(0, 5), {}, "row 0 .counted from 0. sums to 0.97, as logits may"),
        (PROBABILITIES, {"said": "logits"}, 'names say logits, but the values are probabilities.*input="probab'),
        (LOGITS, {"said": "probabilities"}, 'names say probabilities, but the values are logits.*input="probab'),
        ([[2.0], [0.5]], {"said": "probabilities"}, "name says probabilities, but.* 0.5 to 2, say logits.*input="),
        ([[0.5], [2.0]], {"said": "probabilities"}, r"say logits, first in row 1 \(counted from 0\): say which"),
        (
            [[2.0], [0.5]],
            {"input": "probabilities"},
            r"^row 0 \(counted from 0\) holds 2, which .* must lie in \[0, 1\]",
        ),
        ([[0.5], [1.5], [-2.0]], {"input": "probabilities"}, r"^row 1 \(counted from 0\) holds 1\.5, which"),
        ([[-2.0], [-0.5]], {"input": "log-probabilities"}, "one column cannot be log-probabilities"),
        ([[-1e-6, 1.0]] * 3, {"said": "probabilities"}, "sums, where row 0 .counted from 0. holds -1e-06: say which"),
        (
            [[1.0000004, 0.0]] * 3,
            {"said": "probabilities"},
            r"where row 0 .counted from 0. holds 1\.0000004: say which",
        ),
        (
            [[1.0000001, 0.25], [0.5, 0.5], [1, 0]],
            {"said": "probabilities"},
            "row 0 .counted from 0. sums to 1.25, as logits may",
        ),
        ([[-1e-6], [0.5]], {"input": "probabilities"}, "row 0 .* holds -1e-06, which .* must lie in"),
        ([[1.0000004], [0.5]], {"said": "probabilities"}, r"values, from 0.5 to 1\.0000004, say logits"),
        (LOGITS, {"input": "probabilities"}, '^row 0 .counted from 0. holds 2, which input="probabilities" rules out'),
        ([[0.5, 0.5], [0.5, 0.25]], {"input": "probabilities"}, "row 1 .counted from 0. sums to 0.75"),
        (
            LOGITS,
            {"input": "log-probabilities"},
            'exponentials of row 0 .counted from 0. do not sum to 1, which .* give input="logits"',
        ),
        ([[0.0, -np.inf], [-0.7, -0.7]], {}, "1 of 2 rows .*logarithms of probabilities, of which some are 0, give"),
        ([[0.5, np.nan], [0.5, 0.5]], {}, "1 of 2 rows hold NaN"),
        (LOGITS, {"input": "logit"}, "unknown input 'logit': did you mean 'logits'"),
        (
            [0.5, 2.5],
            {},
            r"shape \(2,\), but must be \(N, K\).* decision_function gives it, is told by input=\"logits\"",
        ),
    ],
)
def test_two_readings_are_refused_with_both_named_and_the_option(values, told, match):
    with pytest.raises(InputError, match=match) as refusal:
        read_values(values, [0] * len(values), **told)
    assert "\n" not in str(refusal.value)


def test_one_odd_row_among_many_is_found_wherever_it_is():
    rows = softmax(0, 4, n_samples=70_000).astype(np.float32)
    rows[54_321] *= 1.01
    with pytest.raises(InputError, match=r"row 54321 .counted from 0. sums to 1\.01"):
        kind_of(rows)


# --- labels and axes come with them -----------------------------------------------------------------------------


def test_the_labels_are_whole_and_what_is_ignored_is_counted():
    read = read_values(PROBABILITIES, [[1.0], [-100.0], [0.0]], ignore_index=-100)
    assert read.labels.tolist() == [1, 0] and read.labels.dtype == np.int64 and read.n_ignored == 1
    assert read.rows.tolist() == [[0.25, 0.75], [0.5, 0.5]]


def test_what_is_ignored_has_no_say_in_what_the_values_are():
    padded = [*PROBABILITIES, [-100.0, -100.0], [np.nan, 0.0]]  # as Trainer pads
    assert read_values(padded, [*CLASSES, -100, -100], ignore_index=-100).kind == "probabilities"


def test_tokens_are_read_along_the_axis_that_is_named():
    tokens = np.arange(18.0).reshape(2, 3, 3)
    labels = np.array([[0, 1, 2], [2, 1, 0]])
    with pytest.raises(InputError, match="class_axis=1 or class_axis=2"):
        read_values(tokens, labels)
    read = read_values(tokens, labels, class_axis=-1)
    assert read.rows.tolist() == tokens.reshape(6, 3).tolist() and read.labels.tolist() == [0, 1, 2, 2, 1, 0]
    assert read_values(tokens, labels, class_axis=1).rows[0].tolist() == [0.0, 3.0, 6.0]


def test_values_are_neither_changed_nor_copied():
    values = np.array(PROBABILITIES, dtype=np.float32)
    kept = values.copy()
    read = read_values(values, CLASSES)
    np.testing.assert_array_equal(values, kept)
    assert read.rows.data_ptr() == values.ctypes.data and read.rows.dtype == torch.float32


def test_percent_that_are_told_to_be_probabilities_are_divided_and_stay_apart():
    percent = 100 * np.array(PROBABILITIES)
    values = read_values(percent, CLASSES, input="probabilities")
    assert values.kind == "probabilities" and values.rows.tolist() == PROBABILITIES and values.of_percent
    assert not read_values(PROBABILITIES, CLASSES, input="probabilities").of_percent
    assert read_values(percent, CLASSES, input="logits").rows.max() == 100
    near = np.array([[54.0, 46.0], [np.nextafter(np.float32(54), np.float32(55)), 46.0]], dtype=np.float32)
    assert len(set(read_values(near, [0, 0], input="probabilities").rows[:, 0].tolist())) == 2


def test_what_a_name_says_of_logarithms_is_looked_at():
    logs = np.log(np.random.default_rng(0).dirichlet(np.ones(3), 20))
    assert read_values(logs, np.zeros(20, int), said="log-probabilities").kind == "log-probabilities"
    with pytest.raises(InputError, match="the names say log-probabilities, but the values are logits"):
        read_values(-logs, np.zeros(20, int), said="log-probabilities")


def test_values_in_the_unit_interval_that_sum_to_something_else_are_refused_unless_told():
    sigmoids = np.random.default_rng(0).uniform(0.1, 0.9, (20, 4))
    with pytest.raises(
        InputError, match=r"every value lies in \[0, 1\], but row 0 .counted from 0. sums to .* must sum to 1"
    ):
        read_values(sigmoids, np.zeros(20, int))
    assert read_values(sigmoids, np.zeros(20, int), input="logits").kind == "logits"


def test_one_column_of_percent_is_refused_unless_told():
    with pytest.raises(InputError, match="one column from 26 to 99 may be a probability in percent, or a logit"):
        read_values([[26.0], [99.0]], [0, 1])
    assert read_values([[26.0], [99.0]], [0, 1], input="logits").kind == "one logit"


def test_values_that_nothing_can_be_computed_with_are_refused():
    with pytest.raises(InputError, match="with which losses are no numbers"):
        read_values([[1e308, -1e308]], [0])


@pytest.mark.parametrize(
    ("column", "said", "message"),
    [
        ([0.5, 0.9], "probabilities", 'below 1/2, .* of the class that is predicted: .*input="confidence"'),
        ([310.0, 820.0], None, 'from 310 to 820 would, as a logit, predict class 1 throughout, .* give input="logits"'),
        ([-3.0, 0.0], None, "predict class 0 throughout"),
    ],
)
def test_one_column_of_one_class_throughout_is_refused_unless_told(column, said, message):
    values = np.array(column)[:, None]
    with pytest.raises(InputError, match=message):
        read_values(values, [0, 1], said=said)
    assert read_values(values, [1, 1], said=said).kind == read_values(values, [0, 1], said=said, is_part=True).kind
    assert read_values(values, [0, 1], said=said, input=said or "logits").labels.tolist() == [0, 1]
    assert read_values(-values, [0, 1], said="logits").kind == "one logit"


def test_values_within_0_and_1_that_a_name_calls_logits_are():
    rows = np.random.default_rng(0).uniform(size=(20, 3))
    assert read_values(rows, np.arange(20) % 3, said="logits").kind == "logits"
    with pytest.raises(InputError, match="every value lies in"):
        read_values(rows, np.arange(20) % 3)


def test_a_few_positive_logits_of_one_class_are_no_percent():
    assert read_values([[2.25], [1.0], [4.0]], [1, 1, 1]).kind == "one logit"
    with pytest.raises(InputError, match="may be a probability in percent"):
        read_values([[2.25], [1.0], [44.0]], [1, 1, 1])
