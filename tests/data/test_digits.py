import numpy as np
from sklearn.datasets import load_digits

from abstain.data.digits import BRIGHTEST, DARKEST, NOISE, NOISY_SHARE, load_digits_dataset


def images_of(split):
    return np.stack([np.asarray(image, float) for image in split["image"][:]])


def test_digits_are_whole_and_split_alike_every_time():
    first, second = load_digits_dataset(), load_digits_dataset()
    assert {name: len(split) for name, split in first.items()} == {"train": 700, "validation": 300, "test": 797}
    assert first["test"]["label"][:] == second["test"]["label"][:]
    assert images_of(first["train"]).shape == (700, 8, 8)
    assert first["train"].features["label"].num_classes == 10
    stored = np.concatenate([images_of(split) for split in first.values()])
    known = {image.tobytes() for image in np.round(load_digits().images * 255 / 16)}
    assert {image.tobytes() for image in stored} == known


def test_noisy_digits_are_the_same_every_time():
    first, second = load_digits_dataset(noisy=True), load_digits_dataset(noisy=True)
    assert {name: len(split) for name, split in first.items()} == {"train": 700, "validation": 300, "test": 797}
    for name in first:
        assert np.array_equal(images_of(first[name]), images_of(second[name]))


def test_about_half_of_the_images_have_gaussian_noise():
    for name in ("train", "validation", "test"):
        clean, noisy = load_digits_dataset()[name], load_digits_dataset(noisy=True)[name]
        assert clean["label"][:] == noisy["label"][:], "the digits are the same"
        noise = images_of(noisy) / 255 * (BRIGHTEST - DARKEST) + DARKEST - images_of(clean) / 255
        strength = noise.std(axis=(1, 2))
        has_noise = strength > 0.1  # rounding to bytes is a hundredth
        assert abs(has_noise.mean() - NOISY_SHARE) < 0.08
        assert abs(noise[has_noise].std() - NOISE) < 0.02 and abs(noise[has_noise].mean()) < 0.03
        assert abs((noise[has_noise] ** 4).mean() / NOISE**4 - 3) < 0.2, "the fourth moment of a normal distribution"
        assert ((images_of(noisy) == 0) | (images_of(noisy) == 255)).mean() < 0.01, "hardly anything is cut off"


def test_rows_are_the_same_images_pixel_by_pixel():
    images, rows = load_digits_dataset(noisy=True)["test"], load_digits_dataset(noisy=True, rows=True)["test"]
    names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    assert rows.column_names == [*names, "label"] and rows["label"][:] == images["label"][:]
    flat = np.stack([rows[name][:] for name in names], axis=1)
    assert np.array_equal(flat.reshape(-1, 8, 8), images_of(images))
    assert load_digits().feature_names == names, "as scikit-learn calls them"
