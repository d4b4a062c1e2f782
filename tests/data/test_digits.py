import numpy as np
from sklearn.datasets import load_digits

from abstain.data.digits import BRIGHTEST, DARKEST, STRONGEST_NOISE, load_digits_dataset


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
    assert {name: len(split) for name, split in first.items()} == {"train": 800, "validation": 200, "test": 797}
    for name in first:
        assert np.array_equal(images_of(first[name]), images_of(second[name]))


def test_the_noise_is_gaussian_and_of_another_strength_for_each_image():
    clean, noisy = load_digits_dataset()["test"], load_digits_dataset(noisy=True)["test"]
    assert clean["label"][:] == noisy["label"][:], "the same digits are tested"
    restored = images_of(noisy) / 255 * (BRIGHTEST - DARKEST) + DARKEST
    noise = restored - images_of(clean) / 255
    strength = noise.std(axis=(1, 2))
    # Uniform from 0 to 0.8: the mean is 0.4, and so is what lies between the quartiles.
    assert abs(strength.mean() - STRONGEST_NOISE / 2) < 0.03 and abs(noise.mean()) < 0.01
    assert abs(np.subtract(*np.quantile(strength, (0.75, 0.25))) - STRONGEST_NOISE / 2) < 0.05
    scaled = noise[strength > 0.1] / strength[strength > 0.1][:, None, None]
    assert abs((scaled**4).mean() - 3) < 0.2, "the fourth moment of a normal distribution"
    assert ((images_of(noisy) == 0) | (images_of(noisy) == 255)).mean() < 0.01, "hardly anything is cut off"
