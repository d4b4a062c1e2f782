import re

import numpy as np
import pandas as pd
import pytest
import torch

from abstain import (
    InputError,
    LogitNorm,
    evaluate_logits,
    load_metric,
    read_predictions,
    risk_coverage_curve,
    scores,
    write_logits,
)
from abstain._arrays import (
    check_class_values,
    check_confidence_error,
    check_labels,
    check_logits,
    check_other_samples,
    check_pair,
    to_numpy,
)


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        ([[1.0, np.nan], [0.0, 1.0]], "1 of 2 rows of logits hold NaN or infinite"),
        ([[1.0, np.inf], [-np.inf, 1.0]], "2 of 2 rows"),
        (np.zeros((0, 3)), "empty"),
        (np.zeros((2, 0)), "no class"),
        (np.zeros(3), r"shape \(3,\).*\(N, K\)"),
        (np.zeros((2, 3, 4)), r"shape \(2, 3, 4\)"),
        ([["a", "b"]], "real numbers"),
        (np.zeros((2, 2), complex), "real numbers"),
    ],
)
def test_bad_logits_are_refused_in_one_sentence(logits, message):
    with pytest.raises(InputError, match=message) as caught:
        check_logits(logits)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], "3 rows of logits and 2 labels"),
        ([0, 1, 4], r"a label is 4, but must be from 0 to 3"),
        ([0, -1, 2], r"a label is -1"),
        ([0.0, 1.0, 2.0], "hold float64, but must be integers"),
        ([[0], [1], [2]], "one-dimensional"),
    ],
)
def test_bad_labels_are_refused_in_one_sentence(labels, message):
    with pytest.raises(InputError, match=message):
        check_labels(labels, n_samples=3, n_logits=4)


def test_one_logit_has_two_classes():
    assert check_labels([0, 1], n_samples=2, n_logits=1).tolist() == [0, 1]
    with pytest.raises(InputError, match="from 0 to 1"):
        check_labels([0, 2], n_samples=2, n_logits=1)


@pytest.mark.parametrize(
    ("confidence", "error", "message"),
    [
        ([], [], "empty"),
        ([1.0], [0, 1], "confidence has 1 samples and error has 2"),
        ([np.nan, 1.0], [0, 1], "1 NaN"),
        ([[1.0]], [0], "one-dimensional"),
        (1.0, 0, "one-dimensional"),
        ([1.0], [-1], "negative"),
        ([1.0], [np.nan], "NaN"),
        (["high"], [0], "real numbers"),
    ],
)
def test_bad_confidence_or_error_is_refused(confidence, error, message):
    with pytest.raises(InputError, match=message):
        check_confidence_error(confidence, error)


def test_logits_are_shared_not_copied_where_that_is_possible():
    array = np.zeros((2, 3), np.float32)
    assert check_logits(array).data_ptr() == array.ctypes.data
    tensor = torch.zeros(2, 3, requires_grad=True)
    assert check_logits(tensor).data_ptr() == tensor.data_ptr()
    read_only = np.zeros((2, 3))
    read_only.flags.writeable = False
    assert check_logits(read_only).shape == (2, 3)
    assert check_logits(np.arange(6.0).reshape(2, 3)[:, ::-1])[0].tolist() == [2.0, 1.0, 0.0]
    assert check_logits([[1, 2]]).dtype == torch.float64


def test_lists_of_unequal_lengths_are_refused():
    for what in (check_logits, lambda rows: check_labels(rows, n_samples=2, n_logits=2)):
        with pytest.raises(InputError, match="lists of unequal lengths"):
            what([[1, 2], [3]])


def test_wider_floats_than_torch_has_become_float64():
    assert check_logits(np.ones((1, 2), np.longdouble)).dtype == torch.float64


@pytest.mark.parametrize(
    ("validation", "kind"),
    [(np.zeros((2, 3)), "ndarray"), (([[0.0, 1.0, 2.0]], [0], [0]), "tuple"), (None, "NoneType")],
)
def test_validation_is_a_pair(validation, kind):
    with pytest.raises(InputError, match=rf"^validation is {kind}, but must be the pair \(logits, labels\)$"):
        check_pair(validation)
    assert check_pair([1, 2]) == check_pair((1, 2)) == (1, 2)


def test_classes_are_integers_or_names():
    assert check_class_values(torch.tensor([1, 0]), "labels").tolist() == [1, 0]
    names = np.array(["cat", "dog"], dtype=object)
    assert check_class_values(names, "labels").dtype.kind == "U"
    for values, message in (([0.5], "hold float64"), ([[1]], r"have shape \(1, 1\)"), (["a", None], "none missing")):
        with pytest.raises(InputError, match=message):
            check_class_values(values, "labels")


def test_samples_that_share_memory_are_the_same():
    whole, labels = np.arange(12.0).reshape(6, 2), np.arange(6)
    check_other_samples((whole[::2], labels[::2]), (whole[1::2], labels[1::2]))
    check_other_samples((whole, labels), None)
    for other in (whole, whole[3:], torch.from_numpy(whole), torch.from_numpy(whole)[2:].T):
        with pytest.raises(InputError, match="the same samples"):
            check_other_samples((whole, labels), (other, labels + 1))
    tensor = torch.arange(8.0).bfloat16().reshape(4, 2)
    check_other_samples((tensor[:2], labels[:2]), (tensor[2:], labels[:2]))
    with pytest.raises(InputError, match="the same samples"):
        check_other_samples((tensor, labels[:4]), (tensor[1:], labels[:3]))


def test_copies_are_the_same_samples_only_with_the_same_labels():
    same, labels = np.zeros((4, 3)), np.array([0, 1, 2, 0])
    check_other_samples((same, labels), (same.copy(), labels[::-1] % 2))
    with pytest.raises(InputError, match="the same samples"):
        check_other_samples((same, labels), (same.copy(), list(labels)))
    assert evaluate_logits(same, labels, validation=(same.copy(), [0, 0, 1, 2])).n_samples == 4


def test_masked_entries_are_refused_and_unmasked_arrays_taken():
    with pytest.raises(InputError, match="error hold 1 masked entries"):
        check_confidence_error([0.5, 0.25], np.ma.masked_array([0, 1], mask=[False, True]))
    assert check_confidence_error([0.5, 0.25], np.ma.masked_array([0, 1]))[1].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("tensor", "cure"),
    [
        (torch.ones(3, device="meta"), "as a meta tensor cannot be read: give one that holds values"),
        (torch.eye(3).to_sparse(), "as a sparse_coo tensor cannot be read: call to_dense() first"),
        (torch.ones(3).to(torch.float8_e4m3fn), "as a float8_e4m3fn tensor cannot be read: call float() first"),
    ],
)
def test_a_tensor_without_a_number_at_every_place_is_refused_with_what_to_do(tensor, cure):
    for read in (lambda: to_numpy(tensor, "confidence"), lambda: check_logits(tensor)):
        with pytest.raises(InputError, match=re.escape(cure)):
            read()


def test_a_foreign_object_that_fails_is_one_sentence():
    class Broken:
        def __array__(self, *args, **kwargs):
            raise RuntimeError("no\nnumbers")

    with pytest.raises(InputError, match=r"error of type Broken cannot be read \(no\): give an array"):
        to_numpy(Broken(), "error")
    with pytest.raises(InputError, match="error of type dict cannot be read"):
        to_numpy({1: 2}, "error")


FRAME = pd.DataFrame({"logit_0": [1.0, 2.0, 3.0], "logit_1": [0.0, 1.0, 9.0]})
SHUFFLED = pd.Series([0, 0, 1], index=[2, 1, 0], name="label")


@pytest.mark.parametrize(
    "pair",
    [
        evaluate_logits,
        LogitNorm.fit,
        scores.TemperatureScaling.fit,
        scores.classification_error,
        scores.read_values,
        lambda values, labels: scores.probability_error(values / 10, labels),
        lambda values, labels: evaluate_logits([[0.0, 1.0]] * 3, [0, 0, 1], validation=(values, labels)),
        lambda values, labels: risk_coverage_curve(values["logit_0"], labels),
        lambda values, labels: read_predictions(values, labels=labels),
        lambda values, labels: read_predictions((values, labels)),
        lambda values, labels: read_predictions({"logits": values, "label": labels}),
        lambda values, labels: load_metric().compute(predictions=values, references=labels),
        lambda values, labels: load_metric("confidence").compute(
            predictions=labels, references=labels, confidence=values["logit_0"]
        ),
        lambda values, labels: write_logits(".", "never-written", values, labels),
    ],
)
def test_what_is_paired_otherwise_by_its_index_is_refused(pair):
    with pytest.raises(InputError, match=r"same rows in another order, so they may be paired by index or by place"):
        pair(FRAME, SHUFFLED)


def test_derived_classes_of_pandas_have_indexes_too():
    class Derived(pd.DataFrame):
        pass

    with pytest.raises(InputError, match="same rows in another order"):
        evaluate_logits(Derived(FRAME), SHUFFLED)


def test_what_can_only_be_paired_by_place_is():
    expected = evaluate_logits(FRAME.to_numpy(), SHUFFLED.to_numpy()).to_dict()
    for labels in (SHUFFLED.to_numpy(), SHUFFLED.set_axis([7, 8, 9]), SHUFFLED.reset_index(drop=True)):
        assert evaluate_logits(FRAME, labels).to_dict() == expected
    sorted_labels = SHUFFLED.loc[FRAME.index]
    assert evaluate_logits(FRAME, sorted_labels).to_dict() == evaluate_logits(FRAME, [1, 0, 0]).to_dict()


def test_numbers_held_as_objects_are_numbers():
    values = np.array([[0.5, 2], [3, 1.5]], dtype=object)
    assert check_logits(values).tolist() == [[0.5, 2.0], [3.0, 1.5]]
    assert to_numpy(np.array([1, True, np.int8(2), np.bool_(False)], dtype=object), "labels").tolist() == [1, 1, 2, 0]
    predictions = read_predictions((values, np.array([1, 0], dtype=object)))
    assert predictions.values.tolist() == [[0.5, 2.0], [3.0, 1.5]] and predictions.labels.tolist() == [1, 0]
    for held in ([1, "2"], [1, None]):
        assert to_numpy(np.array(held, dtype=object), "labels").dtype == object


def test_a_field_of_a_structured_array_is_an_array():
    held = np.array([(1, [0.5, 2.0]), (0, [3.0, 1.5])], dtype=[("label", "i4"), ("logits", "f8", 2)])
    assert check_logits(held["logits"]).tolist() == [[0.5, 2.0], [3.0, 1.5]]
