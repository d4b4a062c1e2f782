import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from every_model import Case
from ready_classifiers import (
    NAMES,
    image_classifier,
    images,
    one_logit_classifier,
    pixel_classifier,
    rows,
    rule_of,
    table_classifier,
    text_classifier,
    texts,
    with_rule,
)
from transformers import BertConfig, BertForSequenceClassification, ViTImageProcessor

import abstain
from abstain import InputError, SelectiveClassifier, write_logits
from abstain.inference import onnx_export
from abstain.inference.onnx_model import PREPARED, OnnxModel, takes_prepared_samples
from abstain.models.auto import new_classifier
from abstain.models.wrapped_timm import processor_of_timm

pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")
pytest.importorskip("onnxscript", reason="needs the extra `onnx`")

KINDS = {
    "images": (image_classifier, images),
    "texts": (text_classifier, texts),
    "one logit": (one_logit_classifier, texts),
    "tables": (table_classifier, rows),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An exported classifier of images, which no test changes, and the one that it was exported from."""
    classifier = image_classifier()
    classifier._validation = 5 * np.eye(3, dtype=np.float32)[np.arange(300) % 3], np.arange(300) % 3
    return classifier, classifier.export_onnx(tmp_path_factory.mktemp("onnx") / "new" / "folder")


@pytest.mark.filterwarnings("ignore:no validation logits")
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exported_answers_as_the_model_in_batches_of_any_size(tmp_path, kind):
    make, samples = KINDS[kind]
    classifier = make()
    again = SelectiveClassifier.from_onnx(classifier.export_onnx(tmp_path))
    assert isinstance(again.model, OnnxModel) and again.kind == classifier.kind
    assert again.class_names == classifier.class_names
    assert PREPARED in again.model.session.get_modelmeta().custom_metadata_map, "the file alone is told by it"
    np.testing.assert_allclose(again.logits(samples()), classifier.logits(samples()), rtol=0, atol=1e-4)
    for size in (1, 2, 7):
        pairs = zip(again(samples(), batch_size=size), classifier(samples(), batch_size=size), strict=True)
        for found, wanted in pairs:
            assert (found.accepted, found.label) == (wanted.accepted, wanted.label)
            assert found.confidence == pytest.approx(wanted.confidence, abs=1e-4)


@pytest.mark.filterwarnings("ignore:no validation logits")
def test_a_file_that_was_exported_is_known_without_its_metadata(tmp_path):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(table_classifier().export_onnx(tmp_path / "exported") / "model.onnx")
    del model.metadata_props[:]  # as older versions wrote it
    onnx.save(model, tmp_path / "moved.onnx")
    assert takes_prepared_samples(tmp_path / "moved.onnx", {})


@pytest.mark.filterwarnings("ignore:no validation logits")
def test_pixels_are_answered_too(tmp_path):
    classifier = pixel_classifier()
    again = SelectiveClassifier.from_onnx(classifier.export_onnx(tmp_path))
    for found, wanted in zip(again(images(3)), classifier(images(3)), strict=True):
        np.testing.assert_allclose(found.confidence, wanted.confidence, rtol=0, atol=1e-4)
        assert found.accepted.shape == (40, 43) and (found.labels == wanted.labels).mean() > 0.99


@pytest.mark.filterwarnings("ignore:no validation logits")
def test_a_model_of_timm_brings_what_it_does_to_images(tmp_path):
    model = new_classifier("images", "timm_wrapper", NAMES, architecture="test_resnet").eval()
    processor = processor_of_timm(model.timm_model)
    classifier = with_rule(SelectiveClassifier(model, processor), images())
    again = SelectiveClassifier.from_onnx(classifier.export_onnx(tmp_path))
    assert type(again.processor) is type(processor)
    np.testing.assert_allclose(again.logits(images()), classifier.logits(images()), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["cifar_resnet", "densenet_bc"])
def test_our_own_architectures_are_exported(tmp_path, name):
    classifier = SelectiveClassifier(Case(name).make(), ViTImageProcessor(size={"height": 32, "width": 32}))
    with pytest.warns(UserWarning, match="no validation logits are written beside"):
        classifier.export_onnx(tmp_path)
    with pytest.warns(UserWarning, match=r"has no abstention\.json"):
        again = SelectiveClassifier.from_onnx(tmp_path)
    np.testing.assert_allclose(again.logits(images()), classifier.logits(images()), rtol=0, atol=1e-4)


def test_a_new_target_is_chosen_from_the_validation_logits_beside_it(exported):
    classifier, folder = exported
    again = SelectiveClassifier.from_onnx(folder, target_risk=0.1, delta=0.1, batch_size=2, reject_value="?")
    assert again.rule.operating_point == classifier.with_target(0.1, 0.1).rule.operating_point
    assert again.rule.operating_point.guaranteed and again.batch_size == 2
    strict = replace(again.rule.operating_point, threshold=np.inf)
    again.rule = replace(again.rule, operating_point=strict)
    assert again.predict(images(2)).tolist() == ["?", "?"]


def test_the_folder_loads_without_the_packages_that_wrote_it(exported):
    code = (
        "import sys; sys.modules['onnx'] = sys.modules['onnxscript'] = None; import abstain; "
        f"print(len(abstain.SelectiveClassifier.from_onnx({str(exported[1])!r}).class_names))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.strip()) == (0, "3"), ran.stderr


def test_a_pipeline_takes_it(exported):
    classifier, folder = exported
    pipe = abstain.pipeline("image-classification", SelectiveClassifier.from_onnx(folder), batch_size=2)
    theirs = abstain.pipeline("image-classification", classifier)
    for found, wanted in zip(pipe(images()), theirs(images()), strict=True):
        assert [one["label"] for one in found] == [one["label"] for one in wanted]
        assert [one["score"] for one in found] == pytest.approx([one["score"] for one in wanted], abs=1e-4)
        assert found[0]["accepted"] == wanted[0]["accepted"]


def test_weights_that_do_not_fit_into_the_file_lie_beside_it_and_belong_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_export, "MOST_IN_ONE_FILE", 0)
    classifier = text_classifier()
    with pytest.warns(UserWarning, match="no validation logits"):
        classifier.export_onnx(tmp_path)
    assert (tmp_path / "model.onnx.data").is_file()
    again = SelectiveClassifier.from_onnx(tmp_path)
    np.testing.assert_allclose(again.logits(texts()), classifier.logits(texts()), rtol=0, atol=1e-4)
    content = bytearray((tmp_path / "model.onnx.data").read_bytes())
    content[7] ^= 1
    (tmp_path / "model.onnx.data").write_bytes(content)
    with pytest.raises(InputError, match=r"is not the file that onnx\.json was written for"):
        SelectiveClassifier.from_onnx(tmp_path)


def test_a_rule_of_other_weights_is_refused(exported, tmp_path):
    folder = shutil.copytree(exported[1], tmp_path / "copy")
    torch.manual_seed(1)
    other = image_classifier()
    with torch.no_grad():
        next(other.model.parameters()).add_(1)
    other.save_pretrained(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "abstention.json", folder)
    with pytest.raises(InputError, match=r"belongs to other weights than model\.onnx"):
        SelectiveClassifier.from_onnx(folder)


def test_the_rule_belongs_to_the_saved_weights_and_to_the_onnx_file_alike(exported, tmp_path):
    classifier, folder = exported
    saved = shutil.copytree(folder, tmp_path / "copy")
    shutil.copy(classifier.save_pretrained(tmp_path / "saved") / "abstention.json", saved)
    assert SelectiveClassifier.from_onnx(saved).rule == SelectiveClassifier.from_onnx(folder).rule


def test_a_model_of_onnx_is_not_saved_and_keeps_its_rule(exported, tmp_path):
    folder = shutil.copytree(exported[1], tmp_path / "copy")
    again = SelectiveClassifier.from_onnx(folder)
    for save in (again.save_pretrained, again.export_onnx):
        with pytest.raises(InputError, match="a model of ONNX is only run"):
            save(folder)
    assert SelectiveClassifier.from_onnx(folder).rule == again.rule


def test_images_whose_size_the_processor_keeps_need_a_sample(tmp_path):
    processor = ViTImageProcessor(do_resize=False)
    classifier = SelectiveClassifier(image_classifier().model, processor)
    with pytest.raises(InputError, match="keeps the sizes of images"):
        classifier.export_onnx(tmp_path)
    with pytest.warns(UserWarning, match="no validation logits"):
        classifier.export_onnx(tmp_path, sample=images(1)[0])
    with pytest.warns(UserWarning, match="never abstains"):
        again = SelectiveClassifier.from_onnx(tmp_path)
    np.testing.assert_allclose(again.logits(images()), classifier.logits(images()), rtol=0, atol=1e-4)
    with pytest.raises(InputError, match="give samples like those, or export the model anew with sample="):
        again.logits(images(2, edge=50))


def test_what_cannot_be_exported_is_one_sentence(tmp_path, monkeypatch):
    classifier = text_classifier()
    halved = SelectiveClassifier(text_classifier().model.bfloat16(), classifier.processor)
    with pytest.raises(InputError, match=r"the weights are of torch\.bfloat16"):
        halved.export_onnx(tmp_path)

    class Stubborn(BertForSequenceClassification):
        def forward(self, input_ids, **inputs):
            if int(input_ids.sum()) > 0:
                return super().forward(input_ids, **inputs)
            return super().forward(input_ids + 1, **inputs)

    config = classifier.model.config
    stubborn = SelectiveClassifier(Stubborn(BertConfig(**config.to_dict())).eval(), classifier.processor)
    with pytest.raises(InputError, match="Stubborn cannot be written as ONNX"):
        stubborn.export_onnx(tmp_path)
    with pytest.raises(InputError, match=r"there is no onnx\.json"):
        SelectiveClassifier.from_onnx(tmp_path)
    with pytest.warns(UserWarning, match="no validation logits"), monkeypatch.context() as patched:
        patched.setattr(onnx_export, "MOST_DIFFERENCE", -1.0)
        with pytest.raises(InputError, match=r"the logits of model\.onnx differ by .* from the model's"):
            classifier.export_onnx(tmp_path)
    assert not (tmp_path / "abstention.json").exists()


def test_a_rule_that_knew_no_weights_knows_them_in_the_folder(exported):
    assert exported[0].rule is not None
    assert rule_of(image_classifier(), images()).weights_sha256 is None
    assert len(SelectiveClassifier.from_onnx(exported[1]).rule.weights_sha256) == 64


def test_no_logits_of_other_weights_stay_beside_the_file(tmp_path):
    made, other = image_classifier(), image_classifier()
    logits, labels = 5 * np.eye(3, dtype=np.float32)[np.arange(300) % 3], np.arange(300) % 3
    made._validation = (logits, labels)
    folder = made.export_onnx(tmp_path)
    write_logits(folder / "logits", "test", logits, labels)
    made.export_onnx(folder)
    assert sorted(path.stem for path in (folder / "logits").iterdir()) == ["test", "validation"]
    with torch.no_grad():
        other.model.classifier[1].bias.add_(1)
    with pytest.warns(UserWarning, match="no validation logits are written"):
        SelectiveClassifier(other.model, other.processor).export_onnx(folder)
    assert not (folder / "logits").exists() and not (folder / "abstention.json").exists()


def test_a_rule_of_other_weights_is_not_exported(tmp_path):
    made = image_classifier()
    made.save_pretrained(tmp_path / "saved")
    with torch.no_grad():
        made.model.classifier[1].bias.add_(1)
    with pytest.raises(InputError, match="belong to other weights than the model's"):
        made.export_onnx(tmp_path / "onnx")
    assert not (tmp_path / "onnx" / "onnx.json").exists()
