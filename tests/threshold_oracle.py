"""Bounds of a risk and thresholds, written out as plainly as possible: loop by loop, as `oracle` does.

Nothing here imports `abstain`.
"""

import math

from oracle import curve_points


def binomial_cdf(k, n, p):
    """P(X ≤ k) for X ~ Binomial(n, p), term by term."""
    if p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 1.0 if k >= n else 0.0
    terms = []
    for i in range(k + 1):
        log_choose = math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1)
        terms.append(math.exp(log_choose + i * math.log(p) + (n - i) * math.log1p(-p)))
    return math.fsum(terms)


def clopper_pearson_upper(n_errors, n, delta):
    """The p at which so few errors have probability δ, by bisection; 1 where all are errors."""
    if n_errors >= n:
        return 1.0
    low, high = n_errors / n, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        if binomial_cdf(n_errors, n, middle) > delta:
            low = middle
        else:
            high = middle
    return high


def empirical_threshold(confidence, error, target_risk):
    """The (threshold, coverage, risk) of largest coverage whose risk is at most the target; None if there is none."""
    best = None
    for point in curve_points(confidence, error):  # coverage ascends
        if point[2] <= target_risk:
            best = point
    return best


def threshold_for_coverage(confidence, error, target_coverage):
    """The (threshold, coverage, risk) of smallest coverage that is at least the target."""
    return next(point for point in curve_points(confidence, error) if point[1] >= target_coverage)


def threshold_costs(confidence, error, of_error, of_abstaining):
    """Threshold -> mean cost of accepting from it on: a price for each accepted error, another for each abstention."""
    costs = {}
    for threshold in {float(value) for value in confidence}:
        charged = 0.0
        for value, wrong in zip(confidence, error, strict=True):
            charged += of_error * float(wrong) if value >= threshold else of_abstaining
        costs[threshold] = charged / len(confidence)
    return costs


def guaranteed_threshold(confidence, error, ranks, target_risk, delta):
    """(accepted, errors) of the largest fixed rank that is sure to meet the target; None if there is none.

    At rank n all strictly above the (n + 1)-th confidence are accepted, and everything at n = N. A rank is sure if at
    a risk of just the target so few errors had a probability of at most δ over the number of ranks.
    """
    descending = sorted((float(value) for value in confidence), reverse=True)
    best = None
    for rank in ranks:
        if rank == len(descending):
            accepted = list(error)
        else:
            accepted = [e for value, e in zip(confidence, error, strict=True) if value > descending[rank]]
        n, n_errors = len(accepted), int(sum(accepted))
        sure = n_errors < n and binomial_cdf(n_errors, n, target_risk) <= delta / len(ranks)
        if sure and (best is None or n > best[0]):
            best = (n, n_errors)
    return best


def fixed_sequence_threshold(thresholds, confidence, error, target_risk, delta):
    """(threshold, accepted, errors) of the last of these up to which each is sure; None if the first is not.

    A threshold is sure if at a risk of just the target so few errors among those it accepts had a probability of at
    most δ; if it accepts none it is not.
    """
    last = None
    for threshold in thresholds:
        accepted = [e for value, e in zip(confidence, error, strict=True) if value >= threshold]
        n_errors = int(sum(accepted))
        if n_errors == len(accepted) or binomial_cdf(n_errors, len(accepted), target_risk) > delta:
            return last
        last = (float(threshold), len(accepted), n_errors)
    return last


def sgr_threshold(confidence, error, target_risk, delta):
    """(threshold, accepted, errors) of the last that met the target in the search of Geifman and El-Yaniv (2017)."""
    ascending = sorted(float(value) for value in confidence)
    n = len(ascending)
    steps = max(math.ceil(math.log2(n)), 1)
    low, high, last = 1, n, None
    for _ in range(steps):
        z = math.ceil((low + high) / 2)
        accepted = [e for value, e in zip(confidence, error, strict=True) if value >= ascending[z - 1]]
        n_errors = int(sum(accepted))
        if clopper_pearson_upper(n_errors, len(accepted), delta / steps) < target_risk:
            high, last = z, (ascending[z - 1], len(accepted), n_errors)
        else:
            low = z
    return last
