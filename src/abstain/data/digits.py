"""The data set that needs no network: scikit-learn's handwritten digits, as they are or with noise added."""

from __future__ import annotations

import numpy as np
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value
from numpy.typing import NDArray

TEST_SIZE, VALIDATION_SIZE = 797, 300
"""Images in two of the splits; the other 700 of scikit-learn's 1,797 are the train split."""
NOISY_SHARE, NOISE = 0.5, 0.6
"""The probability that an image gets noise, and the standard deviation of that as a share of the range from white to
black."""
DARKEST, BRIGHTEST = -2.0, 3.0
"""What a byte of a noisy image can hold, where 0 and 1 are the ends of the clean range: hardly anything is cut off."""


def load_digits_dataset(*, noisy: bool = False, rows: bool = False) -> DatasetDict:
    """The 8×8 handwritten digits that come with scikit-learn (UCI 80, CC BY 4.0), in three seeded splits.

    Clean digits are read with about 1 % errors, too few to see what label smoothing does. With `noisy`, seeded Gaussian
    noise with a standard deviation of 0.6 of the range is added once to about half of the images, as some photographs
    are sharp and others are not; the noise is ours, the digits are real.

    Args:
        noisy: add the noise, the same every time.
        rows: as a table, of which each image is a row.

    Returns:
        Splits `train` (700), `validation` (300) and `test` (797), the same digits with noise and without; columns
        `image` (8×8 grey) and `label` (10 classes), or of rows `pixel_0_0` to `pixel_7_7` and `label`.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = digits.images / 16  # 17 grey levels, 0 to 16
    pixels = _bytes((_with_noise(images) - DARKEST) / (BRIGHTEST - DARKEST)) if noisy else _bytes(images)
    columns = _columns(pixels) if rows else {"image": list(pixels)}
    kinds = {name: Value("uint8") if rows else Image() for name in columns}
    features = Features({**kinds, "label": ClassLabel(names=[str(name) for name in digits.target_names])})
    whole = Dataset.from_dict({**columns, "label": digits.target}, features=features)
    rest = whole.train_test_split(test_size=TEST_SIZE, seed=0, stratify_by_column="label")
    held = rest["train"].train_test_split(test_size=VALIDATION_SIZE, seed=0, stratify_by_column="label")
    return DatasetDict(train=held["train"], validation=held["test"], test=rest["test"])


def _columns(pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    """The pixels of images (N, 8, 8), each place a column that is called as scikit-learn calls it."""
    return {f"pixel_{row}_{column}": pixels[:, row, column] for row, column in np.ndindex(pixels.shape[1:])}


def _with_noise(images: NDArray[np.float64]) -> NDArray[np.float64]:
    random = np.random.default_rng(0)
    noise = random.normal(scale=NOISE, size=images.shape)
    return images + noise * (random.random((len(images), 1, 1)) < NOISY_SHARE)


def _bytes(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.round(255 * shares.clip(0, 1)).astype(np.uint8)
