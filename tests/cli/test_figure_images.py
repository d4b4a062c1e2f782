import numpy as np
import pytest
from datasets import Dataset, Features, Image
from PIL import Image as Pictures
from ready_classifiers import image_classifier, pixel_classifier

from abstain import InputError, evaluate_logits, write_logits
from abstain.cli.figure_images import OF_IMAGES, confident_errors_of, rank_maps_of
from abstain.cli.labelled_images import LabelledImages
from abstain.cli.read_run import ReadRun, Wanted
from abstain.cli.runs import find_runs


def run_in(folder, images):
    """A run whose logits need not be those of the model beside them."""
    logits = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    write_logits(folder / "logits", "test", logits, np.arange(40) % 3)
    (place,) = find_runs([str(folder)])
    report = evaluate_logits(logits, np.arange(40) % 3)
    return ReadRun(report, None, place, Wanted(images), None, np.arange(40) % 3, "")


@pytest.fixture
def masks():
    random = np.random.default_rng(0)
    pictures = [Pictures.fromarray(random.integers(0, 256, (20, 30, 3), dtype=np.uint8)) for _ in range(4)]
    ids = random.integers(0, 3, (20, 30)).astype(np.uint8)
    ids[0] = 255
    features = Features({"image": Image(), "annotation": Image()})
    rows = {"image": pictures, "annotation": [Pictures.fromarray(ids)] * 4}
    return LabelledImages(Dataset.from_dict(rows, features=features), "image")


def test_maps_of_a_segmentation_model_lie_on_its_images(tmp_path, masks):
    classifier = pixel_classifier()
    classifier.save_pretrained(tmp_path)
    maps = rank_maps_of(run_in(tmp_path, masks))
    assert len(maps) == 3 and maps[0].counted.sum() == 19 * 30 and not maps[0].counted[0].any()
    image, mask = masks.dataset[0]["image"], np.array(masks.dataset[0]["annotation"])
    answer = classifier(image)
    assert np.array_equal(maps[0].wrong, (answer.labels != mask) & (mask != 255))
    assert OF_IMAGES["rank_maps"].draw({"LS": maps}, {}).axes
    assert OF_IMAGES["rank_maps"].told(maps)[0]["error"] == maps[0].error_rate


def test_what_maps_lack_is_said(tmp_path, masks):
    with pytest.raises(InputError, match="there is none beside the logits"):
        rank_maps_of(run_in(tmp_path, masks))
    with pytest.raises(InputError, match="in a column annotation: give images="):
        rank_maps_of(run_in(tmp_path, None))
    image_classifier().save_pretrained(tmp_path)
    with pytest.raises(InputError, match="it needs a segmentation model, and this one is for images"):
        rank_maps_of(run_in(tmp_path, masks))
    with pytest.raises(InputError, match="it needs images with a label each"):
        confident_errors_of(run_in(tmp_path, masks))
