"""Wrong inputs of scores and of what is fitted to logits."""

import math

import numpy as np
import torch

from abstain import LogitNorm, evaluate_logits, read_logits, scores, write_logits
from abstain.scores import TemperatureScaling, calibration_metrics, confidence_from_dict, named_confidence
from wrong_inputs.values import LABELS, LOGITS, NO_NUMBER, NOT_NUMBERS, Z, case, over

# logits and labels
for kind, (value, said) in NOT_NUMBERS.items():
    said = "logits" if kind in ("a frame", "a table", "missing values", "too few", "none at all") else said
    said = said.replace("holds", "hold").replace("one-dimensional", "real numbers")
    if kind not in ("a table", "a frame"):  # which are logits
        said = "(N, K)" if kind in ("one number",) else said
        case(f"msp: {kind}", lambda v=value: scores.msp(v), said)
for kind, value in {
    "a NaN": [[math.nan, 0.0]],
    "an infinity": [[math.inf, 0.0]],
    "three axes": np.ones((2, 3, 4)),
    "no class": np.ones((3, 0)),
    "no sample": np.ones((0, 3)),
    "a tuple of two shapes": (LOGITS, LOGITS[:3]),
    "a tuple of two widths": (Z, Z[:, :3]),
    "rows of unequal lengths": [[1, 2], [1, 2, 3]],
    "numbers as text": [["1", "2"]],
    "masked": np.ma.masked_less(LOGITS, 0),
    "sparse": Z.to_sparse(),
    "meta": Z.to("meta"),
    "complex": Z.to(torch.complex64),
}.items():
    for function in (scores.msp, LogitNorm(3).score, TemperatureScaling(2).score):
        name = getattr(function, "__qualname__", "msp")
        case(f"{name}: logits with {kind}", lambda f=function, v=value: f(v), "")
for kind, (value, said) in {
    "one of 1e25": ([1e25, 0, 1, 2], "hold float64"),
    "one of 10**25": ([10**25, 0, 1, 2], "hold object"),
    "one of 2**63": (np.array([2**63, 0, 1, 2], dtype=np.uint64), "a label is 9223372036854775808"),
    "a negative one": ([-1, 0, 1, 2], "a label is -1"),
    "one of -100": ([-100, 0, 1, 2], "a label is -100"),
    "one too large": ([4, 0, 1, 2], "a label is 4, but must be from 0 to 3"),
    "NaN": ([math.nan, 0, 1, 2], "hold float64"),
    "text": (["a", "b", "c", "d"], "hold <U1"),
    "one-hot rows": (np.eye(4, dtype=int), "one-dimensional"),
    "too few": ([0, 1], "4 rows of logits and 2 labels"),
    "none": ([], "labels"),
    "None": (None, "of type NoneType cannot be read"),
    "masked": (np.ma.masked_equal([0, 1, 2, 3], 1), "1 masked"),
    "sparse": (torch.tensor([0, 1, 2, 3]).to_sparse(), "call to_dense() first"),
    "meta": (torch.zeros(4, dtype=torch.long, device="meta"), "as a meta tensor"),
}.items():
    case(f"error of labels: {kind}", lambda v=value: scores.classification_error(LOGITS[:4], v), said)
    case(f"LogitNorm.fit of labels: {kind}", lambda v=value: LogitNorm.fit(LOGITS[:4], v), said)
    case(f"TemperatureScaling.fit of labels: {kind}", lambda v=value: TemperatureScaling.fit(LOGITS[:4], v), said)
    case(f"calibration of labels: {kind}", lambda v=value: calibration_metrics(LOGITS[:4], v), said)
for names, said in (
    ("msp", "['msp'] of a single one"),
    (3, "list of names"),
    (None, "list of names"),
    ([], "no score"),
):
    case(f"score_all({names!r})", lambda n=names: scores.score_all(LOGITS, n), said)
case("score_all of a typo", lambda: scores.score_all(LOGITS, ["mps"]), "did you mean 'msp'?")
case("score_all of a number", lambda: scores.score_all(LOGITS, [3]), "unknown score 3")

# fits
over("LogitNorm(p)", {k: v for k, v in NO_NUMBER.items() if v is not None}, LogitNorm, "p is ")
over("LogitNorm(p) out of range", {"0.5": 0.5, "NaN": math.nan, "infinite": math.inf}, LogitNorm, "p is ")
NO_FLAG = {"text": "no", "None": None, "a number": 1, "a list": [True]}
over("LogitNorm(center)", NO_FLAG, lambda v: LogitNorm(3, v), "center is ")
over("LogitNorm.fit(center)", NO_FLAG, lambda v: LogitNorm.fit(LOGITS, LABELS, center=v), "center is ")
over("named_confidence(center)", NO_FLAG, lambda v: named_confidence("msp", center=v), "center is ")
over("LogitNorm(n_logits)", {"text": "4", "0": 0, "2.5": 2.5}, lambda v: LogitNorm(3, n_logits=v), "n_logits is ")
NO_LIST = {"3": 3, "text": "123", "None": None, "a dictionary": {1: 2}, "True": True}
over("p_grid", NO_LIST, lambda v: LogitNorm.fit(LOGITS, LABELS, p_grid=v), "p_grid is ")
case("an empty p_grid", lambda: LogitNorm.fit(LOGITS, LABELS, p_grid=[]), "p_grid is empty")
over("an item of p_grid", NO_NUMBER, lambda v: LogitNorm.fit(LOGITS, LABELS, p_grid=[v]), "an item of p_grid is ")
case("p_grid=[0.5]", lambda: LogitNorm.fit(LOGITS, LABELS, p_grid=[0.5]), "p is 0.5")
over("fallback", NO_NUMBER, lambda v: LogitNorm.fit(LOGITS, LABELS, fallback=v), "unknown fallback")
case("logits and labels swapped", lambda: LogitNorm.fit(LABELS, LOGITS), "must be (N, K)")
case("a fit of other classes", lambda: LogitNorm.fit(LOGITS, LABELS).score(LOGITS[:, :3]), "fit on logits of the same")
case("a norm of two classes", lambda: LogitNorm(3).score(LOGITS[:, :2]), "says nothing about two classes")
over("TemperatureScaling", NO_NUMBER, TemperatureScaling, "temperature is ")
over("TemperatureScaling of", {"0": 0, "-1": -1, "NaN": math.nan, "inf": math.inf}, TemperatureScaling, "above 0")
over(
    "calibration_metrics(temperature)", NO_NUMBER, lambda v: calibration_metrics(LOGITS, LABELS, temperature=v), "temp"
)
PNORM, CANDIDATE = {"score": "max_logit_pnorm"}, {"p": 1, "aurc": 0.1, "gain": 0.0, "gain_standard_error": 0.0}
for values, said in (
    (None, "must be a dictionary"),
    ([], "must be a dictionary"),
    ({}, "must be a dictionary"),
    ({"score": None}, "unknown score None"),
    ({"score": ["msp"]}, "unknown score"),
    ({"score": "mps"}, "did you mean 'msp'?"),
    ({"score": "msp", "p": 1}, "has the keys"),
    (PNORM, "has the keys"),
    ({**PNORM, "p": "3"}, "p is '3'"),
    ({**PNORM, "p": 0.5}, "p is 0.5"),
    ({**PNORM, "p": 3, "center": "no"}, "center is 'no'"),
    ({**PNORM, "p": 3, "n_logits": -1}, "n_logits is -1"),
    ({**PNORM, "p": 3, "reason": 5}, "reason of a LogitNorm is 5"),
    ({**PNORM, "p": 3, "search": 3}, "search of a LogitNorm is 3"),
    ({**PNORM, "p": 3, "search": [3]}, "a Candidate is 3, but must be a mapping with the keys ["),
    ({**PNORM, "p": 3, "search": [{"p": 1}]}, "a Candidate has the keys ['p']"),
    ({**PNORM, "p": 3, "search": [{**CANDIDATE, "aurc": "x"}]}, "a number of a Candidate is 'x'"),
    ({**PNORM, "p": 3, 1: 2}, "has the keys ['1', 'p', 'score']"),
    ({"score": "temperature_scaling"}, "has the keys"),
    ({"score": "temperature_scaling", "temperature": "2"}, "temperature is '2'"),
    ({"score": "temperature_scaling", "temperature": 0}, "above 0"),
):
    case(f"confidence_from_dict({values})", lambda v=values: confidence_from_dict(v), said)
for name, p, said in (
    ("mps", None, "did you mean 'msp'?"),
    (None, None, "unknown score None"),
    ("msp", 3, "no other score takes one"),
    ("max_logit_pnorm", None, "needs a p"),
    ("max_logit_pnorm", "3", "p is '3'"),
):
    case(f"named_confidence({name!r}, p={p!r})", lambda n=name, p=p: named_confidence(n, p=p), said)

# what is written to a file, and a whole evaluation
for split in ("a/../../b", "", "..", ".", "/x", "a\0", None, 3):
    case(f"write_logits to {split!r}", lambda s=split: write_logits("nowhere", s, LOGITS, LABELS), "the split is ")
    case(f"read_logits of {split!r}", lambda s=split: read_logits(".", s), "the split is ")
for folder in (3, None, "a\0"):
    case(f"write_logits into {folder!r}", lambda f=folder: write_logits(f, "x", LOGITS, LABELS), "the folder is ")
    case(f"read_logits from {folder!r}", lambda f=folder: read_logits(f, "x"), "the folder of the logits data set is ")
for risks in (0.05, "0.05", None, {"a": 1}, ["0.05"], [5]):
    case(
        f"evaluate_logits(target_risks={risks!r})", lambda r=risks: evaluate_logits(LOGITS, LABELS, target_risks=r), ""
    )
for name, said in (("validaton", "'validation'"), ("target_risk", "'target_risks'"), ("foo", "choose from")):
    case(f"evaluate_logits({name})", lambda n=name: evaluate_logits(LOGITS, LABELS, **{n: 1}), said)
case("evaluate_logits(level=1)", lambda: evaluate_logits(LOGITS, LABELS, level=1), "level is 1")
case("the same validation", lambda: evaluate_logits(LOGITS, LABELS, validation=(LOGITS, LABELS)), "the same samples")
case(
    "a part of the test",
    lambda: evaluate_logits(LOGITS, LABELS, validation=(LOGITS[9:], LABELS[9:])),
    "the same samples",
)
case("no pair", lambda: evaluate_logits(LOGITS, LABELS, validation=LOGITS), "must be the pair")
case("several outputs", lambda: evaluate_logits((LOGITS, LOGITS[:, :3]), LABELS), "as a model gives several: give one")
