import numpy as np
import pytest
import torch

from abstain import InputError, LogitNorm, risk_coverage_curve, scores
from abstain.metric import inputs
from abstain.metric.inputs import Reading, compare_classes, reduce_predictions
from abstain.scores import SoftmaxScore

PIXELS = np.random.default_rng(1).normal(size=(3, 4, 5, 6)).astype(np.float32)
MASKS = np.random.default_rng(2).integers(0, 5, size=(3, 5, 6))  # 4 is what does not count


def curve_of(logits, labels):
    return risk_coverage_curve(scores.msp(logits), scores.classification_error(logits, labels))


def test_logits_become_their_confidence_and_their_error():
    logits, labels = np.array([[2.0, 0.0, -1.0], [0.0, 3.0, 1.0]]), np.array([0, 2])
    for confidence in (SoftmaxScore("energy"), LogitNorm(2)):
        found = reduce_predictions(logits, labels, confidence, Reading())
        np.testing.assert_array_equal(found.confidence, confidence.score(logits))
        assert found.error.tolist() == [0, 1] and found.error.dtype == np.int8 and found.kind == "logits"


@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
def test_chunks_of_pixels_join_to_the_whole(monkeypatch, convert):
    whole = reduce_predictions(convert(PIXELS), convert(MASKS), SoftmaxScore(), Reading(4))
    monkeypatch.setattr(inputs, "CHUNK_ELEMENTS", 4 * 5 * 6)  # one image
    chunks = reduce_predictions(convert(PIXELS), convert(MASKS), SoftmaxScore(), Reading(4))
    assert len(whole.confidence) == (MASKS != 4).sum()
    np.testing.assert_array_equal(chunks.confidence, whole.confidence)
    np.testing.assert_array_equal(chunks.error, whole.error)


def test_predicted_classes_are_compared_where_the_label_counts():
    error, confidence = compare_classes([0, 1, 2], [0, 2, -100], [0.5, 0.25, 1.0], -100)
    assert (error.tolist(), confidence.tolist()) == ([0, 1], [0.5, 0.25])


def test_predicted_classes_may_be_whole_floats_numbers_in_quotes_or_default_names():
    for predictions, references in (
        ([0.0, 1.0, 2.0], [0, 2, 2]),
        ([0, 1, 2], np.array([0, 2, 2], dtype=np.float32)),
        (["LABEL_0", "LABEL_1", "LABEL_2"], [0, 2, 2]),
        ([0, 1, 2], ["LABEL_0", "LABEL_2", "LABEL_2"]),
        (["0", "1", "2"], [0, 2, 2]),
        ([0, 1, 2], ["0", "2", "2.0"]),
    ):
        assert compare_classes(predictions, references, [0.5, 0.25, 1.0], -100)[0].tolist() == [0, 1, 0]
    assert compare_classes([0.0, 1.0], [0.0, -100.0], [0.5, 0.25], -100)[0].tolist() == [0]
    with pytest.raises(InputError, match="predictions are such as 'LABEL_0' and references such as 'cat': call the cl"):
        compare_classes(["LABEL_0"], ["cat"], [0.5], -100)


def test_one_number_a_sample_is_taken_once_it_is_told(load):
    decisions, labels = [2.0, -1.0, -0.5, 0.25], [1, 0, 1, 0]  # the two surest are right: AURC (0 + 0 + 1/3 + 2/4) / 4
    assert load(input="logits").compute(predictions=decisions, references=labels)["aurc"] == pytest.approx(5 / 24)
    metric = load(input="logits")
    for decision, label in zip(decisions, labels, strict=True):
        metric.add(prediction=decision, reference=label)
    assert metric.compute()["aurc"] == pytest.approx(5 / 24)
    probabilities = torch.tensor([0.875, 0.25, 0.375, 0.5625])
    found = load().compute(predictions=probabilities, references=labels, input="probabilities")
    assert found["aurc"] == pytest.approx(5 / 24)
    with pytest.raises(InputError, match=r'or give input="logits" or input="probabilities" of one real number'):
        load().compute(predictions=decisions, references=labels)
    with pytest.raises(InputError, match="as class labels have"):  # which the stock evaluator hands over
        load(input="logits").compute(predictions=[1, 0, 0, 0], references=labels)


def test_pixels_count_where_they_are_labelled(load):
    counted = MASKS != 4
    logits = np.moveaxis(PIXELS, 1, -1)[counted]
    expected = curve_of(logits, MASKS[counted])
    found = load(ignore_index=4).compute(predictions=PIXELS, references=MASKS)
    assert found["aurc"] == pytest.approx(expected.aurc(), rel=1e-12)
    of_tensors = load(ignore_index=4).compute(predictions=torch.from_numpy(PIXELS), references=torch.from_numpy(MASKS))
    assert of_tensors == found


def test_samples_with_the_ignored_label_do_not_count(metric, logits_and_labels):
    logits, labels = logits_and_labels
    expected = curve_of(logits[10:], labels[10:]).aurc()
    some = np.where(np.arange(300) < 10, -100, labels)
    assert metric.compute(predictions=logits, references=some)["aurc"] == expected
    metric.add_batch(predictions=logits[:5], references=np.full(5, -100))
    with pytest.raises(InputError, match="no sample was added"):
        metric.compute()


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        (["0", "1.5"], [0, 1], "both must be names, or integers"),
        (
            [0.9, 0.2],
            [0, 1],
            "predictions hold float64, but must be whole numbers or names, and none missing: the class of each sample",
        ),
        (["cat", None], ["cat", "dog"], "none missing"),
    ],
)
def test_classes_of_another_kind_are_refused(load, predictions, references, message):
    with pytest.raises(InputError, match=message):
        load("confidence").compute(predictions=predictions, references=references, confidence=[0.5, 0.6])


def test_an_ignored_label_does_not_count_beside_a_confidence_either(load):
    found = load("confidence").compute(predictions=[0, 1, 1], references=[0, 1, -100], confidence=[0.9, 0.8, 0.99])
    assert found["risk"] == 0.0


def test_lengths_must_agree_where_every_label_is_ignored(metric):
    with pytest.raises(InputError, match=r"but must be \(N, K, …\) or"):
        metric.add_batch(predictions=np.zeros((3, 4)), references=[-100] * 5)


def test_p_must_be_chosen_on_the_same_classes(load, logits_and_labels):
    logits, labels = logits_and_labels
    metric = load(p="auto", validation=(logits, labels))
    assert metric.confidence.p == LogitNorm.fit(logits, labels).p
    with pytest.raises(InputError, match="have K = 2, but the validation logits that chose p K = 5"):
        metric.compute(predictions=logits[:, :2], references=labels % 2)


def test_tensors_that_train_and_half_precision_are_taken_one_by_one(metric, logits_and_labels):
    logits, labels = torch.tensor(logits_and_labels[0], requires_grad=True), logits_and_labels[1]
    whole = metric.compute(predictions=logits, references=labels)
    metric.add(prediction=logits[0], reference=labels[0])
    metric.add_batch(predictions=list(logits[1:]), references=list(labels[1:]))
    assert metric.compute() == whole
    metric.add(prediction=logits[0].detach().bfloat16(), reference=torch.tensor(labels[0]))
    assert metric.compute()["risk"] in (0.0, 1.0)


def test_a_column_of_arrays_is_taken_as_pandas_holds_it(metric, logits_and_labels):
    logits, labels = logits_and_labels
    column = np.empty(len(logits), dtype=object)
    column[:] = list(logits)
    assert metric.compute(predictions=column, references=labels) == metric.compute(
        predictions=logits, references=labels
    )


# --- what predictions are ---------------------------------------------------------------------------------------


def test_probabilities_are_measured_as_they_are_stored(load, logits_and_labels):
    logits, labels = logits_and_labels
    rounded = torch.from_numpy(logits).softmax(dim=1).numpy().round(2)
    expected = risk_coverage_curve(rounded.max(axis=1), rounded.argmax(axis=1) != labels)
    for told in ({}, {"input": "probabilities"}):
        assert load(**told).compute(predictions=rounded, references=labels)["aurc"] == expected.aurc()
        assert load().compute(predictions=rounded, references=labels, **told)["aurc"] == expected.aurc()
    with pytest.raises(InputError, match="score is energy, which reads the shift"):
        load(score="energy").compute(predictions=rounded, references=labels)


def test_one_probability_has_to_be_told(load):
    one, labels = [[0.3], [0.9], [0.6]], [0, 1, 0]
    assert load(input="probabilities").compute(predictions=one, references=labels)["risk"] == pytest.approx(1 / 3)
    assert load().compute(predictions=one, references=labels, input="logits")["risk"] == pytest.approx(2 / 3)
    with pytest.raises(InputError, match="may be the probability of class 1, or a logit"):
        load().compute(predictions=one, references=labels)
    with pytest.raises(InputError, match="did you mean 'probabilities'"):
        load(input="probability")


def test_normalisation_of_probabilities_is_that_of_their_logarithms(load, logits_and_labels):
    logits, labels = logits_and_labels
    probabilities = torch.from_numpy(logits).double().softmax(dim=1)
    validation = (probabilities[:150], labels[:150])
    found = load(score="max_logit_pnorm", p="auto", validation=validation)
    assert found.confidence.p == LogitNorm.fit(probabilities[:150].log(), labels[:150]).p
    of_logits = load(score="max_logit_pnorm", p=4).compute(predictions=logits, references=labels)
    metric = load(score="max_logit_pnorm", p=4)
    assert metric.compute(predictions=probabilities, references=labels) == pytest.approx(of_logits, rel=1e-6)
    with pytest.raises(InputError, match="center=False"):
        load(score="max_logit_pnorm", p="auto", center=False, validation=validation)


def test_batches_are_of_one_kind(metric, load):
    metric.add_batch(predictions=[[2.0, 0.0], [0.0, 3.0]], references=[0, 1])
    with pytest.raises(
        InputError, match=r"look like probabilities, but those before them like logits.* input= at load"
    ):
        metric.add(prediction=[0.25, 0.75], reference=1)
    told = load(input="logits")
    told.add_batch(predictions=[[2.0, 0.0], [0.0, 3.0]], references=[0, 1])
    with pytest.warns(UserWarning, match="look like probabilities"):
        told.add(prediction=[0.25, 0.75], reference=1)
    assert told.compute()["risk"] == 0.0
    metric.compute()
    metric.add(prediction=[0.25, 0.75], reference=1)  # after which all is new
    assert metric.compute()["risk"] == 0.0


def test_tokens_are_read_along_the_axis_of_the_classes(load):
    rng = np.random.default_rng(0)
    tokens, labels = rng.normal(size=(6, 4, 4)), rng.integers(0, 4, size=(6, 4))
    expected = {axis: curve_of(np.moveaxis(tokens, axis, -1).reshape(-1, 4), labels.ravel()).aurc() for axis in (1, 2)}
    assert expected[1] != expected[2]
    for axis in (1, 2):
        assert load(class_axis=axis).compute(predictions=tokens, references=labels)["aurc"] == expected[axis]
        assert load().compute(predictions=tokens, references=labels, class_axis=axis)["aurc"] == expected[axis]
    with pytest.raises(InputError, match="class_axis=1 or class_axis=2"):
        load().compute(predictions=tokens, references=labels)
    last = load().compute(predictions=tokens[:, :3], references=labels[:, :3])  # where only one axis fits
    assert last["aurc"] == curve_of(tokens[:, :3].reshape(-1, 4), labels[:, :3].ravel()).aurc()


def test_classes_that_are_called_differently_are_refused():
    counted, left_out = np.arange(12) % 3, np.r_[-100, np.arange(12) % 3 + 1]
    for references, predictions, message in (
        (["Cat", "dog"], ["cat", "dog"], "differ in case or blanks only"),
        (left_out, np.r_[9, counted], "as if one counted from 0 and the other from 1"),
    ):
        with pytest.raises(InputError, match=message):
            compare_classes(predictions, references, np.linspace(0, 1, len(references)), -100)
    assert compare_classes([0], [1], [0.5], -100)[0].tolist() == [1]


def test_a_batch_of_one_logit_may_well_be_predicted_alike(load):
    metric = load()
    metric.add_batch(predictions=[[-2.0], [-1.0]], references=[0, 1])
    metric.add_batch(predictions=[[3.0], [-1.5]], references=[1, 0])
    assert metric.compute()["risk"] == 0.25
