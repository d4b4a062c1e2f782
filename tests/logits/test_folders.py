import re

import pytest

from abstain import InputError
from abstain.logits.folders import files_of, pick_split

KINDS = [".parquet", ".csv", ".csv.gz"]


def touched(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    "names",
    [
        ["test.parquet"],
        ["test.csv.gz", "README.md", ".test.csv", "_SUCCESS"],
        ["data/test-00000-of-00001.parquet"],
        ["data/test-00000-of-00002.parquet", "data/test-00001-of-00002.parquet"],
        ["test-00000-of-00002-0123abcd.parquet", "test-00001-of-00002-89ef.parquet"],
        ["test/part-00000-of-00002.parquet", "test/part-00001-of-00002.parquet"],
        ["default/test/0000.parquet", "default/test/0001.parquet"],
        ["test/part-00000-77aa-c000.snappy.parquet", "test/part-00001-77aa-c000.snappy.parquet"],
    ],
)
def test_the_files_of_a_split_in_order_whatever_lies_beside_them(tmp_path, names):
    touched(tmp_path, *names[::-1], "train-00000-of-00001.parquet", "validation.csv")
    wanted = [name for name in names if name.endswith(tuple(KINDS)) and not name.startswith(".")]
    assert [str(path.relative_to(tmp_path)) for path in files_of(tmp_path, "test", KINDS)] == wanted
    with pytest.raises(InputError, match=r"holds the splits test, train, validation: name one with split="):
        files_of(tmp_path, None, KINDS)
    with pytest.raises(InputError, match="has no split 'tset': did you mean 'test'"):
        files_of(tmp_path, "tset", KINDS)


def test_the_only_split_needs_no_name(tmp_path):
    assert len(files_of(touched(tmp_path / "a", "mine.csv"), None, KINDS)) == 1
    shards = touched(tmp_path / "b", "part-00000-of-00002.parquet", "part-00001-of-00002.parquet")
    assert len(files_of(shards, None, KINDS)) == 2


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["README.md"], "holds no file of predictions: they end in .csv, .csv.gz, .parquet"),
        (["part-00001-of-00003.parquet", "part-00002-of-00003.parquet"], "holds 2 of 3 shards and lacks shard 0"),
        (["t-00000-of-00001-ab.csv", "t-00000-of-00001-cd.csv"], "holds 2 of 1 shards and holds one shard twice"),
        (["t-00000-of-00001.csv", "t-00000-of-00002.csv"], "holds both t-00000-of-00001.csv and t-00000-of-00002.csv"),
        (
            ["test.csv", "test.parquet"],
            "both test.csv and test.parquet for one split: give the one that is meant",
        ),
        (["test.parquet", "test/part-00000-of-00001.parquet"], "holds both"),
    ],
)
def test_what_is_incomplete_or_double_is_refused(tmp_path, names, message):
    with pytest.raises(InputError, match=re.escape(message)):
        files_of(touched(tmp_path, *names), None, KINDS)


def test_a_split_of_one_is_taken():
    assert pick_split({"test": 0}, None, "it") == "test"


def test_a_log_of_answers_is_a_split_called_as_its_task(tmp_path):
    names = ["m/samples_arc_easy_2026-11-25T20-23-59.586643.jsonl", "m/samples_qa_2026-11-25T20-23-59.586643.jsonl"]
    touched(tmp_path, *names, "m/results_2026-11-25T20-23-59.586643.json")
    assert files_of(tmp_path, "arc_easy", [".jsonl"]) == [tmp_path / names[0]]
    with pytest.raises(InputError, match="holds the splits arc_easy, qa: name one"):
        files_of(tmp_path, None, [".jsonl"])
    touched(tmp_path, "m/samples_qa_2026-11-26T20-23-59.1.jsonl")
    with pytest.raises(InputError, match="for one split: give the one"):
        files_of(tmp_path, "qa", [".jsonl"])
