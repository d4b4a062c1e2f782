import json
import warnings

import numpy as np
import pytest
import torch
from scipy.special import softmax

import abstain
from abstain import Diagnosis, InputError, diagnose


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("resnet20_cifar10_ce", "does not look smoothed"),
        ("resnet20_cifar10_ls", "looks smoothed"),
        ("resnet20_cifar10_maxsup0.2_s0", "looks smoothed"),
        ("mlp_noisy_digits_a0_s0", "does not look smoothed"),
        ("mlp_noisy_digits_a0.4_s0", "looks smoothed"),
        ("mlp_bank_marketing_a0.4_s0", "cannot be told with two classes"),
    ],
)
def test_the_released_models_are_told_apart(released, name, verdict):
    diagnosis = diagnose(*released(name), input="logits")
    assert diagnosis.verdict == verdict and diagnosis.needed is None
    assert Diagnosis.from_dict(json.loads(json.dumps(diagnosis.to_dict()))) == diagnosis


def test_what_is_told_of_a_smoothed_model(released):
    logits, labels = released("resnet20_cifar10_ls")
    diagnosis = diagnose(logits, labels)
    assert (diagnosis.n_samples, diagnosis.n_logits) == (10000, 10)
    assert diagnosis.n_errors == int((logits.argmax(axis=1) != labels).sum())
    low, high = diagnosis.interval
    assert 0 < low < diagnosis.effect < high and diagnosis.p_value < 1e-6
    assert high - diagnosis.effect == pytest.approx(1.959964 * diagnosis.standard_error, rel=1e-6)
    assert diagnose(logits, labels, level=0.5).high < high and diagnosis.spread_correlation < -0.4
    assert 0.1 < diagnosis.alpha < 0.25 and diagnosis.temperature < 1
    assert diagnosis.ceiling == pytest.approx(1 - 0.9 * diagnosis.alpha)
    above = softmax(logits.astype(float), axis=1).max(axis=1) > diagnosis.ceiling
    assert diagnosis.share_above_ceiling == pytest.approx(above.mean()) and above.any()
    assert len(diagnosis.bins) == 20 and sum(one.n_errors for one in diagnosis.bins) == diagnosis.n_errors


def test_a_plain_model_has_no_ceiling(released):
    diagnosis = diagnose(*released("resnet20_cifar10_ce"))
    assert diagnosis.alpha == 0 and diagnosis.ceiling == 1 and diagnosis.share_above_ceiling == 0
    assert diagnosis.p_value > 0.05 and diagnosis.spread_correlation > 0.2 and diagnosis.temperature > 1


def numbers(diagnosis):
    told = diagnosis.to_dict()
    bins = [list(one.values()) for one in told.pop("bins")]
    return told.pop("verdict"), np.array([*told.values(), *np.ravel(bins)], dtype=float)


def same(one, other, **tolerance):
    (verdict, values), (another, others) = numbers(one), numbers(other)
    return verdict == another and np.allclose(values, others, equal_nan=True, **tolerance)


def test_rows_classes_and_shifts_do_not_matter(twelve_classes):
    logits, labels = twelve_classes
    logits = logits.round(1)  # with ties within rows of all but the largest, and between rows
    logits[np.arange(400), logits.argmax(axis=1)] += 0.01
    first = diagnose(logits, labels)
    random = np.random.default_rng(1)
    order, classes = random.permutation(400), random.permutation(12)
    assert same(first, diagnose(logits[order], labels[order]), rtol=1e-7, atol=1e-9)
    assert same(first, diagnose(logits[:, classes], np.argsort(classes)[labels]), rtol=1e-7, atol=1e-9)
    assert same(first, diagnose(logits + 50 * random.random((400, 1)), labels), rtol=1e-6, atol=1e-9)
    assert same(first, diagnose(np.log(softmax(logits, axis=1)), labels), rtol=1e-6, atol=1e-9)
    assert same(first, diagnose(softmax(logits, axis=1), labels), rtol=1e-6, atol=1e-9)


def test_a_scale_moves_neither_mark(twelve_classes):
    logits, labels = twelve_classes
    one, other = (diagnose(softmax_scale * logits, labels) for softmax_scale in (1.0, 1.0 + 1e-9))
    assert other.standardized_effect == pytest.approx(one.standardized_effect, rel=1e-5)
    tripled = diagnose(3 * logits, labels)
    assert tripled.spread_correlation == pytest.approx(one.spread_correlation, rel=1e-9)


def test_torch_and_half_precision_are_read(twelve_classes):
    logits, labels = twelve_classes
    assert same(diagnose(logits, labels), diagnose(torch.tensor(logits), torch.tensor(labels)))
    for dtype in (torch.float16, torch.bfloat16):
        half = torch.tensor(logits).to(dtype)
        with pytest.warns(UserWarning, match="rounding ties"):
            found = diagnose(half, labels)
        assert same(found, diagnose(half.double(), labels))


def test_samples_that_do_not_count_are_left_out(twelve_classes):
    logits, labels = twelve_classes
    with pytest.raises(InputError, match="ignore_index=-100"):
        diagnose(logits, np.where(np.arange(400) < 50, -100, labels))
    ignored = diagnose(logits, np.where(np.arange(400) < 50, -100, labels), ignore_index=-100)
    assert same(ignored, diagnose(logits[50:], labels[50:]))


def test_clusters_widen_the_interval(twelve_classes):
    logits, labels = (np.concatenate([half] * 4) for half in twelve_classes)
    of_one = diagnose(*twelve_classes)
    wrong = diagnose(logits, labels)
    right = diagnose(logits, labels, clusters=np.tile(np.arange(400), 4))
    assert right.effect == wrong.effect and right.standard_error > 1.5 * wrong.standard_error
    assert right.spread_standard_error == pytest.approx(of_one.spread_standard_error, rel=0.01)
    few = diagnose(logits, labels, clusters=np.arange(1600) % 3)
    assert few.verdict == "too few clusters to say" and few.effect is None


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        (np.zeros((30, 12)), np.zeros(30, int)),
        (np.zeros((60, 12)), np.arange(60) % 12),
        (5 * np.eye(12)[np.arange(60) % 12], np.arange(60) % 12),
        (np.random.default_rng(0).normal(size=(60, 12)), np.zeros(60, int)),
        (np.random.default_rng(0).normal(size=(60, 12)) + 50 * np.eye(12)[3], np.arange(60) % 12),
        (np.random.default_rng(0).normal(size=(60, 12)) + 50 * np.eye(12)[3], np.full(60, 3)),
        (np.random.default_rng(0).normal(size=(1, 12)), np.array([3])),
    ],
)
def test_degenerate_data_are_too_few_without_a_warning(logits, labels):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        diagnosis = diagnose(logits, labels, input="logits")
    assert diagnosis.verdict in ("too few errors to say", "cannot be told from tied values")
    assert all(np.isfinite(value) for value in numbers(diagnosis)[1] if not np.isnan(value))
    json.dumps(diagnosis.to_dict(), allow_nan=False)
    assert diagnosis.sentence()


def test_too_few_errors_say_how_many_would_be_enough(released):
    logits, labels = released("resnet20_cifar10_ls")
    right = logits.argmax(axis=1) == labels
    few = np.flatnonzero(np.cumsum(~right) <= 5)
    diagnosis = diagnose(logits[few], labels[few])
    assert diagnosis.verdict == "too few errors to say" and diagnosis.needed > 100
    enough = diagnose(logits[:6000], labels[:6000])
    assert enough.verdict == "looks smoothed" and enough.n_errors < diagnosis.needed


def test_no_number_of_errors_is_enough_in_few_clusters_or_of_equal_logits(twelve_classes):
    logits, labels = twelve_classes
    few = diagnose(logits, labels, clusters=np.arange(len(labels)) % 5)
    even = diagnose(np.zeros((400, 12)), np.arange(400) % 12, input="logits")
    for found in (few, even):
        assert found.needed is None and found.n_errors > 50
    assert few.verdict == "too few clusters to say"
    assert few.sentence() == (
        "Too few clusters to say whether the model was smoothed: its errors, or its right answers, are as good as in "
        "fewer than 5 clusters of equal size."
    )
    assert even.verdict == "too few errors to say"
    assert even.sentence() == (
        "Whether the model was smoothed cannot be told from these logits: at equal MSP its largest logit is always the "
        "same."
    )


def test_other_logits_that_never_vary_tell_nothing():
    generator, others = np.random.default_rng(0), np.linspace(-3, -2, 11)
    labels, height = generator.integers(0, 12, 2000), generator.uniform(1, 6, 2000)
    answers = np.where(generator.random(2000) < 0.7, labels, (labels + 1) % 12)
    logits = np.array([np.insert(others, *pair) for pair in zip(answers, height, strict=True)])
    found = diagnose(logits, labels, input="logits")
    assert found.verdict == "too few errors to say" and found.needed is None
    assert found.sentence().endswith("at equal MSP its largest logit, or the spread of the others, is always the same.")


def test_what_cannot_be_told_is_said(released, twelve_classes):
    logits, labels = released("resnet20_cifar10_ls")
    one, two = logits[:, :1] - logits[:, 1:2], logits[:, :2]
    for few in (one, two):
        found = diagnose(few, labels % 2, input="logits")
        assert found.verdict == "cannot be told with two classes" and found.effect is None and found.bins == ()
    assert diagnose(two, labels % 2).n_logits == 2
    of_five = diagnose(logits[:, :5], labels % 5)
    assert of_five.verdict == "cannot be told with few classes" and of_five.effect is not None
    cut = softmax(5 * twelve_classes[0], axis=1).clip(1e-3)
    tied = diagnose(cut / cut.sum(axis=1, keepdims=True), twelve_classes[1])
    assert tied.verdict == "cannot be told from tied values"


def test_wrong_input_is_refused(twelve_classes):
    logits, labels = twelve_classes
    with pytest.raises(InputError, match="did you mean 'level'"):
        diagnose(logits, labels, levle=0.9)
    with pytest.raises(InputError, match="fraction in"):
        diagnose(logits, labels, level=1.0)
    with pytest.raises(InputError, match="exactly 0"):
        diagnose([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]], [0, 1])
    with pytest.raises(InputError, match="NaN"):
        diagnose(np.full((3, 12), np.nan), [0, 1, 2])
    told = diagnose(logits, labels).to_dict()
    with pytest.raises(InputError, match="verdict"):
        Diagnosis.from_dict({**told, "verdict": "smooth"})
    with pytest.raises(InputError, match="Bin"):
        Diagnosis.from_dict({**told, "bins": [{"low": 0.0}]})
    with pytest.raises(InputError, match="effect of a Diagnosis is 'x'"):
        Diagnosis.from_dict({**told, "effect": "x"})
    with pytest.raises(InputError, match="needed is 'x'"):
        Diagnosis.from_dict({**told, "needed": "x"})
    with pytest.raises(InputError, match="level is None"):
        Diagnosis.from_dict({**told, "level": None})
    with pytest.raises(InputError, match="list of bins"):
        Diagnosis.from_dict({**told, "bins": None})


def test_it_is_public():
    assert abstain.diagnose is diagnose and abstain.Diagnosis is Diagnosis
