import hashlib

import numpy as np
from datasets import Dataset, Features, Image, Value
from PIL import Image as PILImage

from abstain.data.fingerprint import FINGERPRINTED, data_digest


def texts(count):
    return Dataset.from_dict({"text": [f"text {n}" for n in range(count)], "other": list(range(count))})


def test_the_digest_worked_by_hand():
    labels = np.array([1, 0], dtype=np.int64)
    expected = hashlib.sha256(labels.tobytes() + b"text 0" + b"text 1").hexdigest()
    assert data_digest(texts(2), ["text"], [1, 0]).hexdigest() == expected
    whole = hashlib.sha256(b"0" + b"1" + b"text 0" + b"text 1").hexdigest()
    assert data_digest(texts(2), ["text"], whole=["other"]).hexdigest() == whole


def test_every_label_counts_and_of_long_data_some_rows():
    count = FINGERPRINTED + 2
    data, labels = texts(count), np.zeros(count, np.int64)
    other = labels.copy()
    other[501] = 1
    assert data_digest(data, ["text"], labels).digest() != data_digest(data, ["text"], other).digest()
    swapped = data.select([*range(count - 1), 0])  # the last row is always looked at
    assert data_digest(data, ["text"], labels).digest() != data_digest(swapped, ["text"], labels).digest()


def test_whole_columns_are_read_to_their_last_row():
    numbers = list(range(2 * FINGERPRINTED + 1))
    digests = set()
    for changed in (None, 1501, -1):  # of the odd rows no content is looked at
        values = numbers.copy()
        if changed is not None:
            values[changed] = -5
        data = Dataset.from_dict({"text": ["a"] * len(values), "other": values})
        digests.add(data_digest(data, ["text"], whole=["other"]).hexdigest())
    assert len(digests) == 3


def test_an_image_is_its_file_wherever_that_lies(tmp_path):
    path = tmp_path / "image.png"
    PILImage.new("RGB", (3, 3)).save(path)
    kinds = Features({"image": Image(), "n": Value("int64")})
    stored = Dataset.from_dict({"image": [{"bytes": path.read_bytes(), "path": None}], "n": [1]}, features=kinds)
    linked = Dataset.from_dict({"image": [{"bytes": None, "path": str(path)}], "n": [1]}, features=kinds)
    expected = hashlib.sha256(path.read_bytes() + b"1").hexdigest()
    assert data_digest(stored, ["image", "n"]).hexdigest() == expected
    assert data_digest(linked, ["image", "n"]).hexdigest() == expected
