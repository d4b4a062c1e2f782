import pytest

from abstain import InputError, evaluate_logits
from abstain.hub.measurements import Measurements, measurements_of


@pytest.fixture
def report(logits_and_labels):
    logits, labels = logits_and_labels
    return evaluate_logits(logits[150:], labels[150:], validation=(logits[:150], labels[:150]), target_risks=(0.2,))


def test_the_table_is_that_of_the_report(report):
    assert Measurements(report.to_dict()).table() == report.to_markdown()
    assert measurements_of({"evaluation": report.to_dict()}).reason == report.logit_norm.reason


def test_the_table_of_older_results_says_how_each_confidence_was_fitted(results_of):
    measured = measurements_of(results_of("resnet20_cifar10_ls"))
    rows = [line.split("|")[1].strip() for line in measured.table().splitlines()[2:]]
    assert rows == ["MSP", "p-norm, p = 2", "uncentred p-norm, p = 2", "MSP, temperature 0.655"]
    assert "[3.898, 4.640] |    68.9 |    13.5" in measured.table()


def test_machines_read_both_scores_and_how_the_second_was_fitted(report, results_of):
    found = list(Measurements(report.to_dict()).index("image-classification", "someone/data", "Data", "test"))
    metrics = {(one.metric_args["score"], one.metric_type): one.metric_value for one in found}
    for score, result in (("msp", report.msp), ("max_logit_pnorm", report.repaired)):
        for key in ("aurc", "cov@20"):
            assert metrics.pop((score, key)) == pytest.approx(result.metrics[key], abs=5e-7)
    assert metrics == {("msp", "risk"): pytest.approx(report.msp.metrics["risk"], abs=5e-7)}
    assert {one.dataset_type for one in found} == {"someone/data"} and {one.dataset_split for one in found} == {"test"}
    of_run = Measurements(results_of("resnet20_cifar10_ls")["evaluation"]).index(
        "image-classification", "d", "D", "test"
    )
    *_, last = of_run
    wanted = {"p": 2.0, "center": True, "fitted_on": "validation", "split": "test", "n_samples": 10_000}
    assert last.metric_args == {"score": "max_logit_pnorm", "convention": "mean", **wanted}


def test_a_fit_that_fell_back_says_so(results_of):
    *_, last = Measurements(results_of("lstm_imdb_a0_s0")["evaluation"]).index("text-classification", "d", "D", "test")
    assert last.metric_args["falls_back_to"] == "msp" and "p" not in last.metric_args


@pytest.mark.parametrize("fallback", ["strict", "never"])
def test_two_classes_say_how_each_was_calibrated(logits_and_labels, fallback):
    logits, labels = logits_and_labels[0][:, :2], logits_and_labels[1] % 2
    halves = (logits[:150], labels[:150]), (logits[150:], labels[150:])
    report = evaluate_logits(*halves[1], validation=halves[0], fallback=fallback)
    measured = Measurements(report.to_dict())
    assert measured.table() == report.to_markdown()
    assert measured.reason == report.repair.reason and "two classes" in measured.repair
    *_, last = measured.index("text-classification", "d", "D", "test")
    assert last.metric_args["score"] == "two_class_calibration"
    assert last.metric_args["lines"] == report.repair.to_dict()["lines"]


def test_what_is_undefined_is_no_number(report):
    values = report.to_dict()
    values["scores"]["msp"]["cov@20"] = None
    found = Measurements(values).index("image-classification", "d", "D", "test")
    assert ("msp", "cov@20") not in [(one.metric_args["score"], one.metric_type) for one in found]


def test_results_of_something_else_are_refused_in_a_sentence():
    assert measurements_of(None) is None and measurements_of({"settings": {}}) is None
    for wrong in ({"accuracy": 1.0}, {"scores": {"msp": {}}}, [1]):
        with pytest.raises(InputError, match="holds an evaluation that no SelectiveReport wrote"):
            measurements_of({"evaluation": wrong})
