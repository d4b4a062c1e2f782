import pytest
from scipy.stats import t

import abstain
from abstain.audit import normalization_at_equal_msp


@pytest.fixture(scope="module")
def real(program):
    return program("mechanism_real")


@pytest.fixture(scope="module")
def rows(real):
    return real.measured_runs([])


def test_all_released_checkpoints_of_more_than_two_classes_are_measured(rows):
    names = {(row["runs"].split("_")[0], row["recipe"]) for row in rows}
    assert ("cifar10, released", "LS 0.2") in names and ("noisy", "MaxSup 0.4") in names
    assert not any("bank" in row["runs"] or "shoppers" in row["runs"] for row in rows)


def test_the_correlations_are_of_the_p_that_validation_data_choose(real, rows):
    folder = abstain.released_checkpoint("resnet20_cifar10_ls") / "logits"
    fit = abstain.LogitNorm.fit(*abstain.read_logits(folder, "validation"), center=False, fallback="never")
    found = normalization_at_equal_msp(abstain.read_logits(folder, "test")[0], p=fit.p, center=False)
    (row,) = [row for row in rows if row["runs"].startswith("cifar10") and row["recipe"] == "LS 0.2"]
    told = row["normalised, uncentred"]
    assert (told["estimate"], told["low"], told["high"]) == (found.estimate, found.low, found.high)


def test_the_conclusions_of_the_paper_are_seen_on_the_released_ladder(real, rows):
    of = {row["recipe"]: row for row in rows if row["runs"].startswith("cifar10")}
    assert of["LS 0.2"]["max logit of errors"]["low"] > 0 > of["LS 0.2"]["normalised"]["high"]
    assert of["CE"]["max logit of errors"]["low"] < 0 < of["CE"]["max logit of errors"]["high"]
    assert of["LS 0.3"]["normalised"]["high"] < of["CE"]["normalised"]["low"]


def test_one_run_has_the_interval_over_samples_and_several_that_over_seeds_and_samples(real, rows):
    assert real.over_runs(rows[:1], "normalised") == rows[0]["normalised"]
    told = [{"a": {"estimate": estimate, "standard_error": error}} for estimate, error in ((0.1, 0.03), (0.3, 0.04))]
    # variance over seeds 0.02 / 2, over samples (0.0009 + 0.0016) / 2; their sum 0.01125 has 1.125² degrees of freedom
    found = real.over_runs(told, "a")
    half = float(t(1.125**2).ppf(0.975)) * 0.01125**0.5
    assert (found["estimate"], found["low"]) == pytest.approx((0.2, 0.2 - half))
    assert 0.2 + half > 1 and found["high"] == 1, "no correlation is larger"
