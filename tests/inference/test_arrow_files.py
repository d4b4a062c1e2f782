import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, DatasetDict, Features, Image, Value
from ready_classifiers import images

from abstain import InputError
from abstain.inference.arrow_files import is_arrow, parquet_images
from abstain.inference.sample_files import samples_of_files
from abstain.inference.samples import as_image

PICTURES = images(3)


def pictures(folder, *, column="picture"):
    """The same images in Parquet with the features of datasets and without, and as a data set of Arrow."""
    features = Features({"id": Value("int64"), column: Image()})
    data = Dataset.from_dict({"id": [1, 2, 3], column: PICTURES}, features=features)
    data.to_parquet(folder / "pictures.parquet")
    stored = [
        {"bytes": row["bytes"], "path": "/no/such.png"} for row in data.cast_column(column, Image(decode=False))[column]
    ]
    pd.DataFrame({"id": [1, 2, 3], column: stored}).to_parquet(folder / "plain.parquet")
    data.save_to_disk(folder / "arrow")
    return data


@pytest.mark.parametrize("name", ["pictures.parquet", "plain.parquet", "arrow", "arrow/data-00000-of-00001.arrow"])
@pytest.mark.parametrize("kind", ["images", "pixels"])
@pytest.mark.parametrize("column", [None, "picture"])
def test_images_come_out_of_parquet_and_arrow(tmp_path, name, kind, column):
    pictures(tmp_path)
    file = str(tmp_path / name)
    found = list(samples_of_files(kind, [file], column))
    assert [of_row for of_row, _ in found] == [f"{file}:{number}" for number in (1, 2, 3)]
    for (_, sample), image in zip(found, PICTURES, strict=True):
        assert np.array_equal(np.asarray(as_image(sample, 0)), np.asarray(image))


def test_several_columns_of_images_are_named(tmp_path):
    data = pictures(tmp_path)
    both = {"picture": Image(), "other": Image(), "id": Value("int64")}
    two = Dataset.from_dict({"picture": PICTURES, "other": PICTURES, "id": [1, 2, 3]}, features=Features(both))
    two.to_parquet(tmp_path / "two.parquet")
    for column, said in (
        (None, "has the columns of images picture, other, but needs one"),
        ("id", "needs 'id' of images"),
    ):
        with pytest.raises(InputError, match=said):
            list(samples_of_files("images", [str(tmp_path / "two.parquet")], column))
    assert len(list(samples_of_files("images", [str(tmp_path / "two.parquet")], "other"))) == 3
    with pytest.raises(InputError, match=r"arrow': there is no image column 'other'"):
        list(samples_of_files("images", [str(tmp_path / "arrow")], "other"))
    DatasetDict(train=data, test=data).save_to_disk(tmp_path / "splits")
    with pytest.raises(InputError, match=r"has the splits test, train: give one of them, such as .*splits/test"):
        list(samples_of_files("images", [str(tmp_path / "splits")]))
    assert len(list(samples_of_files("images", [str(tmp_path / "splits" / "test")]))) == 3


def test_texts_and_rows_come_out_of_arrow(tmp_path):
    Dataset.from_dict({"text": ["good", "bad"], "age": [1, 2]}).save_to_disk(tmp_path)
    file = str(tmp_path)
    assert is_arrow(file) and not is_arrow(str(tmp_path.parent)) and not is_arrow("nowhere.parquet")
    assert list(samples_of_files("texts", [file])) == [(f"{file}:1", "good"), (f"{file}:2", "bad")]
    assert [row for _, row in samples_of_files("tables", [file])] == [
        {"text": "good", "age": 1},
        {"text": "bad", "age": 2},
    ]


def test_of_an_image_that_is_not_stored_the_file_is_read_and_nothing_is_fetched(tmp_path):
    images(1)[0].save(tmp_path / "a.png")
    paths = [str(tmp_path / "a.png"), str(tmp_path / "b.png"), "http://localhost:9/a.png"]
    pd.DataFrame({"image": [{"bytes": None, "path": path} for path in paths]}).to_parquet(tmp_path / "paths.parquet")
    there, *gone = parquet_images(str(tmp_path / "paths.parquet"), None)
    assert np.array_equal(np.asarray(as_image(there, 0)), np.asarray(images(1)[0]))
    for sample in gone:
        with pytest.raises(InputError, match=r"sample 0 is the path '.*', where no file is"):
            as_image(sample, 0)
