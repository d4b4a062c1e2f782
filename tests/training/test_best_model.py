import numpy as np
import pytest

from abstain import InputError, load_metric, risk_coverage_curve
from abstain.scores.calibration import calibration_metrics
from abstain.training.best_model import check_is_given, check_is_measured, direction_of_best, larger_is_better

LARGER = {"failure_auroc", "cov@5", "cov@1"}


def test_every_number_of_the_metric_and_of_reports_has_its_direction():
    logits, labels = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 3
    options = {"target_coverages": [0.8], "confidence_level": 0.9}
    names = {
        *load_metric().compute(predictions=logits, references=labels, **options),
        *calibration_metrics(logits, labels),
        "loss",
    }
    names |= set(risk_coverage_curve([0.2, 0.1], [0, 1]).summary())
    assert {"risk@80", "augrc", "nll", "aurc_low"} <= names
    for name in names:
        whole = name.removesuffix("_low").removesuffix("_high")
        for spelled in (name, f"eval_{name}", f"eval_digits_{name}"):
            assert larger_is_better(spelled) is (whole in LARGER), spelled


@pytest.mark.parametrize("name", ["accuracy", "f1", "eval_score", "precision", "force"])
def test_other_metrics_keep_what_they_were_given(name):
    assert larger_is_better(name) is None
    assert direction_of_best(name, True) is True and direction_of_best(name, None) is None


def test_a_direction_that_would_choose_the_worst_model_is_refused():
    assert direction_of_best("aurc", False) is False and direction_of_best("eval_cov@5", None) is True
    with pytest.raises(InputError, match="greater_is_better is True, but a good model has a small eval_aurc"):
        direction_of_best("eval_aurc", True)
    with pytest.raises(InputError, match="greater_is_better is False, but a good model has a large cov@1"):
        direction_of_best("cov@1", False)
    with pytest.raises(InputError, match="smoothed loss, which differs"):
        direction_of_best("smoothed_loss", None)


@pytest.mark.parametrize(("name", "said"), [("aucr", "did you mean 'aurc'"), ("foo", "choose from aurc, cov@1")])
def test_a_metric_that_nothing_reports_is_refused_with_the_nearest(name, said):
    with pytest.raises(InputError, match=said):
        check_is_measured(name, None, alone=True)
    check_is_measured("eval_aurc", None, alone=True)
    check_is_measured(name, None, alone=False)


@pytest.mark.parametrize("metric", ["aurc", "loss", "eval_c_aurc", "eval_a_aucr"])
def test_a_metric_of_none_of_several_sets_is_refused(metric):
    with pytest.raises(InputError, match=r"sets \(a, b\), and it is of none of them: name one, such as eval_a_aurc"):
        check_is_measured(metric, ["a", "b"], alone=True)


def test_a_metric_of_one_of_several_sets_is_taken():
    check_is_measured("eval_b_cov@5", ["a", "b"], alone=True)
    check_is_measured("a_aurc", ["a", "b"], alone=True)
    check_is_measured("eval_b_accuracy", ["a", "b"], alone=False)


def test_a_metric_that_an_evaluation_has_not_given_is_refused():
    check_is_given("acc", ["eval_acc", "eval_loss"])
    with pytest.raises(InputError, match="metric_for_best_model is 'accc': did you mean 'acc'"):
        check_is_given("accc", ["eval_acc", "eval_loss"])
