"""Scores, losses and calibration of rows of logits written out as plainly as possible: loop by loop, as `oracle` does.

Nothing here imports `abstain`.
"""

import math
from decimal import Decimal, localcontext

import numpy as np

# --- scores of one row of logits ------------------------------------------------------------------------------


def argmax_error(logits, labels):
    """1 where the largest logit (the first of equals) is not the label; one logit stands for the pair (0, z)."""
    errors = []
    for row, label in zip(logits, labels, strict=True):
        values = as_classes(row)
        best = 0
        for k in range(1, len(values)):
            if values[k] > values[best]:
                best = k
        errors.append(int(best != label))
    return errors


def as_classes(row):
    values = [float(value) for value in row]
    return [0.0, values[0]] if len(values) == 1 else values


def log_sum_exp(values):
    total = -np.inf
    for value in values:
        total = np.logaddexp(total, value)
    return float(total)


def below_the_largest(row):
    """Logits minus their largest: what softmax sees, with no digits lost to a shift of the whole row."""
    values = as_classes(row)
    return [value - max(values) for value in values]


def softmax(row):
    values = below_the_largest(row)
    return [float(np.exp(value - log_sum_exp(values))) for value in values]


def msp_log_odds(row):
    """log(p / (1 − p)) of the largest softmax probability p, as z_max − logsumexp of the other logits."""
    values = below_the_largest(row)
    best = values.index(max(values))
    return values[best] - log_sum_exp([value for k, value in enumerate(values) if k != best])


def max_logit(row):
    return max(as_classes(row))


def logit_margin(row):
    descending = sorted(as_classes(row), reverse=True)
    return descending[0] - descending[1]


def softmax_margin(row):
    descending = sorted(softmax(row), reverse=True)
    return descending[0] - descending[1]


def negative_entropy(row):
    """Σ p log p, where log p is z − logsumexp(z): finite even where p rounds to 0."""
    values = below_the_largest(row)
    total = 0.0
    for value in values:
        log_p = value - log_sum_exp(values)
        if math.exp(log_p) > 0:  # the limit of p log p is 0
            total += math.exp(log_p) * log_p
    return total


def energy(row):
    return log_sum_exp(as_classes(row))


def doctor(row):
    return sum(p * p for p in softmax(row))


def gen(row, exponent="0.1", most=100):
    """−Σ (p (1 − p))^γ over the largest p, in decimals with as many digits as a p next to 1 needs."""
    values = [Decimal(value) for value in as_classes(row)]
    gap = max(values) - min(values)
    with localcontext(prec=60 + int(min(gap, 2000) / 2)):  # exp(-gap) is then seen beside 1
        weights = [(value - max(values)).exp() for value in values]
        sizes = sorted((weight / sum(weights) for weight in weights), reverse=True)[:most]
        remainders = [sum(sizes[1:]) if k == 0 and len(sizes) == len(weights) else 1 - p for k, p in enumerate(sizes)]
        return float(-sum((p * q) ** Decimal(exponent) for p, q in zip(sizes, remainders, strict=True) if p * q > 0))


def max_logit_pnorm(row, p, center):
    """Largest logit divided by the p-norm of the row, both after centring if asked; −1 for a row of norm zero."""
    values = np.array(as_classes(row))
    if center:
        values = values - sum(values) / len(values)
    largest = max(abs(values))
    if largest == 0:
        return -1.0
    values = values / largest  # so that no power over- or underflows
    norm = sum(abs(float(value)) ** p for value in values) ** (1 / p)
    return float(max(values) / norm)


# --- losses of one sample -------------------------------------------------------------------------------------


def smoothed_target(label, n_classes, smoothing):
    target = []
    for k in range(n_classes):
        target.append((1 - smoothing) * (1.0 if k == label else 0.0) + smoothing / n_classes)
    return target


def smoothed_cross_entropy(row, label, smoothing):
    values = [float(value) for value in row]
    target = smoothed_target(label, len(values), smoothing)
    return -sum(weight * (value - log_sum_exp(values)) for weight, value in zip(target, values, strict=True))


def smoothed_cross_entropy_gradient(row, label, smoothing):
    """With respect to the logits: softmax minus the smoothed target."""
    values = [float(value) for value in row]
    target = smoothed_target(label, len(values), smoothing)
    return [float(np.exp(value - log_sum_exp(values))) - weight for weight, value in zip(target, values, strict=True)]


def smoothed_binary_cross_entropy(logit, label, smoothing):
    """Cross-entropy of sigmoid(z) with the target (1 − α)·y + α/2."""
    target = (1 - smoothing) * label + smoothing / 2
    log_p = -float(np.logaddexp(0.0, -logit))
    log_not_p = -float(np.logaddexp(0.0, logit))
    return -target * log_p - (1 - target) * log_not_p


def calibration(logits, labels, n_bins=15):
    """NLL, Brier score and expected calibration error, sample by sample; bins are open below and closed above."""
    nll = brier = 0.0
    bins = [[] for _ in range(n_bins)]
    for row, label in zip(np.asarray(logits, dtype=np.float64), labels, strict=True):
        weights = [np.exp(z - max(row)) for z in row]
        p = [w / sum(weights) for w in weights]
        nll -= np.log(p[label]) / len(labels)
        brier += sum((p[k] - (k == label)) ** 2 for k in range(len(p))) / len(labels)
        best = int(np.argmax(row))
        number = min(int(np.ceil(p[best] * n_bins)) - 1, n_bins - 1)
        bins[number].append((p[best], best == label))
    ece = sum(abs(sum(p for p, _ in b) - sum(right for _, right in b)) for b in bins) / len(labels)
    return {"nll": nll, "brier": brier, "ece": ece}


# --- diagnosis ------------------------------------------------------------------------------------------------


def logit_marks(row):
    """(log-odds of MSP, centred z_max, standard deviation of the other logits) of one row of logits."""
    values = sorted(float(value) for value in row)
    top, others = values[-1], values[:-1]
    mean = sum(values) / len(values)
    of_others = sum(others) / len(others)
    spread = math.sqrt(sum((value - of_others) ** 2 for value in others) / len(others))
    log_odds = top - others[-1] - math.log(sum(math.exp(value - others[-1]) for value in others))
    return log_odds, top - mean, spread


def effect_at_equal_msp(rows, wrong, most_bins=20, fewest=10):
    """z_max of errors minus that of correct rows in bins of MSP: (effect, effect where MSP within a bin is left in)."""
    marks = [logit_marks(row) for row in rows]
    of_errors = sorted(odds for (odds, _, _), is_wrong in zip(marks, wrong, strict=True) if is_wrong)
    n_parts = min(most_bins, len(of_errors) // fewest)
    edges = [float(np.quantile(of_errors, part / n_parts)) for part in range(1, n_parts)]
    parts = [[] for _ in range(n_parts)]
    for (odds, height, _), is_wrong in zip(marks, wrong, strict=True):
        parts[sum(odds >= edge for edge in edges)].append((odds, height, bool(is_wrong)))
    bins, held = [], []
    for part in parts:
        held = held + part
        n_wrong = sum(one[2] for one in held)
        if min(n_wrong, len(held) - n_wrong) >= fewest:
            bins, held = [*bins, held], []
    bins[-1] = bins[-1] + held
    total = weight = raw = 0.0
    for one in bins:
        kinds = [[(odds, height) for odds, height, is_wrong in one if is_wrong == kind] for kind in (False, True)]
        means = [[sum(column) / len(kind) for column in zip(*kind, strict=True)] for kind in kinds]
        cross = square = 0.0
        for kind, (mean_odds, mean_height) in zip(kinds, means, strict=True):
            cross += sum((odds - mean_odds) * (height - mean_height) for odds, height in kind)
            square += sum((odds - mean_odds) ** 2 for odds, _ in kind)
        gap = means[1][1] - means[0][1]
        raw += len(kinds[1]) * gap
        total += len(kinds[1]) * (gap - cross / square * (means[1][0] - means[0][0]))
        weight += len(kinds[1])
    return total / weight, raw / weight
