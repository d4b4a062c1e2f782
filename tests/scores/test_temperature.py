import itertools
import json

import logit_oracle
import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from abstain import InputError, scores
from abstain.scores.blocks import BLOCK_ELEMENTS
from abstain.scores.temperature import LIMITS, TemperatureScaling


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_temperature_has_the_least_likelihood_that_a_search_finds(logits_and_labels, dtype):
    logits, labels = torch.tensor(logits_and_labels[0], dtype=dtype), logits_and_labels[1]
    found = TemperatureScaling.fit(logits, labels).temperature

    def nll(temperature):
        return logit_oracle.calibration(logits.double().numpy() / temperature, labels)["nll"]

    best = minimize_scalar(nll, bounds=(0.1, 10), method="bounded", options={"xatol": 1e-6})
    assert found == pytest.approx(best.x, rel=1e-4)
    assert nll(found) <= min(nll(found * 1.02), nll(found / 1.02))


def test_scaling_the_logits_scales_the_temperature(logits_and_labels):
    logits, labels = logits_and_labels
    once, thrice = (TemperatureScaling.fit(factor * logits, labels).temperature for factor in (1, 3))
    assert thrice == pytest.approx(3 * once, rel=1e-4)


def test_the_score_is_msp_of_the_divided_logits(logits_and_labels):
    logits, _ = logits_and_labels
    kept = logits.copy()
    assert np.allclose(TemperatureScaling(2.0).score(logits), scores.msp(logits.astype(np.float64) / 2), rtol=1e-12)
    assert np.array_equal(logits, kept)


def test_two_classes_keep_their_order(logits_and_labels):
    logits = logits_and_labels[0][:, :2]
    order = [np.argsort(TemperatureScaling(t).score(logits)).tolist() for t in (0.3, 1.0, 5.0)]
    assert order[0] == order[1] == order[2]


def test_data_without_an_error_take_the_lowest_temperature_and_hopeless_ones_the_highest():
    logits = np.array([[3.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    assert TemperatureScaling.fit(logits, [0, 1]).temperature == LIMITS[0]
    assert TemperatureScaling.fit(logits, [1, 0]).temperature == LIMITS[1]


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_a_temperature_must_be_finite_and_above_zero(temperature):
    with pytest.raises(InputError, match=r"the temperature is .*, but must be finite and above 0"):
        TemperatureScaling(temperature)


def test_one_logit_is_fitted_as_the_pair():
    logits, labels = np.array([[2.0], [-1.0], [0.5]]), [1, 1, 0]
    pair = np.concatenate([np.zeros((3, 1)), logits], axis=1)
    assert TemperatureScaling.fit(logits, labels) == TemperatureScaling.fit(pair, labels)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_classes_are_read_once_and_have_the_temperature_of_a_search(dtype):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 500)
    logits = (generator.normal(size=(500, 2)) + 2 * np.eye(2)[labels]).astype(dtype)
    n_read = []

    def read():
        n_read.append(1)
        return ((logits[rows], labels[rows]) for rows in (slice(0, 77), slice(77, 500)))

    found = TemperatureScaling.fit_batches(read)
    assert n_read == [1] and found == TemperatureScaling.fit(logits, labels)

    def nll(temperature):
        return logit_oracle.calibration(logits / temperature, labels)["nll"]

    best = minimize_scalar(nll, bounds=(0.1, 10), method="bounded", options={"xatol": 1e-7})
    assert found.temperature == pytest.approx(best.x, rel=1e-4)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("factor", [1e-2, 0.2, 1, 30, 500])
def test_any_temperature_within_the_limits_is_found(factor, n_classes):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, n_classes, 300)
    logits = generator.normal(size=(300, n_classes)) + 2 * np.eye(n_classes)[labels]
    once = TemperatureScaling.fit(logits, labels).temperature
    assert TemperatureScaling.fit(factor * logits, labels).temperature == pytest.approx(factor * once, rel=1e-4)


def test_it_survives_json_and_has_a_name_and_a_label():
    scaling = TemperatureScaling(1 / 3)
    values = json.loads(json.dumps(scaling.to_dict()))
    assert values == {"score": "temperature_scaling", "temperature": 1 / 3}
    assert TemperatureScaling.from_dict(values) == scaling
    assert (scaling.name, scaling.label) == ("temperature_scaling", "MSP, temperature 0.333")


def test_a_dictionary_of_version_0_1_0_is_read():
    assert TemperatureScaling.from_dict({"temperature": 0.6554637814716838}) == TemperatureScaling(0.6554637814716838)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {},
            r"has the keys \[\], but must have all of \['temperature'\], and no other than \['score', 'temperature'\]",
        ),
        ({"temperature": 1.0, "p": 2}, "has the keys"),
        ({"score": "energy", "temperature": 1.0}, "unknown score of a TemperatureScaling 'energy'"),
    ],
)
def test_another_dictionary_is_refused(values, message):
    with pytest.raises(InputError, match=message):
        TemperatureScaling.from_dict(values)


def test_batches_of_whole_blocks_give_the_temperature_of_all_rows_at_once():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2000, 200)
    logits = 3 * generator.standard_normal((200, 2000)).astype(np.float32)
    logits[np.arange(200), labels] += 9
    block = BLOCK_ELEMENTS // 2000
    cuts = [0, block, 3 * block, 200]
    found = TemperatureScaling.fit_batches(lambda: ((logits[a:b], labels[a:b]) for a, b in itertools.pairwise(cuts)))
    assert found == TemperatureScaling.fit(logits, labels) and found.temperature > 1
