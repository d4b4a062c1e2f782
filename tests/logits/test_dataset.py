import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, load_dataset

from abstain import InputError, read_logits, write_logits
from abstain.logits.dataset import sample_of_each_row


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


def test_several_row_groups_are_read_in_order(tmp_path):
    logits = np.arange(60, dtype=np.float32).reshape(20, 3)
    table = pa.table({"logits": pa.FixedSizeListArray.from_arrays(logits.ravel(), 3), "label": np.arange(20) % 3})
    pq.write_table(table, tmp_path / "test.parquet", row_group_size=7)
    read, labels = read_logits(tmp_path, "test")
    assert np.array_equal(read, logits) and np.array_equal(labels, np.arange(20) % 3)


def test_lists_of_any_length_are_read_if_all_are_equal(tmp_path):
    Dataset.from_dict({"logits": [[1.0, 2.0], [3.0, 4.0]], "label": [0, 1]}).to_parquet(str(tmp_path / "test.parquet"))
    assert read_logits(tmp_path, "test")[0].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    Dataset.from_dict({"logits": [[1.0], [2.0, 3.0, 4.0]], "label": [0, 1]}).to_parquet(str(tmp_path / "test.parquet"))
    with pytest.raises(InputError, match="different numbers of logits"):
        read_logits(tmp_path, "test")


def test_what_is_missing_is_named(tmp_path, logits_and_labels):
    with pytest.raises(InputError, match="does not exist"):
        read_logits(tmp_path / "nowhere", "test")
    write_logits(tmp_path, "validation", *logits_and_labels)
    with pytest.raises(InputError, match=r"no split 'test' in .*: it has validation"):
        read_logits(tmp_path, "test")


def test_a_parquet_file_of_something_else_is_refused(tmp_path):
    Dataset.from_dict({"text": ["a"]}).to_parquet(str(tmp_path / "test.parquet"))
    with pytest.raises(InputError, match="has the columns text, but must have `logits` and `label`"):
        read_logits(tmp_path, "test")


def test_bad_logits_are_not_written(tmp_path):
    with pytest.raises(InputError, match="2 rows of logits and 1 labels"):
        write_logits(tmp_path, "test", np.zeros((2, 3)), [0])
    assert not list(tmp_path.iterdir())


def test_of_which_sample_a_row_is_stands_beside_it(tmp_path):
    write_logits(tmp_path, "pixels", np.eye(3), [0, 1, 2], sample=[4, 4, 7])
    write_logits(tmp_path, "rows", np.eye(3), [0, 1, 2])
    write_logits(tmp_path, "one", np.eye(3), [0, 1, 2], sample=[4, 4, 4])
    assert sample_of_each_row(tmp_path, "pixels").tolist() == [4, 4, 7]
    assert sample_of_each_row(tmp_path, "rows") is sample_of_each_row(tmp_path, "one") is None
    with pytest.raises(InputError, match="there is no split 'other'"):
        sample_of_each_row(tmp_path, "other")
