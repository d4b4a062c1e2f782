"""Data sets that are written in a moment and learnt in a few steps: texts, a table, and pictures with masks."""

import gzip

import numpy as np
from datasets import ClassLabel, Dataset, Features, Image, Value
from PIL import Image as PILImage

WORDS = ["good", "fine", "bad", "poor", "film", "the", "a"]


def write_split(folder, split, texts, labels):
    kind = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    folder.mkdir(exist_ok=True)
    Dataset.from_dict({"text": texts, "label": labels}, features=kind).to_parquet(folder / f"{split}.parquet")


def write_texts(folder):
    """Texts with a good or a bad word among others, in two splits; returns the options that name them and vectors."""
    generator = np.random.default_rng(0)
    for split, n in (("train", 700), ("test", 120)):
        labels = generator.integers(0, 2, n)
        words = [[*generator.choice(WORDS[4:], 3), generator.choice(WORDS[:2] if y else WORDS[2:4])] for y in labels]
        write_split(folder / "data", split, [" ".join(generator.permutation(text)) for text in words], labels)
    lines = [f"{word} {' '.join(map(str, row))}" for word, row in zip(WORDS, np.eye(7).tolist(), strict=True)]
    (folder / "vectors.txt").write_text("\n".join(lines))
    return ["--dataset_name", folder / "data", "--word_vectors", folder / "vectors.txt"]


def write_table(folder):
    """A table in one piece, of which `y` is mostly `age > 50`; some ages are empty. Returns the folder of the file."""
    generator = np.random.default_rng(0)
    ages = generator.integers(20, 80, 3000)
    labels = np.where((ages > 50) ^ (generator.random(3000) < 0.05), "yes", "no")
    jobs = generator.choice(["nurse", "cook", "pilot"], 3000)
    lines = ["age,job,y", *(f"{a if a % 7 else ''},{j},{y}" for a, j, y in zip(ages, jobs, labels, strict=True))]
    path = folder / "data" / "table.csv.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path.parent


def write_pictures(folder, *, n_train=9, broken=None):
    """Images of 40×32 pixels, dark left and bright right of a line, with a void frame; returns the folder.

    The image of train with the number `broken` does not decode.
    """
    generator = np.random.default_rng(0)
    features = Features({"image": Image(), "annotation": Image()})
    for split, count in {"train": n_train, "validation": 5, "test": 6}.items():
        rows = {"image": [], "annotation": []}
        for number in range(count):
            mask = (np.arange(40) >= generator.integers(10, 30))[None].repeat(32, axis=0).astype(np.uint8)
            image = (mask * 120 + generator.integers(0, 100, size=mask.shape)).astype(np.uint8)
            mask[:2] = 3
            for name, array in {"image": np.stack([image] * 3, axis=-1), "annotation": mask}.items():
                path = folder / f"{split}{number}{name}.png"
                PILImage.fromarray(array).save(path)
                content = path.read_bytes()
                path.unlink()
                cut = split == "train" and number == broken and name == "image"
                rows[name].append({"bytes": content[:40] if cut else content, "path": None})
        Dataset.from_dict(rows, features=features).to_parquet(str(folder / f"{split}.parquet"))
    return folder


def photographs(sizes, seed=0):
    """Smooth coloured images of the given widths and heights, in two classes."""
    generator = np.random.default_rng(seed)
    rough = [generator.integers(0, 256, size=(4, 5, 3), dtype=np.uint8) for _ in sizes]
    images = [
        PILImage.fromarray(array).resize(size, PILImage.BICUBIC) for array, size in zip(rough, sizes, strict=True)
    ]
    features = Features({"image": Image(), "label": ClassLabel(names=["a", "b"])})
    return Dataset.from_dict({"image": images, "label": [i % 2 for i in range(len(images))]}, features=features)
