from dataclasses import replace

import numpy as np

from abstain import read_predictions
from abstain.audit import audit_predictions
from abstain.audit.figures import figures_of
from abstain.report.style import looks_of_models


def test_each_model_has_its_curves_and_several_are_drawn_together():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(100, 3)), rng.integers(0, 3, 100)
    one = audit_predictions(read_predictions({"logits": logits, "label": labels}), name="a")
    assert {"risk_coverage", "max_logit_given_msp"} == figures_of([replace(one, name="")]).keys()
    both = figures_of([one, replace(one, name="b")])
    assert {"risk_coverage", "a/risk_coverage", "b/risk_coverage"} <= both.keys()
    labels = [line.get_label() for line in both["risk_coverage"].axes[0].get_lines()]
    assert {"a, MSP", "b, MSP"} <= set(labels)


def test_models_look_alike_in_all_figures_and_before_and_after_their_repair():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    logits = rng.normal(size=(200, 3)) + np.eye(3)[labels]
    test, validation = ({"logits": logits[some], "label": labels[some]} for some in (slice(100), slice(100, 200)))
    one = audit_predictions(read_predictions(test), read_predictions(validation), name="a")
    looks = looks_of_models({"a": ("LS", 0.1), "b": ("CE", 0.0)})
    figures = figures_of([one, replace(one, name="b")], looks)
    before, after = figures["risk_coverage"].axes
    for axes in (before, after):
        lines = [line for line in axes.get_lines() if not line.get_label().startswith("_")]
        assert [line.get_color() for line in lines] == [looks["a"].color, "black"]
    for name in ("a/risk_coverage", "a/max_logit_given_msp"):
        assert looks["a"].color in [line.get_color() for line in figures[name].axes[0].get_lines()]


def test_log_probabilities_and_probabilities_have_the_figure_of_their_logits():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(300, 4)), rng.integers(0, 4, 300)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = audit_predictions(read_predictions({"logits": logits, "label": labels})).max_logit
    for values in (p, np.log(p)):
        found = audit_predictions(read_predictions({"values": values, "label": labels})).max_logit
        np.testing.assert_allclose(found.right.mean, wanted.right.mean)
        np.testing.assert_allclose(found.log_odds, wanted.log_odds)
    p[:, 3] = 0
    certain = audit_predictions(read_predictions({"values": p / p.sum(axis=1, keepdims=True), "label": labels}))
    assert certain.diagnosis is None and certain.max_logit is None, "of which there are no logarithms"
    cut = audit_predictions(read_predictions({"logits": np.maximum(logits, 0.2), "label": labels}))
    assert cut.diagnosis.verdict == "cannot be told from tied values" and cut.max_logit is None
