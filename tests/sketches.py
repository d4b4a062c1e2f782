import numpy as np

from abstain.curve.sketch import RiskCoverageSketch


def sketch_of(confidence, error):
    return RiskCoverageSketch().update(confidence, error)


def log_odds_and_errors(n_samples=10**6):
    """Calibrated: an error has probability 1 - expit(log-odds)."""
    generator = np.random.default_rng(0)
    log_odds = generator.normal(4.0, 3.0, n_samples)
    return log_odds, generator.random(n_samples) > 1 / (1 + np.exp(-log_odds))
