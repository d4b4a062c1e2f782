import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel

from abstain import InputError, read_logits, read_predictions, write_logits
from abstain.hub.logits_dataset import config_name, files_of, logits_dataset
from abstain.logits.dataset import shard_name

NAMES = ("cat", "dog", "owl")


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for split, n in (("validation", 6), ("test", 9)):
        logits = generator.normal(size=(n, 3)).astype(np.float32)
        write_logits(tmp_path / "logits", split, logits, np.arange(n) % 3, sample=np.arange(n) // 3)
    return tmp_path


def test_it_holds_what_the_files_hold_with_the_names_of_the_classes(folder):
    data = logits_dataset(folder, NAMES)
    assert list(data) == ["validation", "test"] and data["test"].features["label"] == ClassLabel(names=list(NAMES))
    for split in data:
        logits, labels = read_logits(folder / "logits", split)
        found = read_predictions(data[split])
        assert np.array_equal(found.values, logits) and found.labels.tolist() == labels.tolist()
        assert found.class_names == NAMES and found.kind == "logits"
        assert found.sample.tolist() == [row // 3 for row in range(len(labels))]
    assert list(files_of(data, "mine"))[1][:2] == ("mine/test-*.parquet", 9)


def test_one_logit_has_two_classes(tmp_path):
    write_logits(tmp_path / "logits", "test", np.array([[0.5], [-1.0]]), [1, 0])
    data = logits_dataset(tmp_path, ("no", "yes"))
    assert data["test"]["label"][:] == [1, 0] and np.shape(data["test"]["logits"][:]) == (2, 1)


def test_a_folder_without_logits_has_none(tmp_path):
    assert logits_dataset(tmp_path, NAMES) is None


def test_a_label_that_is_no_class_is_refused(folder):
    with pytest.raises(InputError, match="'validation' has the label 2, but the model has 2 classes"):
        logits_dataset(folder, NAMES[:2])


def test_configurations_have_names_that_datasets_allows():
    assert config_name("user/resnet-20.v1") == "resnet-20.v1" and config_name("user/a b") == "a_b"


def test_shards_keep_the_image_of_each_pixel(folder):
    whole = folder / "logits" / "test.parquet"
    table = pq.read_table(whole)
    for index, rows in enumerate((table.slice(0, 5), table.slice(5))):
        path = folder / "logits" / "test" / shard_name(index, 2)
        path.parent.mkdir(exist_ok=True)
        pq.write_table(rows, path)
    whole.unlink()
    data = logits_dataset(folder, NAMES)["test"]
    assert data["sample"][:] == [0, 0, 0, 1, 1, 1, 2, 2, 2] and len(data) == 9
