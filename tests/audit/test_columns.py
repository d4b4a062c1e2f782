from dataclasses import replace

import numpy as np
import pytest

from abstain import read_predictions
from abstain.audit import audit_predictions
from abstain.audit.columns import columns_in_words
from abstain.scores.confidence import OfProbabilities, SoftmaxScore
from abstain.scores.given import GivenConfidence


def test_columns_beside_those_of_the_report_are_told(found):
    told = columns_in_words(found)
    assert all(f"- {name}: " in told for name in ("AURC %", "gain", "p (Holm)", "threshold"))
    assert "β" not in told and "cov_in" not in told, "there is no such table"


@pytest.mark.parametrize(
    ("confidence", "scale"),
    [
        (SoftmaxScore(), "log-odds of MSP"),
        (OfProbabilities(SoftmaxScore(), "probability"), "it is a probability"),
        (GivenConfidence(), "confidence that was given"),
        (SoftmaxScore("negative_entropy"), "no probability"),
    ],
)
def test_the_scale_of_the_threshold_is_that_of_its_confidence(found, confidence, scale):
    assert scale in columns_in_words(replace(found, confidence=confidence))


def test_without_thresholds_there_is_no_line_of_them(found):
    bare = replace(found, decisions=(), scores=found.scores[:1], classes=())
    assert not any(f"- {name}: " in columns_in_words(bare) for name in ("gain", "p (Holm)", "threshold"))


def test_samples_of_no_known_class_have_the_shares_that_are_let_in():
    rng = np.random.default_rng(0)
    columns = {"logits": rng.normal(size=(300, 3)), "label": rng.integers(0, 3, 300), "site": np.arange(300) // 150}
    read = read_predictions(columns, source_column="site")
    told = columns_in_words(audit_predictions(read, out_of_distribution=["1"]))
    assert "- β %: " in told and "- cov_in@, cov_out@: " in told
