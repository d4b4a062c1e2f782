import numpy as np

from abstain import aurc_difference, read_predictions
from abstain.audit import audit_predictions, compare
from abstain.audit.comparison import in_words, side_by_side


def audited(name, logits, labels, n=400):
    read = [read_predictions({"logits": logits[part], "label": labels[part]}) for part in (slice(n), slice(n, None))]
    return audit_predictions(*read, name=name)


def made(seed=0, n=600):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, n)
    logits = rng.normal(size=(n, 4))
    logits[np.arange(n), labels] += 1.5
    return logits, labels


def test_models_are_compared_on_the_same_samples_pair_by_pair():
    logits, labels = made()
    scale = np.random.default_rng(9).uniform(0.05, 1, (600, 1))
    first, worse = audited("a", logits, labels), audited("b", logits * scale, labels)
    (beside,) = compare([first, worse])
    one, other = first.report, worse.report
    assert beside.msp == aurc_difference(other.msp.confidence, other.error, one.msp.confidence, one.error)
    assert beside.msp.low > 0 and beside.repaired is not None and beside.apart is None
    assert next(in_words([first, worse], [beside])).startswith("b is worse than a by the AURC of MSP (+")
    tables = list(side_by_side([first, worse], [beside]))
    assert "| a " in tables[0] and "minus a" in tables[1]


def test_other_samples_are_not():
    first, other = audited("a", *made(0)), audited("b", *made(1))
    given = audit_predictions(read_predictions({"confidence": [0.1, 0.2], "correct": [0, 1]}), name="c")
    b, c = compare([first, other, given])
    assert b.msp is None and "other labels" in b.apart and "given confidence" in c.apart
    assert "b is not compared with a pair by pair" in next(in_words([first, other, given], [b, c]))
    assert len(list(side_by_side([first, other], [b]))) == 1


def test_the_same_model_is_called_the_same_and_few_errors_tell_nothing():
    one = audited("a", *made())
    (same,) = compare([one, one])
    assert next(in_words([one, one], [same])) == "a makes the errors of a, in the same order."
    logits, labels = made()
    scale = np.random.default_rng(9).uniform(0.05, 1, (600, 1))
    few = [audited(name, logits * by, labels, n=30) for name, by in (("a", 1), ("b", scale))]
    assert "cannot be told from so few wrong or right answers" in next(in_words(few, compare(few)))
    assert same.to_dict()["msp"]["estimate"] == 0.0
