import numpy as np
import pytest

import abstain
from abstain.audit import Estimate, normalization_at_equal_msp


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


def test_one_run_has_the_interval_over_samples_and_several_that_over_seeds(real, rows):
    alone = real.over_runs(rows[:1], "normalised")
    assert alone == rows[0]["normalised"]
    both = real.over_runs(rows[:2], "normalised")
    seeds = Estimate.over_seeds(np.array([row["normalised"]["estimate"] for row in rows[:2]]))
    assert (both["low"], both["high"]) == (seeds.low, seeds.high)
