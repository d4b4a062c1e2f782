import numpy as np
import pytest
from datasets import load_dataset

from abstain import InputError, read_logits, write_logits


def test_what_is_written_is_read_bit_for_bit(tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    path = write_logits(tmp_path / "new", "test", logits, labels)
    assert path == tmp_path / "new" / "test.parquet"
    assert [file.name for file in path.parent.iterdir()] == ["test.parquet"]
    read, read_labels = read_logits(tmp_path / "new", "test")
    assert read.dtype == np.float32 and np.array_equal(read, logits)
    assert read_labels.dtype == np.int64 and np.array_equal(read_labels, labels)


def test_datasets_reads_it_as_a_fixed_size_list(tmp_path, logits_and_labels):
    write_logits(tmp_path, "test", *logits_and_labels)
    dataset = load_dataset("parquet", data_files=str(tmp_path / "test.parquet"), cache_dir=str(tmp_path / "cache"))
    assert dataset["train"].features["logits"].length == 5


def test_more_rows_than_one_batch_are_read_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr("abstain.logits_dataset.BATCH_ROWS", 7)
    logits = np.arange(60, dtype=np.float32).reshape(20, 3)
    write_logits(tmp_path, "test", logits, np.arange(20) % 3)
    read, labels = read_logits(tmp_path, "test")
    assert np.array_equal(read, logits) and np.array_equal(labels, np.arange(20) % 3)


def test_what_is_missing_is_named(tmp_path, logits_and_labels):
    with pytest.raises(InputError, match="does not exist"):
        read_logits(tmp_path / "nowhere", "test")
    write_logits(tmp_path, "validation", *logits_and_labels)
    with pytest.raises(InputError, match=r"no split 'test' in .*: it has validation"):
        read_logits(tmp_path, "test")


def test_a_parquet_file_of_something_else_is_refused(tmp_path):
    from datasets import Dataset

    Dataset.from_dict({"text": ["a"]}).to_parquet(str(tmp_path / "test.parquet"))
    with pytest.raises(InputError, match="lacks the columns `logits` and `label`"):
        read_logits(tmp_path, "test")


def test_bad_logits_are_not_written(tmp_path):
    with pytest.raises(InputError, match="2 rows of logits and 1 labels"):
        write_logits(tmp_path, "test", np.zeros((2, 3)), [0])
    assert not list(tmp_path.iterdir())
