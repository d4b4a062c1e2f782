import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value, load_dataset
from PIL import Image as PILImage

from abstain import InputError
from abstain.data.decoding import DECODED, decode_pair, read_image, read_images, skip_bad_images

FEATURES = Features({"image": Image(), "label": ClassLabel(names=["a", "b"])})
PAIRS = Features({"image": Image(), "annotation": Image()})


@pytest.fixture
def files(tmp_path):
    """Paths of a whole image, one that is cut off, and masks of the right size, of another, and of three channels."""
    PILImage.new("RGB", (9, 6), (10, 20, 30)).save(tmp_path / "whole.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "whole.png").read_bytes()[:40])
    PILImage.new("L", (9, 6), 3).save(tmp_path / "mask.png")
    PILImage.new("L", (6, 9), 3).save(tmp_path / "other.png")
    return lambda *names: [None if name is None else str(tmp_path / f"{name}.png") for name in names]


def images(paths):
    return Dataset.from_dict({"image": paths, "label": [0] * len(paths)}, features=FEATURES)


def pairs(paths, masks):
    return Dataset.from_dict({"image": paths, "annotation": masks}, features=PAIRS)


def test_an_image_is_read_as_rgb_and_no_other_column_is_decoded(files):
    row = {"image": files("mask"), "other": files("broken")}
    dataset = Dataset.from_dict(row, features=Features({"image": Image(), "other": Image()}))
    image = read_image(dataset, 0)
    assert image.mode == "RGB" and image.size == (9, 6) and image.getpixel((0, 0)) == (3, 3, 3)
    with pytest.raises(InputError, match="image 0 does not decode"):
        read_image(dataset, 0, column="other")


def test_sixteen_bits_a_pixel_are_scaled_not_clipped(tmp_path):
    PILImage.fromarray(np.array([[0, 256], [32_768, 65_535]], np.uint16)).save(tmp_path / "deep.png")
    assert np.array(read_image(images([str(tmp_path / "deep.png")]), 0))[..., 0].tolist() == [[0, 1], [128, 255]]


def test_an_image_that_does_not_decode_is_named_with_its_split_and_file(files):
    dataset = images(files("whole", "broken", None))
    with pytest.raises(InputError, match=r"^image 1 does not decode \(split 'test', file .*broken\.png\): \S"):
        read_image(dataset, 1, split="test")
    with pytest.raises(InputError, match=r"^image 2 does not decode: "):
        read_image(dataset, 2)


def test_images_are_read_a_few_at_a_time_as_each_by_itself(files):
    dataset = images(files("whole", "broken", "mask", None) * DECODED)
    rows = list(reversed(range(DECODED + 2)))
    read = list(read_images(dataset, rows, split="test"))
    assert [[*sorted(good | bad, reverse=True)] for good, bad in read] == [rows[:DECODED], rows[DECODED:]]
    for good, bad in read:
        for row, image in good.items():
            assert row % 2 == 0 and np.array_equal(np.array(image), np.array(read_image(dataset, row)))
        for row, message in bad.items():
            with pytest.raises(InputError) as error:
                read_image(dataset, row, split="test")
            assert row % 2 == 1 and message == str(error.value)


def test_a_pair_is_an_image_and_the_ids_of_its_mask(files):
    image, ids = decode_pair(pairs(files("whole"), files("mask")), 0)
    assert image.shape == (6, 9, 3) and image[0, 0].tolist() == [10, 20, 30]
    assert ids.shape == (6, 9) and (ids == 3).all()


@pytest.mark.parametrize(
    ("image", "mask", "message"),
    [
        ("broken", "mask", r"image 0 does not decode \(file .*broken"),
        ("whole", "broken", r"the mask of image 0 does not decode \(file .*broken"),
        ("whole", None, "the mask of image 0 does not decode: it is empty"),
        ("whole", "other", r"mask of image 0 has shape \(9, 6\) and the image \(6, 9\)"),
        ("whole", "whole", r"mask of image 0 has shape \(6, 9, 3\).*one channel"),
    ],
)
def test_bad_pairs_are_named_and_left_out(files, image, mask, message):
    dataset = pairs(files("whole", image), files("mask", mask))
    with pytest.raises(InputError, match=message):
        decode_pair(dataset.select([1]), 0)
    data = DatasetDict(train=dataset, test=dataset.select([0]))
    assert skip_bad_images(data) == {"train": 1, "test": 0}
    assert decode_pair(data["train"], 0)[0].shape == (6, 9, 3) and len(data["train"]) == 1
    with pytest.raises(InputError, match="none of the 1 images of the split 'train' decodes"):
        skip_bad_images(DatasetDict(train=dataset.select([1])))


def test_bad_images_are_left_out_and_counted(files):
    data = DatasetDict(test=images(files("whole", "broken", None, "mask")), train=images(files("whole")))
    assert skip_bad_images(data) == {"test": 2, "train": 0}
    assert [read_image(data["test"], index).getpixel((0, 0)) for index in (0, 1)] == [(10, 20, 30), (3, 3, 3)]


def test_the_answer_is_kept_in_the_cache_of_the_library(files, tmp_path):
    """The second time it is read, not found out: by then the images are gone."""
    paths = files("whole", "broken", "whole")
    features = Features({"image": Value("string"), "label": Value("int64")})
    Dataset.from_dict({"image": paths, "label": [0, 1, 0]}, features=features).to_parquet(tmp_path / "train.parquet")

    def skipped():
        data = load_dataset("parquet", data_files=str(tmp_path / "train.parquet"), cache_dir=str(tmp_path / "cache"))
        data["train"] = data["train"].cast_column("image", Image())
        return skip_bad_images(data)

    assert skipped() == {"train": 1}
    (tmp_path / "whole.png").unlink()
    assert skipped() == {"train": 1}
