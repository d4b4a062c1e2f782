import json

import numpy as np
import pytest

from abstain import InputError, LogitNorm
from abstain.figures import at_equal_confidence, max_logit_at_equal_confidence, normalized_max_logit_at_equal_confidence


def test_bins_lie_at_the_quantiles_of_errors_and_hold_means_and_deviations():
    # 20 errors at log-odds 0, 1, …, 19 make two bins, [0, 9.5) and [9.5, 19]; right answers lie at the same places,
    # ten of them below and ten above, and one beyond the most confident error, which no bin holds
    log_odds = np.concatenate([np.arange(20.0), np.arange(20.0), [30.0]])
    error = np.repeat([1, 0, 0], [20, 20, 1])
    values = np.where(error, log_odds + 2, log_odds)
    found = at_equal_confidence(values, log_odds, error, quantity="x")
    assert found.edges.tolist() == [0, 9.5, 19] and found.log_odds.tolist() == [4.5, 14.5]
    assert found.right.count.tolist() == found.wrong.count.tolist() == [10, 10]
    assert found.right.mean.tolist() == [4.5, 14.5] and found.wrong.mean.tolist() == [6.5, 16.5]
    std = np.sqrt((10**2 - 1) / 12)  # of ten numbers in a row
    assert np.allclose(found.right.std, std) and np.allclose(found.wrong.std, std)
    difference, error_of_it = found.difference()
    assert difference.tolist() == [2, 2] and np.allclose(error_of_it, std * np.sqrt(2 / 10))


def test_a_mean_of_fewer_than_ten_is_not_shown():
    log_odds = np.concatenate([np.arange(20.0), np.arange(10.0)])
    found = at_equal_confidence(log_odds, log_odds, np.repeat([1, 0], [20, 10]), quantity="x")
    assert found.right.mean[0] == 4.5 and np.isnan(found.right.mean[1]) and found.wrong.mean[1] == 14.5
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["right"]["mean"] == [4.5, None] and told["difference"] == [0.0, None]


def test_the_order_of_samples_does_not_matter(logits_and_labels):
    logits, labels = logits_and_labels
    order = np.random.default_rng(1).permutation(len(labels))
    one, other = (
        max_logit_at_equal_confidence(logits, labels),
        max_logit_at_equal_confidence(logits[order], labels[order]),
    )
    assert np.array_equal(one.edges, other.edges) and np.array_equal(one.wrong.count, other.wrong.count)
    assert np.allclose(one.right.mean, other.right.mean, equal_nan=True)


def test_the_normalized_one_is_that_of_logit_normalisation(logits_and_labels):
    logits, labels = logits_and_labels
    error = logits.argmax(axis=1) != labels
    found = normalized_max_logit_at_equal_confidence(logits, labels, p=3)
    assert found.quantity == "max logit / 3-norm"
    inside = found.wrong.count > 0
    mean = (found.wrong.mean * found.wrong.count)[inside].sum() / error.sum()
    assert mean == pytest.approx(LogitNorm(p=3).score(logits)[error].mean()), "the bins hold every error"


def test_label_smoothing_is_seen_where_it_was_put_in():
    # two classes of answers with one MSP: errors have two large logits more, and so the larger centred one
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(2000, 4)) + 3 * np.eye(4)[generator.integers(0, 4, 2000)]
    wrong = generator.random(2000) < 0.3
    labels = np.where(wrong, (logits.argmax(axis=1) + 1) % 4, logits.argmax(axis=1))
    logits[wrong, logits.argmin(axis=1)[wrong]] -= 4  # hardly changes MSP
    difference, _ = max_logit_at_equal_confidence(logits, labels).difference()
    assert np.nanmean(difference) > 0.5


@pytest.mark.parametrize("logits", [[[1.0, 0.0]] * 12, [[1.0]] * 12])
def test_two_classes_are_refused(logits):
    for values in (max_logit_at_equal_confidence, lambda z, y: normalized_max_logit_at_equal_confidence(z, y, p=2)):
        with pytest.raises(InputError, match=r"two classes, of which .* functions of MSP"):
            values(logits, [0] * 12)


def test_too_few_errors_are_said():
    with pytest.raises(InputError, match="there are 1 errors, but at least 10 are needed"):
        at_equal_confidence([1.0, 2.0], [1.0, 2.0], [1, 0], quantity="x")


def test_errors_of_one_confidence_are_one_bin():
    found = at_equal_confidence(np.arange(30.0), np.ones(30), np.repeat([1, 0], [10, 20]), quantity="x")
    assert len(found.right.count) == 1 and found.right.count[0] == 20 and found.wrong.mean[0] == 4.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.full(40, np.nan)}, "must be .N,. and finite"),
        ({"values": np.zeros(39)}, "must be .N,. and finite"),
        ({"log_odds": np.append(np.zeros(39), np.inf)}, "must be .N,. and finite"),
        ({"error": np.full(40, 0.5)}, "needs 0/1 errors"),
        ({"error": np.ones(39)}, "must be equal"),
    ],
)
def test_what_has_no_mean_at_equal_confidence_is_refused(change, message):
    given = {"values": np.arange(40.0), "log_odds": np.arange(40.0), "error": np.arange(40) % 2, **change}
    with pytest.raises(InputError, match=message):
        at_equal_confidence(**given, quantity="x")
