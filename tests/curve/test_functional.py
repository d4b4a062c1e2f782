import pytest

import abstain

CONFIDENCE, ERROR = [0.9, 0.8, 0.8, 0.1], [0, 0, 1, 1]


def test_one_call_forms_as_worked_by_hand():
    # Errors 0 | 0 and 1 tied | 1: R = 0, 1/4, 1/3, 1/2. Reachable: 1, 3 and 4 samples with risk 0, 1/3 and 1/2.
    assert abstain.aurc(CONFIDENCE, ERROR) == pytest.approx((1 / 4 + 1 / 3 + 1 / 2) / 4, abs=1e-15)
    trapezoid = abstain.aurc(CONFIDENCE, ERROR, convention="trapezoid")
    assert trapezoid == pytest.approx((1 / 4 + 1 / 3 + 1 / 4) / 4, abs=1e-15)
    assert [abstain.coverage_at_risk(CONFIDENCE, ERROR, target_risk=r) for r in (0, 0.4, 0.5)] == [0.25, 0.75, 1.0]
    assert [abstain.risk_at_coverage(CONFIDENCE, ERROR, target_coverage=c) for c in (0.2, 0.5, 1)] == [0, 1 / 3, 1 / 2]


def test_bad_arguments_are_refused_as_by_the_curve():
    with pytest.raises(abstain.InputError, match="did you mean 'trapezoid'"):
        abstain.aurc(CONFIDENCE, ERROR, convention="trapezium")
    with pytest.raises(abstain.InputError, match="target_risk is 2, but must be a fraction"):
        abstain.coverage_at_risk(CONFIDENCE, ERROR, target_risk=2)
    with pytest.raises(abstain.InputError, match="target_coverage is 0, but must be a fraction"):
        abstain.risk_at_coverage(CONFIDENCE, ERROR, target_coverage=0)
    with pytest.raises(abstain.InputError, match="confidence has 4 samples and error has 3"):
        abstain.aurc(CONFIDENCE, ERROR[1:])
