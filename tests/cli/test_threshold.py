import json
import re
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from abstain import InputError, LogitNorm, read_predictions, scores, select_threshold, select_threshold_for_cost
from abstain.inference import AbstentionRule
from abstain.logits import hold_out, small_or_large
from abstain.logits.predictions import Predictions
from abstain.threshold import OperatingPoint

COSTS = ("--cost-of-error", "10", "--cost-of-abstaining", "1")


@pytest.fixture
def point_of(run, capsys):
    """The operating point that `abstain threshold` prints as JSON for these arguments."""

    def point_of(*arguments):
        assert run("threshold", *map(str, arguments), "--json") == 0
        return json.loads(capsys.readouterr().out)

    return point_of


def values_of(path):
    predictions = read_predictions(path)
    return predictions.values.double().numpy(), predictions.labels


def test_threshold_says_what_to_accept_and_what_is_guaranteed(run, capsys, logits_files):
    command = ["threshold", str(logits_files[0]), "--target-risk", "0.4"]
    assert run(*command, "--delta", "0.05") == 0
    printed = capsys.readouterr().out
    assert "Accept where msp >= " in printed and "With probability 0.95" in printed and "under a shift" in printed
    assert run(*command, "--score", "max_logit_pnorm", "--p", "2", "--json") == 0
    point = json.loads(capsys.readouterr().out)
    assert point["guaranteed"] is False and point["risk"] <= 0.4
    assert run(*command) == 0
    assert "There is no guarantee" in capsys.readouterr().out


def test_no_threshold_is_one_line_and_its_own_exit_status(run, capsys, tmp_path, logits_files):
    assert run("threshold", str(logits_files[0]), "--target-risk", "0.001", "--delta", "0.05") == 1
    error = capsys.readouterr().err
    used, sentence = error.splitlines()
    assert "5 logits: logits; labels: label" in used and "no threshold on 120 samples is sure" in sentence
    assert "the first that 30 others propose" in sentence
    path = tmp_path / "c.csv"
    path.write_text("correct,confidence\n0,0.9\n1,0.5\n")
    assert run("threshold", str(path), *COSTS, "--output-dir", str(tmp_path)) == 1
    assert "abstaining from every sample, at 1 each, is cheaper" in capsys.readouterr().err
    assert not (tmp_path / "abstention.json").exists()


@pytest.mark.parametrize("apart", [[], ["--validation-fraction", "0.5", "--score", "max_logit_pnorm"]])
@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_a_large_file_is_read_in_batches_and_gives_the_same_rule(monkeypatch, tmp_path, run, capsys, apart, kind):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 5, 3000)
    logits = (generator.normal(size=(3000, 5)) + 2 * np.eye(5)[labels]).astype(np.float32)
    values = logits if kind == "logits" else torch.softmax(torch.from_numpy(logits), dim=1).numpy()
    pq.write_table(pa.table({kind: list(values), "label": labels}), tmp_path / "v.parquet", row_group_size=700)
    command = ["threshold", str(tmp_path / "v.parquet"), "--target-risk", "0.1", "--json", *apart]
    assert run(*command) == 0
    whole = capsys.readouterr().out
    monkeypatch.setattr(small_or_large, "read_or_open", partial(small_or_large.read_or_open, large=1))
    monkeypatch.setattr(Predictions, "in_batches", None)  # nothing is in memory
    assert run(*command) == 0
    assert capsys.readouterr().out == whole


def test_a_coverage_and_costs_are_goals_too(run, capsys, point_of, logits_files):
    logits, labels = values_of(logits_files[0])
    confidence, error = scores.msp(logits), scores.classification_error(logits, labels)
    point = point_of(logits_files[0], "--target-coverage", "0.3")
    assert point["coverage"] == 0.3 == (confidence >= point["threshold"]).mean()
    point = point_of(logits_files[0], *COSTS)
    expected = select_threshold_for_cost(confidence, error, cost_of_error=10, cost_of_abstaining=1)
    assert point["threshold"] == expected.threshold and point["cost"]["low"] == expected.cost.low
    assert run("threshold", str(logits_files[0]), *COSTS) == 0
    assert f"thresholds cost {expected.cost.held_out:.4g} [{expected.cost.low:.4g}, " in capsys.readouterr().out


@pytest.mark.parametrize("name", scores.SCORES)
def test_every_score_can_be_asked_for(point_of, logits_files, name):
    logits, labels = values_of(logits_files[0])
    expected = select_threshold(scores.SCORES[name](logits), scores.classification_error(logits, labels), 0.2)
    point = point_of(logits_files[0], "--target-risk", "0.2", "--score", name)
    assert (point["threshold"], point["coverage"]) == (expected.threshold, expected.coverage)
    assert point["confidence"] == {"score": name}


# --- fits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["auto", "max_logit_pnorm", "temperature_scaling"])
def test_what_is_fitted_on_one_file_chooses_on_the_other(run, capsys, point_of, logits_files, name):
    test, validation = logits_files
    logits, fitted_on = values_of(test)[0], read_predictions(validation)
    fit = {"auto": LogitNorm, "max_logit_pnorm": LogitNorm, "temperature_scaling": scores.TemperatureScaling}[name]
    fit = fit.fit(fitted_on.values, fitted_on.labels)
    command = (test, "--target-coverage", "0.3", "--score", name, "--validation", validation)
    point = point_of(*command)
    assert scores.confidence_from_dict(point["confidence"]) == fit
    assert (fit.score(logits) >= point["threshold"]).mean() == point["coverage"] == 0.3
    assert run("threshold", *map(str, command)) == 0
    said = f"The confidence is {fit.label}, fitted on 150 samples"
    printed = capsys.readouterr().out
    assert said in printed and "; the threshold was chosen on 150 others." in printed


def test_a_share_is_fitted_on_and_never_chosen_on(run, capsys, point_of, logits_files):
    path = logits_files[0]
    fitted_on, chosen_on = hold_out(read_predictions(path), 0.4, seed=3)
    expected = LogitNorm.fit(fitted_on.values, fitted_on.labels)
    options = ("--score", "max_logit_pnorm", "--validation-fraction", "0.4", "--seed", "3")
    point = point_of(path, "--target-coverage", "0.5", *options)
    assert scores.confidence_from_dict(point["confidence"]) == expected and point["n_samples"] == 90
    assert (expected.score(chosen_on.values) >= point["threshold"]).mean() == point["coverage"]
    assert run("threshold", str(path), "--target-risk", "0.2", "--delta", "0.001", *options) == 1
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert "on 90 samples" in sentence and "the first that 60 others propose" in sentence
    guaranteed = ("--target-risk", "0.2", "--delta", "0.001", "--method", "union")
    assert run("threshold", str(path), *guaranteed, *options) == 1
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert "on 90 samples" in sentence and "of 150 samples, 60 were for the fit of the confidence" in sentence
    half, whole = (int(n.replace(",", "")) for n in re.findall(r"about ([\d,]+) ", sentence))
    assert whole == -(-half * 150 // 90)


@pytest.mark.parametrize("apart", ["--validation", "--validation-fraction"])
def test_the_samples_of_the_fit_propose_the_thresholds(point_of, logits_files, apart):
    path, other = logits_files[:2]
    fitted_on, chosen_on = read_predictions(other), read_predictions(path)
    options = (apart, str(other))
    if apart == "--validation-fraction":
        fitted_on, chosen_on = hold_out(chosen_on, 0.4, seed=3)
        options = (apart, "0.4", "--seed", "3")
    goal = ("--target-risk", "0.35", "--delta", "0.2", "--score", "max_logit_pnorm")
    found = OperatingPoint.from_dict({k: v for k, v in point_of(path, *goal, *options).items() if k != "confidence"})
    norm = LogitNorm.fit(fitted_on.values, fitted_on.labels)
    proposing, testing = (
        (norm.score(of.values), scores.classification_error(of.values, of.labels)) for of in (fitted_on, chosen_on)
    )
    assert found == select_threshold(*testing, 0.35, 0.2, tuning=proposing) and found.n_tuning == len(fitted_on)


def test_the_method_and_the_seed_are_taken(point_of, logits_files):
    values, labels = values_of(logits_files[0])
    confidence, error = scores.msp(values), scores.classification_error(values, labels)
    goal = ("--target-risk", "0.2", "--delta", "0.5")
    found = []
    for options, how in ((("--method", "union"), {"method": "union"}), (("--seed", "5"), {"seed": 5}), ((), {})):
        point = point_of(logits_files[0], *goal, *options)
        assert point | {"confidence": None} == {
            **select_threshold(confidence, error, 0.2, 0.5, **how).to_dict(),
            "confidence": None,
        }
        found.append(point["threshold"])
    assert len(set(found)) == 3


# --- the rule that inference reads ------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--score", "max_logit_pnorm", "--p", "3"), ("--score", "energy")])
@pytest.mark.parametrize("goal", [("--target-risk", "0.15"), ("--target-coverage", "0.5"), COSTS])
def test_the_rule_decides_as_was_said_on_the_text_of_the_file(run, point_of, tmp_path, logits_files, goal, options):
    logits, labels = values_of(logits_files[0])
    path, folder = tmp_path / "test.csv", tmp_path / "rule"
    names = ",".join(f"logit_{k}" for k in range(5))
    rows = [",".join(map(repr, [*row, label])) for row, label in zip(logits.tolist(), labels.tolist(), strict=True)]
    path.write_text("\n".join([f"{names},label", *rows]))
    point = point_of(path, *goal, *options, "--output-dir", folder)
    accepted = AbstentionRule.load(folder).accept(np.loadtxt(path, delimiter=",", skiprows=1)[:, :5])
    assert accepted.mean() == point["coverage"]
    error = scores.classification_error(logits, labels)
    assert error[accepted].mean() == point["risk"]


def test_a_rule_is_never_overwritten_unasked(run, capsys, tmp_path, logits_files):
    (tmp_path / "results.json").write_text("of something else")
    command = ["threshold", str(logits_files[0]), "--output-dir", str(tmp_path)]
    assert run(*command, "--target-risk", "0.3") == 0
    assert f"The rule is in {tmp_path / 'abstention.json'}" in capsys.readouterr().out
    before = (tmp_path / "abstention.json").read_bytes()
    assert run(*command, "--target-risk", "0.2") == 2
    assert "already holds results (abstention.json)" in capsys.readouterr().err
    assert (tmp_path / "abstention.json").read_bytes() == before
    assert run(*command, "--target-risk", "0.2", "--overwrite-output-dir") == 0
    assert AbstentionRule.load(tmp_path).operating_point.target_risk == 0.2
    assert (tmp_path / "results.json").read_text() == "of something else"


def test_a_rule_in_the_folder_of_a_model_belongs_to_its_weights(run, capsys, tmp_path, logits_files):
    save_file({"w": torch.zeros(4)}, tmp_path / "model.safetensors")
    command = ["threshold", str(logits_files[0]), "--target-risk", "0.3", "--output-dir"]
    assert run(*command, str(tmp_path)) == 0
    assert "abstention.json and belongs to the weights beside it: the samples" in capsys.readouterr().out
    rule = AbstentionRule.load(tmp_path)
    assert rule.n_classes == 5 and len(rule.weights_sha256) == 64
    save_file({"w": torch.ones(4)}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="belongs to other weights"):
        AbstentionRule.load(tmp_path)
    assert run(*command, str(tmp_path / "rule")) == 0
    assert "belongs" not in capsys.readouterr().out and AbstentionRule.load(tmp_path / "rule").weights_sha256 is None


def test_a_given_confidence_has_a_rule_too(run, point_of, tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("correct,confidence\n1,0.9\n0,0.5\n1,0.75\n1,0.5\n")
    point = point_of(path, "--target-risk", "0.01", "--output-dir", tmp_path)
    assert point["threshold"] == 0.75 and point["confidence"] == {"score": "confidence"}
    assert AbstentionRule.load(tmp_path).accept([0.9, 0.5, 0.75, 0.5]).tolist() == [True, False, True, False]


# --- probabilities ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", [("--target-risk", "0.2"), ("--target-risk", "0.4", "--delta", "0.1"), COSTS])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_printed_probability_accepts_what_is_printed(run, capsys, tmp_path, logits_and_labels, dtype, goal):
    z, labels = logits_and_labels[0].astype(np.float64), logits_and_labels[1]
    probabilities = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)).astype(dtype)
    path = tmp_path / "p.npz"
    np.savez(path, probabilities=probabilities, labels=labels)
    assert run("threshold", str(path), *goal, "--output-dir", str(tmp_path)) == 0
    printed = capsys.readouterr().out
    threshold, share = re.search(
        r"the largest probability >= (\S+?)(?:, which.*)?: this accepts (\S+)%", printed
    ).groups()
    accepted = probabilities.max(axis=1) >= float(threshold)
    assert f"{accepted.mean():.2%}" == f"{share}%"
    np.testing.assert_array_equal(AbstentionRule.load(tmp_path).accept(probabilities), accepted)


def test_one_probability_is_that_of_the_likelier_class(run, capsys, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("label,probability\n0,0.1\n1,0.75\n1,0.25\n1,1.0\n")
    assert run("threshold", str(path), "--target-risk", "0.01") == 0
    printed = capsys.readouterr().out
    assert "the largest probability >= 0.9: this accepts 50.00%" in printed and "max(p, 1 - p)" in printed


@pytest.mark.parametrize("n_columns", [1, 5])
def test_ties_that_rounding_made_are_ties(point_of, tmp_path, logits_and_labels, n_columns):
    z, labels = logits_and_labels[0].astype(np.float64), logits_and_labels[1]
    rounded = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)).round(2)[:, :n_columns]
    path = tmp_path / "p.csv"
    names = ",".join(f"prob_{k}" for k in range(n_columns)) if n_columns > 1 else "probability"
    labels = labels if n_columns > 1 else labels % 2
    np.savetxt(path, np.column_stack([rounded, labels]), "%.2f", ",", header=f"{names},label", comments="")
    largest = rounded.max(axis=1) if n_columns > 1 else np.maximum(rounded, 1 - rounded)[:, 0]
    for coverage in np.linspace(0.1, 1, 10):
        point = point_of(path, "--target-coverage", coverage)
        assert (largest >= point["threshold"]).mean() == point["coverage"] >= coverage - 1e-12
        assert len(repr(point["threshold"])) <= 4 or n_columns == 1, "the file has two decimals"


# --- misuse -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "nothing says what the threshold is for"),
        (("--target-risk", "0.1", "--target-coverage", "0.5"), "are given together"),
        (("--target-risk", "0.1", "--score", "max_logit_pnorm"), "give --p, --validation FILE, or"),
        (("--target-risk", "0.1", "--score", "temperature_scaling"), "own: give --validation FILE, or"),
        (("--target-risk", "0.1", "--validation-fraction", "0.5"), "the score is msp, which has nothing to fit"),
        (("--target-risk", "0.1", "--no-center"), "--p and --no-center are of max_logit_pnorm: leave them out"),
        (
            ("--target-risk", "0.1", "--validation-labels", "l.npy"),
            "--validation-labels are given without --validation",
        ),
        (
            ("--target-risk", "0.1", "--score", "max_logit_pnorm", "--p", "2", "--validation-fraction", "0.5"),
            "both --p and samples to fit it on are given",
        ),
        (
            ("--target-risk", "0.1", "--score", "temperature_scaling", "--validation", "SAME"),
            "the validation samples are the test samples",
        ),
    ],
)
def test_misuse_is_one_sentence_and_writes_nothing(run, capsys, tmp_path, logits_files, options, message):
    path = str(logits_files[0])
    options = [path if option == "SAME" else option for option in options]
    assert run("threshold", path, *options, "--output-dir", str(tmp_path / "out")) == 2
    output = capsys.readouterr()
    assert message in output.err.splitlines()[-1] and output.out == ""
    assert not (tmp_path / "out" / "abstention.json").exists()


@pytest.mark.parametrize(
    "goal", [["--target-coverage", "0.4"], ["--target-risk", "0.35", "--delta", "0.1", "--method", "union"]]
)
def test_a_threshold_on_percent_is_said_as_the_file_holds_it(run, capsys, tmp_path, goal):
    generator = np.random.default_rng(0)
    percent = (100 * generator.dirichlet([1, 1, 1], size=400)).round(1)
    percent[:, 2] = (100 - percent[:, 0] - percent[:, 1]).round(1)
    labels = (percent.cumsum(axis=1) >= 100 * generator.random((400, 1)) - 1e-9).argmax(axis=1)
    table = np.column_stack([np.abs(percent), labels])
    header = "prob_0,prob_1,prob_2,label"
    np.savetxt(tmp_path / "percent.csv", table, delimiter=",", header=header, comments="", fmt="%g")
    command = ["threshold", str(tmp_path / "percent.csv"), "--input", "probabilities", *goal]
    assert run(*command) == 0
    printed = capsys.readouterr().out
    shown = float(re.search(r"were divided by 100: there this is ([\d.]+)\.$", printed, re.MULTILINE)[1])
    share = (table[:, :3].max(axis=1) >= shown).mean()
    assert f"accepts {100 * share:.2f}% of 400 samples" in printed and 0.1 < share < 0.9
