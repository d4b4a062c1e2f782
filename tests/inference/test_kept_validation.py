import numpy as np
import pytest
from ready_classifiers import image_classifier, pixel_classifier

from abstain import InputError, SelectiveClassifier, write_logits


def test_a_new_target_is_computed_from_what_is_kept_beside_the_model(tmp_path):
    logits, labels = 5 * np.eye(3, dtype=np.float32)[np.arange(300) % 3], np.arange(300) % 3
    classifier = image_classifier()
    classifier.save_pretrained(tmp_path)
    write_logits(tmp_path / "logits", "validation", logits, labels)
    loaded = SelectiveClassifier.from_pretrained(tmp_path, device="cpu")
    np.testing.assert_array_equal(loaded.validation_logits()[0], logits)
    other = loaded.with_target(0.1, 0.1)
    assert other.rule.operating_point.guaranteed and other.rule.operating_point.target_risk == 0.1
    assert other.rule.weights_sha256 == loaded.rule.weights_sha256 and other.rule.class_names == loaded.class_names
    assert loaded.rule.operating_point == classifier.rule.operating_point


def test_where_nothing_is_kept_it_is_said():
    with pytest.raises(InputError, match="keeps no validation logits"):
        image_classifier().with_target(0.1)


def test_no_guarantee_is_given_of_pixels():
    classifier = pixel_classifier()
    classifier._validation = 5 * np.eye(3, dtype=np.float32)[np.arange(300) % 3], np.arange(300) % 3
    assert classifier.with_target(0.5).rule.operating_point.target_risk == 0.5
    with pytest.raises(InputError, match="pixels of one image are not independent"):
        classifier.with_target(0.5, 0.1)


def test_logits_of_another_number_of_classes_are_refused(tmp_path):
    classifier = image_classifier()
    SelectiveClassifier(classifier.model, classifier.processor).save_pretrained(tmp_path)
    write_logits(
        tmp_path / "logits", "validation", 5 * np.eye(9, dtype=np.float32)[np.arange(300) % 9], np.arange(300) % 9
    )
    with pytest.raises(InputError, match="the rule was made for 9 classes, but the model has 3"):
        SelectiveClassifier.from_pretrained(tmp_path, target_risk=0.1, device="cpu")
