from dataclasses import replace

import numpy as np

from abstain import read_predictions
from abstain.audit import audit_predictions
from abstain.audit.figures import figures_of


def test_each_model_has_its_curves_and_several_are_drawn_together():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(100, 3)), rng.integers(0, 3, 100)
    one = audit_predictions(read_predictions({"logits": logits, "label": labels}), name="a")
    assert {"risk_coverage", "max_logit_given_msp"} == figures_of([replace(one, name="")]).keys()
    both = figures_of([one, replace(one, name="b")])
    assert {"risk_coverage", "a/risk_coverage", "b/risk_coverage"} <= both.keys()
    labels = [line.get_label() for line in both["risk_coverage"].axes[0].get_lines()]
    assert {"a, MSP", "b, MSP"} <= set(labels)
