import pytest
import torch
from answering import parts_of

from abstain import AbstentionRule, InputError, SelectiveClassifier
from abstain.inference.weights import weights_sha256

OTHER = "the rule and the validation logits belong to other weights than the model's"


@pytest.fixture
def saved(tmp_path):
    """(the folder of a classifier, it as it is read from there)."""
    model, processor, samples, labels = parts_of("vit", tmp_path / "parts")
    made = SelectiveClassifier.from_model(model, processor, (samples, labels), target_risk=0.9)
    folder = made.save_pretrained(tmp_path / "saved")
    return folder, SelectiveClassifier.from_pretrained(folder, device="cpu")


def change(classifier):
    with torch.no_grad():
        classifier.model.classifier.bias.add_(1)


def test_the_same_weights_keep_their_rule_however_they_are_written(saved, tmp_path):
    folder, classifier = saved
    classifier.model.save_pretrained(folder, max_shard_size="4KB")  # the same in parts
    (folder / "model.safetensors").unlink(missing_ok=True)
    classifier.rule.belonging_to(folder).save(folder)
    again = SelectiveClassifier.from_pretrained(folder, device="cpu")
    for name in ("first", "second"):
        other = again.save_pretrained(tmp_path / name)
        rule = AbstentionRule.load(other)
        assert rule.weights_sha256 == weights_sha256(other) != weights_sha256(folder)
        assert (other / "logits" / "validation.parquet").is_file()
    again.save_pretrained(folder)
    assert AbstentionRule.load(folder).operating_point == classifier.rule.operating_point


@pytest.mark.parametrize("place", ["elsewhere", "saved"])
def test_weights_that_were_changed_are_saved_without_what_is_known_of_others(saved, tmp_path, place):
    _, classifier = saved
    change(classifier)
    with pytest.raises(InputError, match=OTHER):
        classifier.save_pretrained(tmp_path / place)
    folder = tmp_path / place
    assert (folder / "model.safetensors").is_file()
    assert not (folder / "abstention.json").exists() and not (folder / "logits").exists()


@pytest.mark.filterwarnings("ignore:the rule of .* was fitted on what its weights say in torch.float32")
def test_another_precision_is_other_weights(saved, tmp_path):
    folder, _ = saved
    with pytest.raises(InputError, match=OTHER):
        SelectiveClassifier.from_pretrained(folder, device="cpu", dtype="bfloat16").save_pretrained(tmp_path / "half")


def test_a_rule_of_another_model_is_not_written_beside_this_one(saved, tmp_path):
    folder, classifier = saved
    change(classifier)
    foreign = SelectiveClassifier(classifier.model, classifier.processor, AbstentionRule.load(folder))
    with pytest.raises(InputError, match=OTHER):
        foreign.save_pretrained(tmp_path / "foreign")
    other = SelectiveClassifier(classifier.model, classifier.processor).save_pretrained(tmp_path / "other")
    with pytest.warns(UserWarning, match="never abstains"):
        loaded = SelectiveClassifier.from_pretrained(other, device="cpu")
    loaded.rule = AbstentionRule.load(folder)
    with pytest.raises(InputError, match=OTHER):
        loaded.save_pretrained(tmp_path / "loaded")


def test_who_has_no_rule_may_change_the_weights(saved, tmp_path):
    _, classifier = saved
    change(classifier)
    folder = SelectiveClassifier(classifier.model, classifier.processor).save_pretrained(tmp_path / "plain")
    with pytest.warns(UserWarning, match="never abstains"):
        loaded = SelectiveClassifier.from_pretrained(folder, device="cpu")
    change(loaded)
    assert loaded.save_pretrained(tmp_path / "again").is_dir()
