import base64
import functools
import io
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from abstain import InputError
from abstain._checks import ArgumentError
from abstain.data.decoding import read_image
from abstain.inference.samples import as_image, in_batches, in_order, is_one

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)
IMAGE = Image.fromarray(PIXELS)


@pytest.mark.parametrize(
    ("kind", "one", "several"),
    [
        ("images", ["a.png", Path("a.png"), IMAGE, PIXELS, PIXELS[:, :, 0]], [[IMAGE], PIXELS[None], iter([IMAGE])]),
        ("texts", ["a film", np.array("a film")], [["a film"], np.array(["a film"]), pd.Series(["a film"])]),
        ("tables", [{"age": 3}, pd.Series({"age": 3})], [[{"age": 3}], pd.DataFrame({"age": [3]})]),
    ],
)
def test_one_sample_is_told_from_several(kind, one, several):
    assert all(is_one(kind, sample) for sample in one)
    assert not any(is_one(kind, samples) for samples in several)
    data = datasets.Dataset.from_dict({"a": ["b"]})
    assert not any(is_one(kind, one) for one in (data, data.to_iterable_dataset(), datasets.DatasetDict(test=data)))


def test_samples_come_in_order_with_their_number_where_it_is_known():
    found, n = in_order("texts", ["a", "b", "c"])
    assert list(in_batches(found, 2)) == [["a", "b"], ["c"]] and n == 3
    found, n = in_order("texts", (text for text in "ab"))
    assert list(found) == ["a", "b"] and n is None
    found, n = in_order("tables", pd.DataFrame({"age": [1, 2]}))
    assert list(found) == [{"age": 1}, {"age": 2}] and n == 2


def test_a_data_set_gives_its_only_column_of_the_kind():
    texts = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]})
    assert list(in_order("texts", texts)[0]) == ["a", "b"] == list(in_order("texts", texts.with_format("torch"))[0])
    two = texts.add_column("title", ["x", "y"])
    assert list(in_order("texts", two, "title")[0]) == ["x", "y"]
    assert list(in_order("texts", two)[0]) == ["a", "b"], "of several the one called as its role"
    with pytest.raises(InputError, match="2 columns could be the text column"):
        in_order("texts", two.rename_column("text", "body"))
    rows = datasets.Dataset.from_dict({"age": [1, 2], "label": [0, 1]})
    assert list(in_order("tables", rows)[0]) == [{"age": 1, "label": 0}, {"age": 2, "label": 1}]


def test_a_stream_gives_the_column_of_a_usual_name():
    stream = datasets.Dataset.from_dict({"text": ["a", "b"], "id": ["x", "y"]}).to_iterable_dataset()
    found, n = in_order("texts", stream)
    assert list(found) == ["a", "b"] and n is None and list(in_order("texts", stream, "id")[0]) == ["x", "y"]
    with pytest.raises(ArgumentError, match="the stream has the columns body, id: say which holds the texts"):
        in_order("texts", stream.rename_column("text", "body"))
    assert next(in_order("tables", stream)[0]) == {"text": "a", "id": "x"}


@pytest.mark.parametrize(
    ("kind", "samples", "column", "said"),
    [
        ("texts", 3, None, "samples are 3, but must be texts"),
        ("texts", ["a"], "text", "only a data set has columns"),
        ("texts", pd.DataFrame({"a": ["b"]}), None, "the model classifies texts: give them as a list"),
        ("tables", datasets.Dataset.from_dict({"a": [1]}), "a", "a row of a table is taken whole"),
        ("texts", datasets.DatasetDict(test=datasets.Dataset.from_dict({"text": ["a"]})), None, "has the splits test"),
    ],
)
def test_what_are_no_samples_is_refused(kind, samples, column, said):
    with pytest.raises(ArgumentError, match=said):
        in_order(kind, samples, column)


def test_an_image_is_the_same_however_it_is_given(tmp_path):
    path = tmp_path / "a.png"
    IMAGE.save(path)
    buffer = io.BytesIO()
    IMAGE.save(buffer, format="PNG")
    inline = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    for given in (path, str(path), IMAGE, PIXELS, torch.from_numpy(PIXELS.copy()), inline, {"image": IMAGE}):
        assert np.array_equal(np.asarray(as_image(given, 0)), PIXELS)
    grey = np.asarray(as_image(PIXELS[:, :, 0], 0))
    assert np.array_equal(grey, np.asarray(as_image(PIXELS[:, :, :1], 0))) and grey.shape == (6, 4, 3)
    turned = Image.fromarray(PIXELS)
    turned.getexif()[0x0112] = 6  # held upright
    turned.save(tmp_path / "turned.jpg", exif=turned.getexif())
    assert as_image(tmp_path / "turned.jpg", 0).size == (6, 4)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("no/such.png", "sample 7 is the path 'no/such.png', where no file is"),
        (PIXELS.astype(float), "sample 7 is an array of float64, but must be uint8"),
        (
            np.zeros((3, 6, 5), np.uint8),
            r"sample 7 is an array of shape \(3, 6, 5\), but must be .* the channels stand last",
        ),
        (None, r"sample 7 \(None\)"),
        (b"abc", "sample 7"),
        ("data:image/png;base64,abcd", "cannot be read as an image"),
    ],
)
def test_what_is_no_image_is_named(given, said):
    with pytest.raises(InputError, match=said) as refused:
        as_image(given, 7)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_image_is_named(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="cannot be read as an image"):
        as_image(tmp_path / "a.png", 0)


def test_sixteen_bits_a_pixel_are_those_of_training(tmp_path):
    deep = Image.fromarray((np.arange(30, dtype=np.uint16) * 2000).reshape(6, 5))
    deep.save(tmp_path / "deep.png")
    expected = np.repeat((np.arange(30) * 2000 // 256).reshape(6, 5, 1), 3, axis=2)
    assert np.array_equal(np.asarray(as_image(tmp_path / "deep.png", 0)), expected)
    data = datasets.Dataset.from_dict({"image": [str(tmp_path / "deep.png")]}).cast_column("image", datasets.Image())
    assert np.array_equal(np.asarray(read_image(data, 0)), expected)
    stored = data.cast_column("image", datasets.Image(decode=False))[0]["image"]
    stored = {"bytes": (tmp_path / "deep.png").read_bytes(), "path": stored["path"]}
    assert np.array_equal(np.asarray(as_image(stored, 0)), expected)


def test_an_image_is_fetched_from_a_server_and_not_a_larger_one(tmp_path, monkeypatch):
    IMAGE.save(tmp_path / "a.png")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://localhost:{server.server_port}"
        assert np.array_equal(np.asarray(as_image(f"{address}/a.png", 0)), PIXELS)
        with pytest.raises(InputError, match=r"cannot be read as an image \(HTTPError\)"):
            as_image(f"{address}/b.png", 0)
        monkeypatch.setattr("abstain.inference.samples.MOST_BYTES", 20)
        with pytest.raises(InputError, match="sample 0 is an image of more than 20 bytes"):
            as_image(f"{address}/a.png", 0)
        server.shutdown()


@pytest.mark.parametrize(
    ("kind", "sample"),
    [
        ("texts", "good film"),
        ("images", "a.png"),
        ("images", PIXELS),
        ("tables", {"a": 1}),
        ("texts", np.array("good")),
    ],
)
def test_one_sample_is_not_taken_for_several(kind, sample):
    with pytest.raises(ArgumentError, match=r"one sample is given, .*, where there may be several: give a list of it"):
        in_order(kind, sample)


def test_a_stream_of_which_nothing_is_known_is_asked_by_its_column():
    stream = datasets.IterableDataset.from_generator(lambda: ({"review": text} for text in ("good", "bad")))
    assert list(in_order("texts", stream, "review")[0]) == ["good", "bad"]
    with pytest.raises(ArgumentError, match="has the columns unknown: say which"):
        in_order("texts", stream)
    with pytest.raises(InputError, match="sample 0 of the stream has the columns review, but must have 'text'"):
        list(in_order("texts", stream, "text")[0])


def test_a_stream_for_torch_gives_the_images_themselves():
    data = datasets.Dataset.from_dict({"image": [IMAGE]}, features=datasets.Features({"image": datasets.Image()}))
    (found,) = in_order("images", data.to_iterable_dataset().with_format("torch"))[0]
    assert np.array_equal(np.asarray(as_image(found, 0)), PIXELS)
