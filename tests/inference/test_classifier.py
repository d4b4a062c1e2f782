import json
import warnings
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch
from answering import KINDS, NAMES, images, parts_of
from datasets import ClassLabel, Dataset, Features, Image
from transformers import pipeline

from abstain import (
    AbstentionRule,
    InputError,
    LogitNorm,
    NoThresholdError,
    SelectiveClassifier,
    read_logits,
    released_checkpoint,
    scores,
    write_logits,
)
from abstain._checks import ArgumentError
from abstain.inference.answers import confidence_of
from abstain.threshold.operating_point import OperatingPoint

POINT = OperatingPoint(0.5, 0.5, 0.1, False, 0.1, None, 9)


def made(name, folder, *, target_risk=0.9, **more):
    model, processor, samples, labels = parts_of(name, folder / "parts")
    classifier = SelectiveClassifier.from_model(
        model, processor, (samples, labels), target_risk=target_risk, batch_size=7, **more
    )
    return classifier, samples, labels


@pytest.mark.parametrize("name", KINDS)
def test_what_is_saved_answers_the_same(name, tmp_path):
    classifier, samples, _ = made(name, tmp_path)
    folder = classifier.save_pretrained(tmp_path / "saved")
    again = SelectiveClassifier.from_pretrained(folder, device="cpu", batch_size=7)
    assert again.rule == classifier.rule and again.class_names == classifier.class_names
    assert again.kind == classifier.kind
    ours, theirs = list(classifier(samples[:9])), list(again(iter(samples[:9])))
    assert len(ours) == len(theirs) == len(samples[:9])
    for one, other in zip(ours, theirs, strict=True):
        assert np.array_equal(one.accepted, other.accepted)
        assert np.allclose(
            one.confidence, other.confidence, rtol=0, atol=1e-6
        )  # rounding differs with the memory's place
    assert again.with_target(0.95).rule.operating_point.target_risk == 0.95, "from the logits that are kept"
    rule = json.loads((folder / "abstention.json").read_text())
    assert rule["weights_sha256"] and rule["class_names"] == list(classifier.class_names)
    assert not any(path.suffix in (".bin", ".pt", ".pkl") for path in folder.rglob("*"))


@pytest.mark.parametrize("name", ["vit", "timm", "cifar_resnet", "bert"])
def test_the_logits_are_those_of_the_model_and_the_rule_is_fitted_on_them(name, tmp_path):
    classifier, samples, labels = made(name, tmp_path)
    logits = classifier.logits(samples)
    with torch.no_grad():
        for row, sample in zip(logits[:3], samples, strict=False):
            inputs = classifier.processor(sample, return_tensors="pt")
            assert np.allclose(classifier.model(**inputs).logits.numpy()[0], row, atol=1e-5)
    expected = AbstentionRule.fit(logits, labels, target_risk=0.9)
    assert classifier.rule.operating_point == expected.operating_point
    answers = list(classifier(samples))
    confidence, accepted = confidence_of(logits, classifier.rule)
    assert [answer.accepted for answer in answers] == accepted.tolist() == expected.accept(logits).tolist()
    assert [answer.confidence for answer in answers] == confidence.tolist()
    assert [answer.index for answer in answers] == logits.argmax(axis=1).tolist()
    assert answers[0].label == classifier.class_names[answers[0].index]


def test_logits_go_along_and_never_stay_beside_other_weights(tmp_path):
    first = made("vit", tmp_path)[0].save_pretrained(tmp_path / "first")
    second = SelectiveClassifier.from_pretrained(first, device="cpu").save_pretrained(tmp_path / "second")
    logits, labels = read_logits(first / "logits", "validation")
    assert np.array_equal(read_logits(second / "logits", "validation")[0], logits) and len(labels) == 40
    SelectiveClassifier.from_pretrained(second, device="cpu").save_pretrained(second)
    assert np.array_equal(read_logits(second / "logits", "validation")[0], logits), "into its own folder"
    write_logits(second / "logits", "test", logits, labels)
    write_logits(second / "logits" / "train", "part-00000-of-00001", logits, labels)
    model, processor, _, _ = parts_of("vit", tmp_path / "parts")
    SelectiveClassifier(model, processor).save_pretrained(second)
    assert sorted(path.name for path in (second / "logits").iterdir()) == [
        "test.parquet",
        "train",
        "validation.parquet",
    ]
    with torch.no_grad():
        model.classifier.bias.add_(1)
    SelectiveClassifier(model, processor).save_pretrained(second)
    assert not (second / "logits").exists() and not (second / "abstention.json").exists()


def test_the_saved_folder_stays_an_ordinary_one(tmp_path):
    classifier, samples, _ = made("vit", tmp_path)
    folder = classifier.save_pretrained(tmp_path / "saved")
    theirs = pipeline("image-classification", model=str(folder), device="cpu")(samples[:3], top_k=3)
    for answer, found in zip(classifier(samples[:3]), theirs, strict=True):
        expected = dict(answer.top(3))
        assert {one["label"]: pytest.approx(one["score"], abs=1e-6) for one in found} == expected


def test_answers_come_as_they_are_asked_for(tmp_path):
    classifier, samples, _ = made("vit", tmp_path)
    taken = []

    def stream():
        for sample in samples * 100:
            taken.append(sample)
            yield sample

    assert len(list(islice(classifier(stream(), batch_size=4), 6))) == 6
    assert len(taken) == 8, "two batches of 4,000 samples"


def test_one_sample_gives_one_answer(tmp_path):
    classifier, samples, _ = made("vit", tmp_path)
    expected = next(classifier(samples[:1]))
    samples[0].save(tmp_path / "a.png")
    for one in (samples[0], np.asarray(samples[0]), str(tmp_path / "a.png"), tmp_path / "a.png"):
        assert classifier(one).confidence == expected.confidence
    table, rows, _ = made("table", tmp_path)
    assert table(rows[0]).label in ("no", "yes") and table(pd.Series(rows[0])).confidence == table(rows[0]).confidence
    bert, texts, _ = made("bert", tmp_path)
    assert bert(texts[0]).label in NAMES


def test_data_sets_are_answered_and_taken_for_validation(tmp_path):
    classifier, samples, labels = made("vit", tmp_path)
    features = Features({"picture": Image(), "label": ClassLabel(names=NAMES)})
    data = Dataset.from_dict({"picture": samples, "label": labels}, features=features)
    expected = [answer.confidence for answer in classifier(samples)]
    assert [answer.confidence for answer in classifier(data, progress=False)] == expected
    stream = data.to_iterable_dataset()
    assert [answer.confidence for answer in classifier(stream, column="picture", progress=False)] == expected
    again = SelectiveClassifier.from_model(classifier.model, classifier.processor, data, target_risk=0.9)
    assert again.rule.operating_point == classifier.rule.operating_point
    table, rows, of_rows = made("table", tmp_path)
    whole = Dataset.from_list([{**row, "y": ["no", "yes"][y]} for row, y in zip(rows, of_rows, strict=True)])
    assert [answer.label for answer in table(whole, progress=False)] == [answer.label for answer in table(rows)]
    assert [answer.label for answer in table(whole.to_pandas())] == [answer.label for answer in table(rows)]
    again = SelectiveClassifier.from_model(table.model, table.processor, whole, target_risk=0.9)
    assert again.rule.operating_point == table.rule.operating_point


def test_a_data_set_shows_how_far_it_is(tmp_path, capsys):
    classifier, samples, _ = made("vit", tmp_path)
    data = Dataset.from_dict({"image": samples}, features=Features({"image": Image()}))
    list(classifier(data))
    assert "answers" in capsys.readouterr().err
    list(classifier(samples))
    assert capsys.readouterr().err == ""


def test_a_model_without_a_rule_says_so_and_never_abstains(tmp_path):
    model, processor, samples, _ = parts_of("vit", tmp_path / "parts")
    folder = SelectiveClassifier(model, processor).save_pretrained(tmp_path / "saved")
    assert not (folder / "abstention.json").exists()
    with pytest.warns(UserWarning, match=r"has no abstention\.json, so it never abstains and its confidence is MSP"):
        classifier = SelectiveClassifier.from_pretrained(folder, device="cpu")
    answers = list(classifier(samples))
    assert all(answer.accepted for answer in answers) and "never abstains" in repr(classifier)
    assert [answer.confidence for answer in answers] == scores.msp(classifier.logits(samples)).tolist()
    with pytest.raises(InputError, match=r"keeps no logits/validation\.parquet"):
        classifier.with_target(0.5)
    with pytest.raises(InputError, match="the classifier keeps no validation logits: make it by"):
        SelectiveClassifier(model, processor).with_target(0.5)


def test_the_released_checkpoints_answer_as_their_logits_say(cifar10_folder):
    folder = released_checkpoint("resnet20_cifar10_ls")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a rule is made at once, so that none that is missing is spoken of
        classifier = SelectiveClassifier.from_pretrained(folder, target_risk=0.05, delta=0.05, device="cpu")
    logits, labels = read_logits(folder / "logits", "test")
    data = Dataset.from_parquet(str(cifar10_folder / "test.parquet")).select(range(50))
    answers = list(classifier(data, progress=False))
    assert np.abs(np.stack([answer.logits for answer in answers]) - logits[:50]).max() < 1e-4
    expected = AbstentionRule.fit(*read_logits(folder / "logits", "validation"), target_risk=0.05, delta=0.05)
    assert classifier.rule.operating_point == expected.operating_point and expected.operating_point.guaranteed
    assert classifier.class_names[labels[0]] == "cat"


def test_a_rule_that_belongs_to_another_model_is_refused(tmp_path):
    model, processor, _, _ = parts_of("vit", tmp_path / "parts")
    with pytest.raises(InputError, match="the rule was made for 10 classes, but the model has 3"):
        SelectiveClassifier(model, processor, AbstentionRule(LogitNorm(2), POINT, 10))
    with pytest.raises(InputError, match="the rule has 2 class names, but the model has 3 classes"):
        SelectiveClassifier(model, processor, AbstentionRule(LogitNorm(2), POINT, None, ("a", "b")))
    first, _, _ = made("vit", tmp_path)
    folder = first.save_pretrained(tmp_path / "saved")
    with torch.no_grad():
        model.classifier.bias.add_(1)
    model.save_pretrained(folder)
    with pytest.raises(InputError, match="belongs to other weights than those beside it"):
        SelectiveClassifier.from_pretrained(folder)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda folder: SelectiveClassifier.from_pretrained(folder / "nothing"), "neither a folder here nor to be had"),
        (lambda folder: SelectiveClassifier.from_pretrained(folder, delta=0.1), "delta is given without target_risk"),
        (
            lambda folder: SelectiveClassifier.from_pretrained(folder, device="gpu7"),
            "device is 'gpu7', but must be one",
        ),
        (lambda folder: SelectiveClassifier.from_pretrained(folder, batch_size=0), "batch_size is 0, but must be"),
        (lambda folder: SelectiveClassifier.from_pretrained(folder, target_risk=7), "target_risk is 7, but must be"),
        (lambda folder: SelectiveClassifier.from_pretrained(folder, revision="v1"), "a revision is given, but"),
    ],
)
def test_wrong_arguments_are_one_sentence(call, said, tmp_path):
    folder = made("vit", tmp_path)[0].save_pretrained(tmp_path / "saved")
    with pytest.raises(ArgumentError, match=said) as refused:
        call(folder)
    assert "\n" not in str(refused.value)


def test_what_cannot_be_guaranteed_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match="pixels of one image are not independent, so no guarantee holds"):
        made("segformer", tmp_path, delta=0.05)
    with pytest.raises(NoThresholdError):
        made("vit", tmp_path, target_risk=0.01, delta=0.05)


def test_pixels_are_answered_at_the_size_of_their_image(tmp_path):
    classifier, samples, _ = made("segformer", tmp_path)
    one = classifier(samples[0])
    assert one.labels.shape == one.accepted.shape == (20, 24) and 0 < one.coverage <= 1
    with pytest.raises(ArgumentError, match="a segmentation model has logits of pixels"):
        classifier.logits(samples)


def test_no_samples_give_no_answers(tmp_path):
    classifier, _, _ = made("vit", tmp_path)
    assert list(classifier([])) == []
    with pytest.raises(InputError, match="there are no samples"):
        classifier.logits([])
    with pytest.raises(InputError, match=r"sample 41 is the path 'no\.png'"):
        list(classifier([*images(41), "no.png"]))
