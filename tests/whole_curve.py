def everything_read_from(curve):
    return {
        "auroc": curve.is_binary and (curve.failure_auroc(), curve.failure_auroc_interval()),
        "coverage": curve.coverage.tolist(),
        "risk": curve.risk.tolist(),
        "accepted": curve.accepted.tolist(),
        "mean": curve.aurc(),
        "trapezoid": curve.aurc("trapezoid"),
        "standard_error": curve.aurc_standard_error(),
        "optimal": curve.optimal_aurc(),
        "excess": curve.excess_aurc(),
        "normalized": curve.normalized_aurc(),
        "augrc": curve.augrc(),
        "intervals": [curve.aurc_interval(), curve.augrc_interval(), curve.risk_interval()],
        "coverage_at_risk": [curve.coverage_at_risk(r) for r in (0.0, 0.05, 0.3, 1.0)],
        "risk_at_coverage": [curve.risk_at_coverage(c) for c in (0.01, 0.5, 0.8, 1.0)],
    }
