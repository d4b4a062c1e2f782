import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from datasets import Dataset
from ready_classifiers import (
    NAMES,
    image_classifier,
    images,
    one_logit_classifier,
    pixel_classifier,
    table_classifier,
    text_classifier,
    texts,
)
from scipy.special import expit
from transformers.pipelines.pt_utils import KeyDataset

import abstain
from abstain import InputError, SelectiveClassifier


def stock(classifier, task, **options):
    """transformers' own pipeline, of the same model."""
    maker = {"tokenizer" if "text" in task else "image_processor": classifier.processor}
    return transformers.pipeline(task, model=classifier.model, device="cpu", **maker, **options)


def without_rule(found):
    return [[{name: one[name] for name in ("label", "score")} for one in of_sample] for of_sample in found]


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize(
    ("task", "make", "samples"),
    [("image-classification", image_classifier, images), ("text-classification", text_classifier, texts)],
)
def test_scores_are_those_of_transformers_and_the_rule_that_of_the_classifier(task, make, samples, batch_size):
    classifier = make()
    ours = abstain.pipeline(task, classifier, batch_size=batch_size)(samples(), top_k=2)
    assert without_rule(ours) == stock(classifier, task, batch_size=batch_size)(samples(), top_k=2)
    answers = list(classifier(samples(), batch_size=batch_size))
    assert {one.accepted for one in answers} == {True, False}
    for found, answer in zip(ours, answers, strict=True):
        assert [one["accepted"] for one in found] == [answer.accepted] * 2
        assert [one["confidence"] for one in found] == pytest.approx([answer.confidence] * 2, abs=1e-6)
        assert found[0]["label"] == answer.label and found[0]["score"] == pytest.approx(answer.top(1)[0][1], abs=1e-6)


def test_one_sample_a_list_a_generator_and_a_data_set_are_given_back_as_transformers_does():
    classifier = image_classifier()
    pipe, theirs = abstain.pipeline(None, classifier), stock(classifier, "image-classification")
    one = pipe(images()[0])
    assert [set(entry) for entry in one] == [{"label", "score", "accepted", "confidence"}] * 3
    assert without_rule([one]) == [theirs(images()[0])]
    streamed, stream = pipe(image for image in images()), theirs(image for image in images())
    assert type(streamed) is type(stream) and list(streamed) == pipe(images())
    assert list(pipe(KeyDataset(Dataset.from_dict({"image": images()}), "image"), batch_size=2)) == [
        [{**entry, "score": pytest.approx(entry["score"]), "confidence": pytest.approx(entry["confidence"], abs=1e-6)}
         for entry in found]
        for found in pipe(images())
    ]  # fmt: skip


def test_texts_come_as_one_dictionary_unless_top_k_is_given_and_are_cut_as_for_the_rule():
    classifier = text_classifier(max_length=4)
    pipe, theirs = abstain.pipeline("sentiment-analysis", classifier), stock(classifier, "text-classification")
    (found,) = pipe("good film")
    assert {name: found[name] for name in ("label", "score")} == theirs("good film")[0]
    assert [one["label"] for one in pipe("good film", top_k=None)] == [
        one["label"] for one in theirs("good film", top_k=None)
    ]
    long = "good film the poor bad a"
    assert pipe(long) == pipe("good film the poor") != pipe(long, truncation=False)
    assert pipe(long)[0]["confidence"] == pytest.approx(classifier(long).confidence, abs=1e-6)


def test_one_logit_stands_for_two_classes_of_which_the_accepted_one_is_named():
    classifier = one_logit_classifier()
    pipe, theirs = abstain.pipeline("text-classification", classifier), stock(classifier, "text-classification")
    answers = list(classifier(texts(20)))
    assert {one.index for one in answers} == {0, 1}
    for text, answer in zip(texts(20), answers, strict=True):
        both = pipe(text, top_k=2)
        assert both[0]["label"] == answer.label and both[0] == pipe(text)[0] == pipe(text, top_k=1)[0]
        scores = {one["label"]: one["score"] for one in both}
        assert scores["good"] == theirs(text)[0]["score"]
        assert scores[classifier.class_names[0]] == pytest.approx(expit(-answer.logits[0]), abs=1e-6)
        assert both[0]["accepted"] == answer.accepted
    with pytest.raises(InputError, match="one logit stands for two classes"):
        pipe("good", function_to_apply="none")


def test_a_folder_loads_with_its_rule_in_a_type_and_with_a_new_target(tmp_path):
    classifier = image_classifier()
    folder = classifier.save_pretrained(tmp_path)
    pipe = abstain.pipeline("image-classification", folder, device="cpu", batch_size=2)
    assert pipe.rule.operating_point == classifier.rule.operating_point
    assert [one[0]["accepted"] for one in pipe(images())] == [one.accepted for one in classifier(images())]
    with pytest.warns(UserWarning, match="but they are loaded in torch.bfloat16"):
        halved = abstain.pipeline("image-classification", str(folder), device="cpu", dtype=torch.bfloat16)
    assert halved.dtype == torch.bfloat16
    assert halved(images())[0][0]["confidence"] == pytest.approx(pipe(images())[0][0]["confidence"], abs=0.1)
    abstain.write_logits(folder / "logits", "validation", 5 * np.eye(3)[np.arange(300) % 3], np.arange(300) % 3)
    anew = abstain.pipeline(None, folder, target_risk=0.1, delta=0.1, device="cpu")
    assert anew.rule.operating_point.guaranteed and anew.rule.operating_point.target_risk == 0.1


def test_our_own_architectures_load_by_name_and_without_complaint(caplog):
    from abstain import released_checkpoint

    pipe = abstain.pipeline("image-classification", released_checkpoint("resnet20_cifar10_ce"), device="cpu")
    answer = pipe(images(1, edge=32)[0])[0]
    assert answer["accepted"] == (answer["confidence"] >= pipe.rule.operating_point.threshold) and not caplog.records


@pytest.mark.parametrize(
    ("task", "model", "options", "message"),
    [
        ("text-classification", image_classifier, {}, "the model classifies images: take 'image-classification'"),
        ("image-clasification", image_classifier, {}, "did you mean 'image-classification'"),
        (None, table_classifier, {}, "there is no pipeline for 'tabular-classification'"),
        (None, pixel_classifier, {}, "there is no pipeline for 'image-segmentation'"),
        (None, image_classifier, {"target_risk": 0.1}, "target_risk is given, but the model is a SelectiveClassifier"),
        (None, lambda: 3, {}, "the model is 3, but must be a folder"),
        (None, lambda: "no/such/folder", {}, "neither a folder here"),
    ],
)
def test_mistakes_are_one_sentence(task, model, options, message):
    with pytest.raises(InputError, match=message):
        abstain.pipeline(task, model(), **options)


def test_transformers_has_no_way_to_a_strangers_task_but_its_code(tmp_path):
    """Why no name of a task is registered; once this fails, one could be."""
    classifier = image_classifier()
    folder = classifier.save_pretrained(tmp_path / "plain")
    with pytest.raises(KeyError, match="Unknown task"):
        transformers.pipeline("selective-image-classification", str(folder))
    custom = shutil.copytree(folder, tmp_path / "custom")
    said = json.loads((custom / "config.json").read_text())
    implementation = "abstain.inference.pipelines.SelectiveImageClassificationPipeline"
    said["custom_pipelines"] = {"selective-image-classification": {"impl": implementation, "pt": []}}
    (custom / "config.json").write_text(json.dumps(said))
    with pytest.raises(ValueError, match="requires you to execute the code"):
        transformers.pipeline("selective-image-classification", str(custom))


def test_a_model_in_training_is_run_as_for_inference():
    classifier = text_classifier()
    classifier.model.train()
    pipe = abstain.pipeline(None, SelectiveClassifier(classifier.model, classifier.processor))
    assert pipe(texts()) == pipe(texts()) and pipe("good")[0]["label"] in NAMES


def test_classes_are_called_as_the_classifier_calls_them():
    classifier = image_classifier()
    classifier.model.config.id2label = {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
    rule = replace(classifier.rule, class_names=NAMES)
    named = SelectiveClassifier(classifier.model, classifier.processor, rule)
    pipe, theirs = abstain.pipeline(None, named), stock(named, "image-classification")
    for found, wanted, answer in zip(pipe(images()), theirs(images()), named(images()), strict=True):
        assert [one["label"] for one in found] == [NAMES[int(one["label"][-1])] for one in wanted]
        assert [one["score"] for one in found] == [one["score"] for one in wanted] and found[0]["label"] == answer.label
