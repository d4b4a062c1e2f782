import numpy as np
import pytest
import torch
from answering import NAMES, parts_of
from datasets import ClassLabel, Dataset, Features, Image, Value
from PIL import Image as PILImage
from transformers import SegformerImageProcessor

from abstain import InputError, SelectiveClassifier
from abstain._checks import ArgumentError
from abstain.inference.validation import labelled, said_of_samples, said_of_validation


def test_labels_are_numbers_or_names_of_classes():
    for labels in ([2, 0], np.array([2, 0], np.uint8), torch.tensor([2, 0]), ["owl", "cat"], np.array(["owl", "cat"])):
        samples, found = labelled("texts", (["a", "b"], labels), None, NAMES)
        assert list(samples) == ["a", "b"] and found.tolist() == [2, 0]


@pytest.mark.parametrize("kind", [ClassLabel(names=NAMES), Value("int64"), Value("string")])
def test_a_data_set_brings_its_labels(kind):
    labels = ["owl", "cat"] if kind == Value("string") else [2, 0]
    columns = {"body": ["a", "b"], "label": labels}
    data = Dataset.from_dict(columns, features=Features({"body": Value("string"), "label": kind}))
    if kind == Value("string"):  # of two columns of texts the one that is meant has to be called so
        data = data.rename_column("body", "text")
    samples, found = labelled("texts", data, None, NAMES)
    assert list(samples) == ["a", "b"] and found.tolist() == [2, 0]


def test_classes_of_a_data_set_have_to_be_those_of_the_model():
    kind = Features({"text": Value("string"), "label": ClassLabel(names=["dog", "cat", "owl"])})
    with pytest.raises(InputError, match="class 0 is 'dog' in the split 'validation' and 'cat' in the model's head"):
        labelled("texts", Dataset.from_dict({"text": ["a"], "label": [1]}, features=kind), None, NAMES)


@pytest.mark.parametrize(
    ("validation", "said"),
    [
        (None, "validation is None, but must be a data set with a column of labels, or the pair"),
        ((["a"], [0], [1]), "but must be a data set"),
        ((["a", "b"], [0]), "there are 2 validation samples and 1 labels"),
        ((["a"], [3]), "a label is 3, but the model has the classes 0 to 2"),
        ((["a"], [-100]), "a label is -100"),
        ((["a"], ["yak"]), "a label is 'yak'"),
        ((["a"], [0.5]), "a label is 0.5"),
        ((["a"], [[0, 1, 0]]), r"the labels have the shape \(1, 3\)"),
    ],
)
def test_what_is_no_validation_is_one_sentence(validation, said):
    with pytest.raises(InputError, match=said):
        labelled("texts", validation, None, NAMES)


def test_a_stream_of_another_number_than_labels_is_refused(tmp_path):
    classifier = SelectiveClassifier(*parts_of("vit", tmp_path)[:2])
    samples = parts_of("vit", tmp_path)[2]
    with pytest.raises(InputError, match="there are 3 validation samples and 2 labels"):
        said_of_validation(classifier, (iter(samples[:3]), [0, 1]))


def test_of_pixels_those_count_that_have_a_class(tmp_path):
    model, processor, images, masks = parts_of("segformer", tmp_path)
    classifier = SelectiveClassifier(model, processor)
    logits, labels = said_of_validation(classifier, (images, masks))
    kept = [np.asarray(mask) for mask in masks]
    assert labels.tolist() == np.concatenate([mask[mask != 255] for mask in kept]).tolist()
    expected = classifier(images[0]).labels[kept[0] != 255]
    assert logits[: len(expected)].argmax(axis=1).tolist() == expected.tolist()
    features = Features({"image": Image(), "annotation": Image()})
    data = Dataset.from_dict({"image": images, "annotation": masks}, features=features)
    of_pieces = [
        said_of_samples(classifier, data.select([row]), first=row, n_all=len(data)) for row in range(len(data))
    ]
    for whole, pieces in zip(said_of_samples(classifier, data), zip(*of_pieces, strict=True), strict=True):
        np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=0, atol=1e-5)
    of_data = said_of_validation(classifier, data)
    assert np.array_equal(of_data[0], logits) and np.array_equal(of_data[1], labels)
    wrong = [PILImage.fromarray(np.full((20, 24), 9, np.uint8))]
    with pytest.raises(InputError, match="9"):
        said_of_validation(classifier, (images[:1], wrong))
    with pytest.raises(InputError, match="there are more masks than images, but each image needs its mask"):
        said_of_validation(classifier, (iter(images[:1]), masks[:2]))
    with pytest.raises(ArgumentError):
        said_of_validation(classifier, 3)


def test_masks_whose_background_is_no_class_are_read_as_the_processor_does(tmp_path):
    model, _, images, _ = parts_of("segformer", tmp_path)
    masks = [np.random.default_rng(0).integers(0, 4, (20, 24)).astype(np.uint8) for _ in images]
    reduced = SegformerImageProcessor(do_resize=False, do_reduce_labels=True)
    _, labels = said_of_validation(SelectiveClassifier(model, reduced), (images, masks))
    theirs = reduced(images, masks)["labels"]
    assert labels.tolist() == np.concatenate([np.asarray(mask)[np.asarray(mask) != 255] for mask in theirs]).tolist()
