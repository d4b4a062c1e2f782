"""Wrong inputs of curves, thresholds and sketches."""

import math

import numpy as np

import abstain
from abstain import RiskCoverageSketch
from wrong_inputs.values import CONFIDENCE, ERROR, NO_FRACTION, NO_NUMBER, NOT_NUMBERS, case, over

# (confidence, error)
for kind, (value, said) in NOT_NUMBERS.items():
    case(f"aurc(confidence): {kind}", lambda v=value: abstain.aurc(v, ERROR), said)
    case(f"aurc(error): {kind}", lambda v=value: abstain.aurc(CONFIDENCE, v), said)
    case(f"select_threshold(error): {kind}", lambda v=value: abstain.select_threshold(CONFIDENCE, v, 0.5), said)
    case(f"sketch.update(confidence): {kind}", lambda v=value: RiskCoverageSketch().update(v, ERROR), said)
case("NaN has no rank", lambda: abstain.aurc([1, math.nan, 2, 3], ERROR), "NaN has no rank")
case("a negative error", lambda: abstain.aurc(CONFIDENCE, [-1, 0, 1, 1]), "a negative, NaN or infinite value")
case("a NaN error", lambda: abstain.aurc(CONFIDENCE, [math.nan, 0, 1, 1]), "a negative, NaN or infinite value")
case("an infinite error", lambda: abstain.aurc(CONFIDENCE, [math.inf, 0, 1, 1]), "a negative, NaN or infinite value")
case("a loss without a square", lambda: abstain.aurc(CONFIDENCE, [1e200] * 4), "divide all losses by the largest")
case("nothing", lambda: abstain.aurc([], []), "the set of samples is empty")
case(
    "pairs of unequal lengths",
    lambda: abstain.aurc_difference(CONFIDENCE, ERROR, [1, 2], [0, 1]),
    "a has 4 samples and b has 2",
)

# single arguments of a curve
CURVE = abstain.risk_coverage_curve(CONFIDENCE, ERROR)
OF_LOSSES = abstain.risk_coverage_curve(CONFIDENCE, [0.5, 1.5, 2.0, 0.0])
over("coverage_at_risk", NO_FRACTION, CURVE.coverage_at_risk, "target_risk is ")
over("coverage_at_risk of losses", NO_NUMBER, OF_LOSSES.coverage_at_risk, "target_risk is ")
over("risk_at_coverage", NO_FRACTION, CURVE.risk_at_coverage, "target_coverage is ")
over("aurc_interval", NO_FRACTION, CURVE.aurc_interval, "level is ")
over("summary", NO_NUMBER, lambda v: CURVE.summary([v]), "an item of target_risks is ")
over("coverage_at_risk_interval", NO_FRACTION, CURVE.coverage_at_risk_interval, "target_risk is ")
over("its level", NO_FRACTION, lambda v: CURVE.coverage_at_risk_interval(0.5, v), "level is ")
over("select_threshold(target_risk)", NO_FRACTION, lambda v: abstain.select_threshold(CONFIDENCE, ERROR, v), "target")
over(
    "select_threshold(delta)",
    {kind: value for kind, value in NO_FRACTION.items() if kind != "None"},
    lambda v: abstain.select_threshold(CONFIDENCE, ERROR, 0.5, v),
    "delta is ",
)
NO_GROUPS = {
    "missing": [None, 1, 2, 3],
    "NaN": [1, math.nan, 2, 3],
    "complex": [1j, 2, 3, 4],
    "dates": np.array(["2020-01-01"] * 4, dtype="M8[D]"),
    "short": [1, 2],
    "a table": [[1, 2], [3, 4]],
    "mixed": np.array([1, "a", 2, 3], dtype=object),
    "NaN among names": ["a", math.nan, "b", "b"],
}
over(
    "risk_coverage_curve(clusters)",
    NO_GROUPS,
    lambda v: abstain.risk_coverage_curve(CONFIDENCE, ERROR, clusters=v),
    "clusters ",
)
case("one cluster", lambda: abstain.risk_coverage_curve(CONFIDENCE, ERROR, clusters=[7] * 4), "in one cluster")
over(
    "operating_point_by_group(threshold)",
    {**NO_NUMBER, "NaN": math.nan},
    lambda v: abstain.operating_point_by_group(CONFIDENCE, ERROR, [0, 0, 1, 1], threshold=v),
    "threshold is ",
)
over(
    "operating_point_by_group(group)",
    NO_GROUPS,
    lambda v: abstain.operating_point_by_group(CONFIDENCE, ERROR, v, threshold=1.0),
    "group",
)
for value in (None, "men", ["mean"], 3, {}):
    case(f"aurc(convention={value!r})", lambda v=value: CURVE.aurc(v), "unknown convention")
case("target_risks=0.05", lambda: CURVE.summary(0.05), "must be a list of numbers: [0.05] of a single one")
case("target_risks='0.05'", lambda: CURVE.summary("0.05"), "must be a list of numbers")
case("failure AUROC of losses", OF_LOSSES.failure_auroc, "needs 0/1 errors")
case("an interval of losses", lambda: OF_LOSSES.coverage_at_risk_interval(0.5), "needs 0/1 errors")
case("a threshold for losses", lambda: abstain.select_threshold(CONFIDENCE, [0.5] * 4, 0.5), "needs 0/1 errors")
case("a sketch of losses", lambda: RiskCoverageSketch().update(CONFIDENCE, [0.5] * 4), "needs 0/1 errors")

# a sketch
EMPTY, SKETCH = RiskCoverageSketch(), RiskCoverageSketch().update(CONFIDENCE, ERROR)
for read in (EMPTY.aurc, EMPTY.aurc_bounds, EMPTY.curve, lambda: EMPTY.coverage_at_risk(0.1)):
    case(f"an empty sketch: {getattr(read, '__name__', 'coverage')}", read, "the sketch is empty")
case("a sketch on one process", SKETCH.all_reduce, "torch.distributed is not initialised")
over("sketch.coverage_at_risk", NO_FRACTION, SKETCH.coverage_at_risk, "target_risk is ")
over("sketch.risk_at_coverage", NO_FRACTION, SKETCH.curve().risk_at_coverage, "target_coverage is ")
for path in (None, 3, "a\0b", "~nobody-here/x", "x" * 300):
    case(f"save({str(path)[:20]!r})", lambda p=path: SKETCH.save(p), "the path is ")
    case(f"load({str(path)[:20]!r})", lambda p=path: RiskCoverageSketch.load(p), "the path is ")
case("load of nothing", lambda: RiskCoverageSketch.load("nowhere.npz"), "there is no file 'nowhere.npz'")
STATE = SKETCH.__getstate__()
for kind, change in {
    "other bits": {"leading_bits": np.array(10)},
    "negative counts": {"counts": -STATE["counts"]},
    "counts of floats": {"counts": STATE["counts"].astype(float)},
    "counts without samples": {"counts": STATE["counts"] * 0},
    "counts that overflow": {"counts": STATE["counts"] + 2**62},
    "fewer bins": {"bins": STATE["bins"][:1]},
    "bins in another order": {"bins": STATE["bins"][::-1]},
    "bins too large": {"bins": STATE["bins"] + 2**20},
    "bins of text": {"bins": np.array(["a"] * 4)},
}.items():
    case(f"a state with {kind}", lambda c=change: RiskCoverageSketch().__setstate__(STATE | c), "not that of a sketch")
for state in ({}, None, [1]):
    case(f"the state {state}", lambda s=state: RiskCoverageSketch().__setstate__(s), "not that of a sketch")
