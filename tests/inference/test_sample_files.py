import gzip
import io
import json
import os
import sys
from itertools import islice

import pandas as pd
import pytest
from datasets import Dataset
from PIL import Image
from ready_classifiers import images

from abstain import InputError
from abstain.inference.sample_files import check_files_exist, samples_of_files

REVIEWS = ["good film", "", 'a "bad", one', "007"]


@pytest.fixture
def reviews(tmp_path):
    """The same texts in files of every kind."""
    frame = pd.DataFrame({"id": range(4), "text": REVIEWS})
    frame.to_csv(tmp_path / "reviews.csv", index=False)
    frame.to_csv(tmp_path / "reviews.tsv", index=False, sep="\t")
    frame.to_csv(tmp_path / "semicolons.csv", index=False, sep=";")
    frame.to_csv(tmp_path / "reviews.csv.gz", index=False)
    frame.to_parquet(tmp_path / "reviews.parquet")
    frame.to_json(tmp_path / "reviews.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "reviews.jsonl.gz", orient="records", lines=True)
    Dataset.from_pandas(frame).save_to_disk(tmp_path / "reviews")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "reviews.csv",
        "reviews.tsv",
        "semicolons.csv",
        "reviews.csv.gz",
        "reviews.parquet",
        "reviews.jsonl",
        "reviews.jsonl.gz",
        "reviews",
    ],
)
def test_texts_are_cells_of_a_column_as_they_stand(reviews, name):
    file = str(reviews / name)
    assert list(samples_of_files("texts", [file])) == [(f"{file}:{i}", text) for i, text in enumerate(REVIEWS, 1)]
    assert [sample for _, sample in samples_of_files("texts", [file, file], "text")] == REVIEWS * 2


def test_a_text_file_has_one_a_line(tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("\ufeffgood film\n\n  bad \n", encoding="utf-8")
    assert list(samples_of_files("texts", [str(file)])) == [(f"{file}:1", "good film"), (f"{file}:3", "bad")]


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.parquet", "rows.jsonl"])
def test_rows_keep_their_types(tmp_path, name):
    frame = pd.DataFrame({"age": [30, 40, 50], "job": ["cook", "nurse", None]})
    write = {"parquet": frame.to_parquet, "jsonl": lambda p: frame.to_json(p, orient="records", lines=True)}
    write.get(name.split(".")[1], lambda path: frame.to_csv(path, index=False))(tmp_path / name)
    found = [row for _, row in samples_of_files("tables", [str(tmp_path / name)])]
    assert [row["age"] for row in found] == [30, 40, 50] and [row["job"] for row in found[:2]] == ["cook", "nurse"]
    assert pd.isna(found[2]["job"])


def test_folders_give_their_images_in_the_order_of_their_names(tmp_path):
    for name in ("b/2.png", "b/10.PNG", "a.jpg", "b/notes.txt", "c/deep/x.webp"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x") if path.suffix == ".txt" else images(1)[0].save(path)
    single = tmp_path / "one.bmp"
    Image.new("RGB", (4, 4)).save(single)
    found = list(samples_of_files("images", [str(single), str(tmp_path / "photos"), "https://x.y/z.png"]))
    names = [name.removeprefix(f"{tmp_path}/") for name, _ in found]
    assert names == ["one.bmp", "photos/a.jpg", "photos/b/10.PNG", "photos/b/2.png", "photos/c/deep/x.webp", names[-1]]
    assert found[-1] == ("https://x.y/z.png", "https://x.y/z.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no images"):
        list(samples_of_files("pixels", [str(tmp_path / "empty")]))


def test_files_are_read_as_they_are_asked_for(tmp_path):
    """A file of which only the beginning is there yet, and what comes after it is broken."""
    lines = "".join(json.dumps({"text": f"text {index}"}) + "\n" for index in range(5000))
    (tmp_path / "long.jsonl").write_text(lines + "{broken")
    stream = samples_of_files("texts", [str(tmp_path / "long.jsonl")])
    assert [sample for _, sample in islice(stream, 3)] == ["text 0", "text 1", "text 2"]
    with pytest.raises(InputError, match=r"long\.jsonl' cannot be read"):
        list(stream)


@pytest.mark.parametrize(
    ("kind", "name", "column", "message"),
    [
        ("texts", "photo.png", None, "holds no texts that are read here: give a file that ends in one of .txt"),
        ("tables", "lines.txt", None, "holds no tables"),
        ("tables", "reviews.csv", "text", "column is 'text', but the model classifies tables"),
        ("images", "photo.png", "text", "column is 'text', but the model classifies images without one"),
        ("images", "reviews.parquet", None, "has the columns of images none, but needs one of images"),
        ("images", "reviews.parquet", "text", "has the columns of images none, but needs 'text' of images"),
        ("tables", "begins.jsonl", None, r"begins\.jsonl': the line 1 is 3, but must be JSON with keys"),
        ("texts", "data", None, "holds no texts that are read here"),
        ("texts", "reviews.csv", "words", "has the columns id, text: say which holds the texts by column="),
        ("texts", "nothing.csv", None, "has the columns a, b: say which"),
        ("texts", "broken.parquet", None, "cannot be read"),
        ("texts", "latin.txt", None, "cannot be read"),
        ("texts", "list.jsonl", "text", r"list\.jsonl': the line 2 is .* must be JSON with the key 'text'"),
        ("tables", "ragged.csv", None, "cannot be read"),
        ("tables", "empty.csv", None, "cannot be read"),
        ("tables", "cut.csv.gz", None, "cannot be read"),
        ("tables", "header.csv", None, r"header\.csv': it holds no rows: give another one"),
        ("texts", "blank.txt", None, r"blank\.txt': it holds no texts: give another one"),
    ],
)
def test_what_is_not_read_is_one_sentence(reviews, kind, name, column, message):
    (reviews / "nothing.csv").write_text("a,b\n1,2\n")
    (reviews / "broken.parquet").write_bytes(b"PAR1 no")
    (reviews / "latin.txt").write_bytes("schön".encode("latin-1"))
    (reviews / "list.jsonl").write_text('{"text": "a"}\n["text"]\n')
    (reviews / "ragged.csv").write_text("a,b\n1,2\n1,2,3,4\n")
    (reviews / "empty.csv").write_text("")
    (reviews / "header.csv").write_text("a,b\n")
    (reviews / "blank.txt").write_text("\n \n")
    (reviews / "begins.jsonl").write_text("3\n")
    (reviews / "data").mkdir()
    (reviews / "cut.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 99)[:25])
    with pytest.raises(InputError, match=message):
        list(samples_of_files(kind, [str(reviews / name)], column))


def test_a_path_that_leads_nowhere_is_refused_before_all_else(reviews):
    check_files_exist([str(reviews), str(reviews / "reviews.csv"), "https://x.y/z.png"])
    with pytest.raises(InputError, match="there is no file 'nowhere"):
        check_files_exist(["https://x.y/z.png", "nowhere.png"])
    check_files_exist(["-"])
    with pytest.raises(InputError, match="'-' is given twice, but standard input is read once"):
        check_files_exist(["-", "-"])


@pytest.fixture
def typed(monkeypatch):
    """A function that makes a text what comes from standard input."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.mark.parametrize(
    ("kind", "text", "column", "samples"),
    [
        ("texts", "\ufeffgood film\n\n bad\r\n", None, [("-:1", "good film"), ("-:3", "bad")]),
        ("texts", "id,review\n1,good film\n2,007\n", "review", [("-:1", "good film"), ("-:2", "007")]),
        ("texts", '\n{"review": "good"}\n\n{"review": "bad"}', "review", [("-:2", "good"), ("-:4", "bad")]),
        ("texts", '"two\nlines",1\n', None, [("-:1", '"two'), ("-:2", 'lines",1')]),
        ("texts", 'a,text\n1,"two\r\nlines"\n', "text", [("-:1", "two\r\nlines")]),
        ("tables", "age;job\n30;cook\n", None, [("-:1", {"age": 30, "job": "cook"})]),
        ("tables", '{"age": 30, "job": null}\n', None, [("-:1", {"age": 30, "job": None})]),
        ("images", "a.png\n\nhttps://x.y/z.png\n", None, [(n, n) for n in ("a.png", "https://x.y/z.png")]),
    ],
)
def test_samples_come_from_standard_input(typed, kind, text, column, samples):
    typed(text)
    assert list(samples_of_files(kind, ["-"], column)) == samples


def test_standard_input_is_read_as_it_comes(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(reading) as standard_input, os.fdopen(writing, "w", buffering=1) as typed:
        monkeypatch.setattr(sys, "stdin", standard_input)
        stream = samples_of_files("texts", ["-"])
        for number, text in enumerate(("good", "bad"), 1):
            typed.write(f"{text}\n")
            assert next(stream) == (f"-:{number}", text)
        typed.close()
        assert list(stream) == []


@pytest.mark.parametrize(
    ("kind", "text", "column", "message"),
    [
        ("tables", "", None, "standard input cannot be read"),
        ("texts", "\n", None, "standard input: it holds no texts"),
        ("images", "", None, "standard input: it holds no images"),
        ("tables", '{"a": 1}\n{1\n', None, "standard input cannot be read"),
        ("texts", "a,b\n1,2\n", "text", "standard input has the columns a, b: say which"),
        ("images", "a.png\n", "text", "column is 'text', but the model classifies images without one"),
    ],
)
def test_what_cannot_be_read_of_standard_input_is_one_sentence(typed, kind, text, column, message):
    typed(text)
    with pytest.raises(InputError, match=message):
        list(samples_of_files(kind, ["-"], column))
