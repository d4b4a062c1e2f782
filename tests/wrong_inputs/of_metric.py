"""Wrong inputs of the `evaluate` metric: what is called, and a piece of the sentence."""

import math

import numpy as np
import torch

import abstain
from wrong_inputs.values import LABELS, LOGITS, NO_FRACTION, NOT_NUMBERS

METRIC = []
"""(name, what is called, a piece of the sentence)"""
VALIDATION = (LOGITS + 1, LABELS)


def computed(name, said, *, loading=None, **given):
    given = {"predictions": LOGITS, "references": LABELS, **given}
    METRIC.append((name, lambda: abstain.load_metric(**(loading or {})).compute(**given), said))


def loaded(name, said, **loading):
    METRIC.append((f"load: {name}", lambda: abstain.load_metric(**loading), said))


loaded(
    "an unknown configuration", "unknown configuration 'confidnce': did you mean 'confidence'?", config_name="confidnce"
)
loaded("an unknown score", "unknown score 'mps': did you mean 'msp'?", score="mps")
loaded("no p", "max_logit_pnorm needs a p", score="max_logit_pnorm")
loaded("a p too many", "no other score takes one", score="energy", p=2)
loaded("p below 1", "p is 0.5", p=0.5)
loaded("p as text", "p is '2'", p="2")
loaded("p on nothing", 'p="auto" needs validation', p="auto")
loaded("validation for nothing", 'only p="auto" and score="auto" need it', validation=VALIDATION)
loaded("a repair fitted on nothing", 'score="auto" needs validation', score="auto")
loaded("a repair with a p", "but p is 2: leave it out", score="auto", p=2, validation=VALIDATION)
loaded("validation that is no pair", "must be the pair (logits, labels)", p="auto", validation=LOGITS)
loaded("center as text", "center is 'no'", p=2, center="no")
loaded("an unknown argument", "unknown argument of loading", colour="red")
loaded("an unknown input", "unknown input 'logit'", input="logit")
loaded("ignore_index as text", "ignore_index is '0'", ignore_index="0")
loaded("a score of a confidence", "takes a confidence as it is", config_name="confidence", score="msp")

for kind, (value, _) in NOT_NUMBERS.items():
    if kind not in ("a table", "a frame"):  # which are logits of other samples
        computed(f"predictions: {kind}", "", predictions=value, references=[0, 0, 1, 1])
for kind, labels, said in (
    ("too few", LABELS[:3], "have shape"),
    ("too large", LABELS + 1, "a label is 4, but must be from 0 to 3"),
    ("negative", LABELS - 1, "a label is -1"),
    ("between", LABELS + 0.5, "must be a whole number"),
    ("NaN", [math.nan] * 20, "must be a whole number"),
    ("names", ["a"] * 20, "whole numbers"),
    ("none", None, "needs predictions and references"),
    ("of 1e25", [1e25] * 20, "a label is 1e+25"),
    ("all ignored", [-100] * 20, "no sample was added"),
    ("masked", np.ma.masked_equal(LABELS, 1), "masked"),
    ("meta", torch.zeros(20, dtype=torch.long, device="meta"), "as a meta tensor"),
):
    computed(f"references: {kind}", said, references=labels)
for kind, predictions, said in (
    ("labels", LABELS, "as class labels have, but must be logits"),
    ("none", None, "needs predictions and references"),
    ("a NaN", np.where(LOGITS > 2, math.nan, LOGITS * math.nan), "NaN or infinite"),
    ("percent", np.full((20, 4), 25.0), "sum to 100"),
    ("no class", LOGITS[:, :0], "have shape"),
    ("no sample", LOGITS[:0], "have shape"),
    ("sparse", torch.tensor(LOGITS).to_sparse(), "to_dense()"),
):
    computed(f"predictions: {kind}", said, predictions=predictions)
tokens = {"predictions": np.arange(12.0).reshape(3, 2, 2), "references": np.ones((3, 2), int)}
one = {"predictions": np.full((20, 1), 0.5), "references": LABELS % 2}
computed("one column in [0, 1]", "one column within [0, 1]", **one)
computed("two axes for the classes", "give class_axis=1 or class_axis=2", **tokens)
computed("no such axis", "class_axis is 5", **tokens, class_axis=5)
computed("an axis of samples", "class_axis is 0, but without that axis", **tokens, class_axis=0)
computed("input that is none", "unknown input 'p'", input="p")
computed("input that does not fit", 'which input="probabilities" rules out', input="probabilities")
computed("a typo", "unknown argument 'taget_risks'", taget_risks=[0.1])
computed("a convention", "unknown convention 'men'", convention="men")
computed("risks in percent", "target_risk is 5", target_risks=[5])
computed("coverages in percent", "target_coverage is 80", target_coverages=[80])
for kind, value in NO_FRACTION.items():
    if value is not None:
        computed(f"confidence_level: {kind}", "is ", confidence_level=value)
computed("a shift that is lost", "have lost", predictions=np.full((20, 4), 0.25), loading={"p": 2, "center": False})
OWN = {"config_name": "confidence"}
computed("no confidence", "needs predictions, references and confidence", loading=OWN, predictions=LABELS)
computed("logits for classes", "must be (N,): the class of each sample", loading=OWN, confidence=np.ones(20))
computed(
    "names and numbers", "both must be names, or integers", loading=OWN, predictions=["a"] * 20, confidence=np.ones(20)
)
computed("a short confidence", "must be equal", loading=OWN, predictions=LABELS, confidence=np.ones(3))
computed("a NaN confidence", "NaN has no rank", loading=OWN, predictions=LABELS, confidence=np.full(20, math.nan))
computed("a confidence too many", "needs predictions and references", confidence=np.ones(20))
METRIC.append(("nothing", lambda: abstain.load_metric().compute(), "no sample was added"))


def added_as_logits_and_probabilities():
    metric = abstain.load_metric()
    metric.add_batch(predictions=LOGITS, references=LABELS)
    metric.add_batch(predictions=np.full((20, 4), 0.25), references=LABELS)


def another_score_when_the_logits_are_gone():
    metric = abstain.load_metric()
    metric.add_batch(predictions=LOGITS, references=LABELS)
    metric.compute(score="energy")


METRIC.append(("two kinds of batches", added_as_logits_and_probabilities, "but those before them like logits"))
METRIC.append(("another score later", another_score_when_the_logits_are_gone, "the logits are gone"))
