import re

import numpy as np
import pytest

from abstain import diagnose


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        (
            "resnet20_cifar10_ls",
            r"^The model looks smoothed: at equal MSP its largest logit is higher on errors \(\+.* \[\+.*, \+.*\], .* "
            r"standard deviations\), and the larger the largest logit, the more alike the others are "
            r"\(rank correlation -0\.\d+\)\. A smoothing of about 0\.\d+ fits .* not its recipe; in .* % of the "
            r"samples .* reach\.$",
        ),
        ("resnet20_cifar10_ce", r"^The model does not look smoothed: .*the further apart the others are .*\)\.$"),
        ("mlp_bank_marketing_a0.4_s0", r"^Whether .* two classes.*\. A smoothing of about 0\.\d+ fits .*reach\.$"),
        ("mlp_bank_marketing_a0_s0", r"^Whether .* two classes.* leaves the same probabilities\.$"),
    ],
)
def test_the_verdict_is_told_with_what_it_rests_on(released, name, pattern):
    sentence = diagnose(*released(name), input="logits").sentence()
    assert re.match(pattern, sentence), sentence


def test_too_few_tied_and_few_classes():
    assert diagnose(5 * np.eye(12) + np.arange(12) / 9, np.arange(12)).sentence() == (
        "Too few errors to say whether the model was smoothed, 0 errors in 12 samples: about 1,568 errors would be "
        "enough, and how many samples hold these cannot be told where none is seen."
    )
    seen = diagnose(5 * np.eye(12)[np.arange(48) % 12] + np.arange(12) / 9, np.r_[3, np.arange(1, 48) % 12]).sentence()
    # 1,568 · 48 = 75,264
    assert seen.endswith("1,568 errors would be enough, which at this rate are in about 76,000 samples.")
    random = np.random.default_rng(0)
    of_five = diagnose(random.normal(size=(200, 5)), random.integers(0, 5, size=200)).sentence()
    assert "so few classes" in of_five and "What is seen is that at equal MSP its largest logit is" in of_five
    assert "several classes hold the least one" in diagnose(5 * np.eye(12), np.arange(12), input="logits").sentence()
    errors = diagnose(random.normal(size=(40, 12)) + 9 * np.eye(12)[3], np.zeros(40, int), input="logits")
    assert errors.sentence() == "Too few right answers to say whether the model was smoothed, 0 in 40 samples."
    labels = np.arange(600) % 24
    logits = (random.normal(size=(600, 24)) + 2 * np.eye(24)[labels]) * (1 + (labels % 2)[:, None])
    many = diagnose(logits * (1 + 2 * (logits.argmax(axis=1) != labels))[:, None], labels)
    assert many.verdict == "cannot be told with many classes" and "so many classes" in many.sentence()
