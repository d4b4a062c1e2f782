"""What the page takes: kinds of files, their limits, and what is typed beside them."""

import gzip
import itertools
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abstain import InputError

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 1.0, 3.0], [1.0, 1.0, -1.0]])
LABELS = np.array([0, 2, 1])
BESIDE = {
    "a row of labels": (LOGITS, LABELS),
    "a column of labels": (LOGITS, LABELS[:, None].astype(float)),
    "one-hot labels": (LOGITS, np.eye(3)[LABELS]),
    "several labels a sample": (np.arange(24.0).reshape(2, 3, 4) / 7, np.array([[0.0, 1, 2], [2, 1, 3]])),
    "one logit": (np.array([[0.5], [-0.5], [1.5]]), LABELS[:, None] // 2),
}
"""Values of the classes, and labels that lie apart."""


def saved(tmp_path, *arrays):
    paths = [tmp_path / f"{name}.npy" for name in "ab"]
    for path, array in zip(paths, arrays, strict=True):
        np.save(path, array)
    return paths


@pytest.mark.parametrize("what", BESIDE)
def test_two_npy_files_may_come_in_any_order(uploads, tmp_path, what):
    paths = saved(tmp_path, *BESIDE[what])
    first, second = (uploads.read_upload(order) for order in (paths, paths[::-1]))
    assert np.array_equal(first.values, BESIDE[what][0].reshape(first.values.shape))
    assert np.array_equal(first.values, second.values) and np.array_equal(first.labels, second.labels)


def test_two_npy_files_that_may_both_be_labels_are_refused(uploads, tmp_path):
    with pytest.raises(InputError, match=r"'a.npy' and 'b.npy' hold as many numbers.*one \.npz"):
        uploads.read_upload(saved(tmp_path, np.eye(3), np.eye(3)[LABELS]))


@pytest.mark.parametrize("names", [["a.csv", "b.csv"], ["a.npy"], ["a.npy", "b.csv"], ["a.npy", "b.npy", "c.npy"]])
def test_other_numbers_of_files_are_refused(uploads, tmp_path, names):
    with pytest.raises(InputError, match=r"but must be one \.csv.*or two \.npy files at once"):
        uploads.read_upload([tmp_path / name for name in names])


def test_what_is_typed_is_told_and_what_is_left_empty_is_not(uploads):
    typed = {"input": None, "label_column": " y ", "class_axis": "-1", "ignore_index": " ", "logit_columns": ""}
    assert uploads.as_told(typed) == {"label_column": "y", "class_axis": -1}
    assert uploads.as_told({"ignore_index": "0"}) == {"ignore_index": 0}
    for wrong in ("one", "1.5", "1e3", "9" * 30, "²"):
        with pytest.raises(InputError, match="must be a whole number, such as -100, or empty"):
            uploads.as_told({"ignore_index": wrong})


def test_what_is_too_large_is_refused_with_the_limit(uploads, tmp_path):
    paths = [tmp_path / "test.csv", tmp_path / "validation.csv"]
    for path in paths:
        with path.open("wb") as file:
            file.truncate(101 * 10**6)  # takes no room on the disk
    uploads.check_limits(paths[:1])
    with pytest.raises(InputError, match="is 202 MB in size, but at most 200 MB are taken: give fewer rows"):
        uploads.check_limits(paths)


def test_an_archive_that_unpacks_to_too_much_is_refused(uploads, tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("logits.npy", "w") as member:
            for _ in range(101):
                member.write(bytes(10**7))
    assert path.stat().st_size < 10**7
    with pytest.raises(InputError, match="is 1,010 MB unpacked, but at most 1000 MB"):
        uploads.check_limits([path])


def test_a_table_that_unpacks_to_too_much_is_refused(uploads, tmp_path):
    rows = pa.ListArray.from_arrays(pa.array([0, 130_000_000], pa.int32()), pa.nulls(130_000_000, pa.int8()))
    pq.write_table(pa.table({"logits": rows, "label": [0]}), tmp_path / "bomb.parquet")
    with pytest.raises(InputError, match="is 1,040 MB unpacked, but at most 1000 MB"):
        uploads.check_limits([tmp_path / "bomb.parquet"])


def test_text_that_unpacks_to_too_much_is_refused_whatever_it_says_of_its_size(uploads, tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "UNPACKED_LIMIT_MB", 3)  # not to wait for a thousand
    paths = [tmp_path / "fits.csv.gz", tmp_path / "bomb.csv.gz"]
    for path, megabytes in zip(paths, (2, 5), strict=True):
        parts = [gzip.compress(bytes(10**6)) for _ in range(megabytes)]
        path.write_bytes(b"".join(parts))  # the last part says 1 MB
    uploads.check_limits(paths[:1])
    with pytest.raises(InputError, match="MB unpacked, but at most 3 MB"):
        uploads.check_limits(paths[1:])


def test_a_damaged_file_is_left_to_its_reader(uploads, tmp_path):
    paths = [tmp_path / f"broken.{kind}" for kind in ("npz", "parquet", "csv.gz", "npy")]
    for path in paths:
        path.write_text("nothing")
    uploads.check_limits([*paths, tmp_path / "missing.csv"])
    for pair in itertools.permutations([paths[-1], *saved(tmp_path, LOGITS, LABELS)[:1]]):
        with pytest.raises(InputError, match=r"broken\.npy' cannot be read"):
            uploads.read_upload(pair)


def test_folders_are_taken_out_of_sentences(uploads, tmp_path):
    files = [tmp_path / "one" / "a.csv", tmp_path / "two" / "b.csv"]
    with pytest.raises(InputError, match=r"^neither 'a.csv' nor 'b.csv'$"), uploads.without_folders(files):
        raise InputError(f"neither {str(files[0])!r} nor {str(files[1])!r}")


def test_an_upload_is_deleted_with_its_own_folder_alone(uploads, tmp_path):
    for folder in ("mine", "shared"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "data.csv").touch()
    (tmp_path / "shared" / "other.csv").touch()
    uploads.forget([str(tmp_path / "mine" / "data.csv"), str(tmp_path / "shared" / "data.csv")])
    assert [path.name for path in tmp_path.rglob("*")] == ["shared", "other.csv"]
