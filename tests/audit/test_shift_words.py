from dataclasses import replace

import numpy as np
import pytest

from abstain import read_predictions
from abstain.audit import audit_predictions
from abstain.audit.shift_words import in_words, tables
from abstain.curve import Difference


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    confidence, source = rng.random(800), np.arange(800) % 2
    correct = rng.random(800) < np.where(source == 1, 0.5, confidence)
    parts = []
    for part in (slice(400), slice(400, None)):
        columns = {"confidence": confidence[part], "correct": correct[part], "site": source[part]}
        parts.append(read_predictions(columns, source_column="site"))
    return audit_predictions(*parts, target_risks=[0.3])


def test_sources_are_named_with_their_sizes_and_errors(found):
    first, second, third, *_ = in_words(found.shift, found.report)
    assert first == "The test samples come from 2 sources: 0 (200), 1 (200)."
    assert second.startswith("The validation samples come from 2 sources: 0 (200), 1 (200)")
    error = {one.name: one.error for one in found.shift.sources}
    least, most = sorted(error, key=error.get)
    assert (
        third
        == f"The share of errors is {100 * error[least]:.2f} % in {least} and {100 * error[most]:.2f} % in {most}."
    )


def test_a_threshold_that_fails_in_a_source_is_said(found):
    text = " ".join(in_words(found.shift, found.report))
    assert "The threshold for 30 % without a guarantee is exceeded in 1 beyond chance, after Holm" in text
    assert "No threshold" not in text
    held = [(one, tuple(replace(row, adjusted_p=1.0) for row in rows)) for one, rows in found.shift.at_thresholds]
    kept = replace(found.shift, at_thresholds=tuple(held))
    assert "No threshold fails in any source beyond chance." in in_words(kept, found.report)
    with_others = replace(kept, unknown=("other",))
    assert "No threshold fails in any source of known classes beyond chance." in in_words(with_others, found.report)
    assert "exceeded" not in " ".join(in_words(found.shift, replace(found.report, independent=False)))


def test_gains_are_told_only_beyond_chance(found):
    def told(low, high):
        gain = Difference((low + high) / 2, 0.01, low, high, 0.5)
        sources = tuple(replace(one, gain=gain) for one in found.shift.sources)
        return " ".join(in_words(replace(found.shift, sources=sources), found.report))

    assert "lowers the AURC beyond chance in 0 and 1" in told(0.01, 0.02)
    assert "raises the AURC beyond chance in 0 and 1" in told(-0.02, -0.01)
    assert "In no source does the repair change the AURC beyond chance" in told(-0.01, 0.01)


def test_tables_have_a_row_a_source(found):
    sources, accepted, thresholds = tables(found.shift, "mine")
    assert len(sources.splitlines()) == 4 and "gain" not in sources
    assert "| mine" in accepted and "1: errors" in accepted
    assert len(thresholds.splitlines()) == 2 + 2 * len(found.shift.at_thresholds) and "p (Holm)" in thresholds
