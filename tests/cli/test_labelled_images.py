import numpy as np
import pytest
from datasets import Dataset, Features, Image, Value
from PIL import Image as Pictures

from abstain import InputError
from abstain.cli.labelled_images import LabelledImages
from abstain.data.splits import write_split


def picture(value):
    return Pictures.fromarray(np.full((2, 3, 3), value, np.uint8))


def test_names_of_classes_and_the_images_of_some_rows_are_read():
    images = LabelledImages.read("digits", "test")
    assert len(images.dataset) == len(images.labels) and images.column == "image" and len(images.class_names) == 10
    shown = images.of([5, 2, 5])
    assert set(shown) == {2, 5} and shown[2].size == (8, 8)


def test_labels_that_are_texts_and_masks_are_told(tmp_path):
    rows = {"photo": [picture(0), picture(9)], "label": ["dog", "cat"]}
    features = Features({"photo": Image(), "label": Value("string")})
    write_split(Dataset.from_dict(rows, features=features), tmp_path / "texts", "test")
    images = LabelledImages.read(str(tmp_path / "texts"), "test")
    assert images.class_names == ("cat", "dog") and images.labels.tolist() == [1, 0]
    both = {"image": [picture(0)], "annotation": [picture(1)]}
    masks = Dataset.from_dict(both, features=Features({"image": Image(), "annotation": Image()}))
    write_split(masks, tmp_path / "masks", "test")
    assert LabelledImages.read(str(tmp_path / "masks"), "test").labels is None
    with pytest.raises(InputError, match="there is no split 'train'"):
        LabelledImages.read(str(tmp_path / "masks"), "train")
