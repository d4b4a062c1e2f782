import json

import numpy as np
import pytest

from abstain.audit import whole_images


@pytest.fixture(scope="module")
def docs(program):
    return program("segmentation")


def test_both_models_were_measured_on_the_same_pixels(root, docs):
    models = json.loads((root / "docs" / "segmentation.json").read_text(encoding="utf-8"))["models"]
    assert [models[name]["smoothing"] > 0 for name in docs.TITLES] == [False, True]
    assert len({model["n_pixels"] for model in models.values()}) == 1


def test_numbers_come_back_as_they_were_kept(docs):
    rng = np.random.default_rng(0)
    image = np.repeat(np.arange(40), 5)
    found = whole_images({"MSP": rng.random(200)}, (rng.random(200) < 0.3).astype(float), image).to_dict()
    kept = json.loads(json.dumps(found))["confidences"]
    assert [json.loads(json.dumps(docs.read_back(one).to_dict())) for one in kept] == kept


def test_what_is_better_and_worse_beyond_chance_is_named(docs):
    def one(pixels, gain, p):
        return {"pixels": pixels, "summary": "mean", "gain": {"estimate": gain}, "adjusted_p": p}

    first = {"pixels": "MSP", "summary": "mean", "gain": None, "adjusted_p": None}
    text = docs.in_words([first, one("a", 0.1, 0.01), one("b", -0.1, 0.04), one("c", 0.1, 0.2)])
    assert text.endswith("better: the mean of a; worse: the mean of b.")
    assert docs.in_words([first, one("c", 0.1, None)]).endswith("none is better or worse.")
