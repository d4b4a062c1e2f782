"""The formulas of the package written out as plainly as possible: slow, loop by loop, independent of the package.

Nothing here imports `abstain`. Positions, samples and classes are visited one by one, so that each line can be
compared with the formula it stands for; N of a few hundred is the most these functions are meant for.
"""

import numpy as np

# --- the curve ------------------------------------------------------------------------------------------------


def curve_points(confidence, error):
    """One (threshold, coverage, risk) per distinct confidence, from the highest threshold down."""
    points = []
    for threshold in sorted({float(value) for value in confidence}, reverse=True):
        accepted = [float(e) for value, e in zip(confidence, error, strict=True) if value >= threshold]
        points.append((threshold, len(accepted) / len(confidence), sum(accepted) / len(accepted)))
    return points


def expected_risks(confidence, error):
    """R(1), …, R(N): the selective risk at each position, expected over all orders inside each tie block."""
    risks = []
    above_count, above_sum = 0, 0.0
    for threshold in sorted({float(value) for value in confidence}, reverse=True):
        block = [float(e) for value, e in zip(confidence, error, strict=True) if value == threshold]
        for taken in range(1, len(block) + 1):
            i = above_count + taken
            risks.append((above_sum + taken * sum(block) / len(block)) / i)
        above_count += len(block)
        above_sum += sum(block)
    return risks


def all_orders(items):
    """Every order of a short list, as lists."""
    if not items:
        return [[]]
    return [[first, *rest] for k, first in enumerate(items) for rest in all_orders([*items[:k], *items[k + 1 :]])]


def aurc_over_all_orders(confidence, error):
    """Mean AURC over every order that descends in confidence; for seven samples or so."""
    values = []
    for order in all_orders(list(range(len(confidence)))):
        if any(confidence[order[i]] < confidence[order[i + 1]] for i in range(len(order) - 1)):
            continue
        errors_so_far, area = 0.0, 0.0
        for i, k in enumerate(order, start=1):
            errors_so_far += float(error[k])
            area += errors_so_far / i
        values.append(area / len(confidence))
    return sum(values) / len(values)


# --- areas ----------------------------------------------------------------------------------------------------


def aurc_mean(confidence, error):
    risks = expected_risks(confidence, error)
    return sum(risks) / len(risks)


def aurc_trapezoid(confidence, error):
    risks = expected_risks(confidence, error)
    return trapezoid_from_origin([(i / len(risks), risk) for i, risk in enumerate(risks, start=1)])


def trapezoid_from_origin(points):
    area, last_x, last_y = 0.0, 0.0, 0.0
    for x, y in points:
        area += (x - last_x) * (y + last_y) / 2
        last_x, last_y = x, y
    return area


def optimal_aurc(error):
    """AURC when the samples are sorted by ascending error, no ties."""
    ascending = sorted(float(e) for e in error)
    return aurc_mean([-rank for rank in range(len(ascending))], ascending)


# --- operating points -----------------------------------------------------------------------------------------


def coverage_at_risk(confidence, error, target_risk):
    best = 0.0
    for _, coverage, risk in curve_points(confidence, error):
        if risk <= target_risk:
            best = max(best, coverage)
    return best


def risk_at_coverage(confidence, error, target_coverage):
    for _, coverage, risk in curve_points(confidence, error):  # coverage ascends
        if coverage >= target_coverage:
            return risk
    raise ValueError("no point has that coverage")


# --- uncertainty ----------------------------------------------------------------------------------------------


def aurc_influence(confidence, error):
    """Influence of each sample on AURC, in sample order: its own error, averaged over the positions of its block."""
    n = len(confidence)
    risks = expected_risks(confidence, error)
    area = sum(risks) / n
    influence = []
    for own_confidence, own_error in zip(confidence, error, strict=True):
        n_above = sum(1 for value in confidence if value > own_confidence)
        n_block = sum(1 for value in confidence if value == own_confidence)
        at_positions = []
        for i in range(n_above + 1, n_above + n_block + 1):
            value = risks[i - 1] - area
            for later in range(i, n + 1):
                value += (float(own_error) - risks[later - 1]) / later
            at_positions.append(value)
        influence.append(sum(at_positions) / n_block)
    return influence


def aurc_standard_error(confidence, error):
    influence = aurc_influence(confidence, error)
    return np.sqrt(sum(value**2 for value in influence)) / len(influence)


def aurc_difference_standard_error(confidence_a, error_a, confidence_b, error_b):
    influence_a = aurc_influence(confidence_a, error_a)
    influence_b = aurc_influence(confidence_b, error_b)
    squares = sum((a - b) ** 2 for a, b in zip(influence_a, influence_b, strict=True))
    return np.sqrt(squares) / len(influence_a)


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


def softmax(row):
    values = as_classes(row)
    return [float(np.exp(value - log_sum_exp(values))) for value in values]


def msp_log_odds(row):
    """log(p / (1 − p)) of the largest softmax probability p, as z_max − logsumexp of the other logits."""
    values = as_classes(row)
    best = values.index(max(values))
    return values[best] - log_sum_exp([value for k, value in enumerate(values) if k != best])


def max_logit_pnorm(row, p, center):
    """Largest logit divided by the p-norm of the row, both after centring if asked; −1 for a row of norm zero."""
    values = np.array([float(value) for value in row])
    if center:
        values = values - sum(values) / len(values)
    norm = np.linalg.norm(values, ord=p)
    return float(max(values) / norm) if norm > 0 else -1.0


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
