"""Curves and their uncertainty, written out as plainly as possible: slow, loop by loop, of their own.

Nothing here imports `abstain`. Positions and samples are visited one by one, so that each line can be
compared with the formula it stands for; N of a few hundred is the most these functions are meant for.
"""

import math

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


def excess_aurc(confidence, error):
    return aurc_mean(confidence, error) - optimal_aurc(error)


def normalized_aurc(confidence, error):
    """None where every order is as good as any other: no errors, errors only, or all losses equal."""
    if all(e == error[0] for e in error):
        return None
    return excess_aurc(confidence, error) / (risk(error) - optimal_aurc(error))


def risk(error):
    return sum(float(e) for e in error) / len(error)


def augrc(confidence, error):
    """The trapezoid through (0, 0) and every (i/N, i·R(i)/N), position by position."""
    risks = expected_risks(confidence, error)
    n = len(risks)
    return trapezoid_from_origin([(i / n, i * risk / n) for i, risk in enumerate(risks, start=1)])


def failure_auroc(confidence, error):
    """The share of pairs (correct, wrong) in which the correct one is the more confident; a tie counts half."""
    won, pairs = 0.0, 0
    for correct_confidence, correct in zip(confidence, error, strict=True):
        for wrong_confidence, wrong in zip(confidence, error, strict=True):
            if correct == 0 and wrong == 1:
                pairs += 1
                if correct_confidence > wrong_confidence:
                    won += 1
                elif correct_confidence == wrong_confidence:
                    won += 0.5
    return won / pairs if pairs else None


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


def standard_error(influence):
    return math.sqrt(sum(value**2 for value in influence)) / len(influence)


# The same quantities as functionals of a *weighted* sample, weights of any sum. Inside a tie block the weight and the
# error grow together in a straight line, which is the expectation over the orders of infinitely small shares.


def weighted_risk(confidence, error, weight):
    return sum(w * float(e) for w, e in zip(weight, error, strict=True)) / sum(weight)


def weighted_augrc(confidence, error, weight):
    points = [(accepted, errors) for _, accepted, errors in weighted_points(confidence, error, weight)]
    return trapezoid_from_origin(points) / sum(weight) ** 2


def weighted_failure_auroc(confidence, error, weight):
    samples = list(zip(confidence, error, weight, strict=True))
    won, pairs = 0.0, 0.0
    for correct_confidence, correct, correct_weight in samples:
        for wrong_confidence, wrong, wrong_weight in samples:
            if correct == 0 and wrong == 1:
                pairs += correct_weight * wrong_weight
                share = 1.0 if correct_confidence > wrong_confidence else 0.0
                if correct_confidence == wrong_confidence:
                    share = 0.5
                won += correct_weight * wrong_weight * share
    return won / pairs


def weighted_aurc(confidence, error, weight):
    """∫ R(c) dc, the limit of AURC for many samples; in a block R = (E + slope·(w - W)) / w, integrated exactly."""
    area, weight_above, error_above = 0.0, 0.0, 0.0
    for _, accepted, errors in weighted_points(confidence, error, weight):
        slope = (errors - error_above) / (accepted - weight_above)
        area += slope * (accepted - weight_above)
        if weight_above > 0:
            area += (error_above - slope * weight_above) * math.log(accepted / weight_above)
        weight_above, error_above = accepted, errors
    return area / sum(weight)


def weighted_points(confidence, error, weight):
    """One (threshold, weight accepted, weight of the errors accepted) per distinct confidence, in descending order."""
    points, accepted, errors = [], 0.0, 0.0
    for threshold in sorted({float(value) for value in confidence}, reverse=True):
        for value, e, w in zip(confidence, error, weight, strict=True):
            if value == threshold:
                accepted += w
                errors += w * float(e)
        points.append((threshold, accepted, errors))
    return points


def influence_by_reweighting(functional, confidence, error, step=1e-5):
    """d/dt of the functional at (1 - t)·sample + t·(all weight on sample k), by a central difference, for each k."""
    n = len(confidence)
    influence = []
    for k in range(n):
        sides = []
        for t in (step, -step):
            weight = [(1 - t) / n + (t if i == k else 0.0) for i in range(n)]
            sides.append(functional(confidence, error, weight))
        influence.append((sides[0] - sides[1]) / (2 * step))
    return influence
