import numpy as np
import pytest

from abstain import InputError, read_predictions, write_logits
from abstain.cli.figure_sources import OF_SOURCES, accepted_of
from abstain.cli.read_run import ReadRun, Wanted
from abstain.cli.runs import find_runs


def read_run(folder, **wanted):
    (place,) = find_runs([str(folder)], split="home")
    return ReadRun.of(place, lambda *told: read_predictions(told[0], labels=told[1], split=told[2]), Wanted(**wanted))


def test_the_most_confident_of_all_sources_are_counted_by_source(tmp_path):
    margins = np.linspace(9, 1, 40, dtype=np.float32)  # home is every other one and right, away always wrong
    logits = np.stack([margins, 0 * margins, -margins], axis=1)
    write_logits(tmp_path, "home", logits[::2], np.zeros(20, int))
    write_logits(tmp_path, "away", logits[1::2], np.ones(20, int))
    run = read_run(tmp_path, sources=["home", "away"], coverage=0.25)
    found = accepted_of(run)
    assert found["MSP"].coverage == 0.25 and found["MSP"].risk == 0.5
    assert list(found["MSP"].sources) == ["home", "away"], "in the order that was asked for"
    assert found["MSP"].sources["away"] == {"samples": 20, "accepted": 5, "errors": 5}
    table = OF_SOURCES["accepted_by_source"].draw({"run": found}, {})
    assert table.index("home: accepted") < table.index("away: accepted")
    with pytest.raises(InputError, match="abroad"):
        accepted_of(read_run(tmp_path, sources=["abroad"]))
    with pytest.raises(InputError, match="give sources="):
        accepted_of(read_run(tmp_path))


def test_probabilities_are_accepted_on_their_own_scale(tmp_path):
    (tmp_path / "home.csv").write_text("label,p_0,p_1\n0,0.9,0.1\n1,0.7,0.3\n")
    found = accepted_of(read_run(tmp_path, sources=["home"], coverage=0.5))["MSP"]
    assert found.sources["home"] == {"samples": 2, "accepted": 1, "errors": 0}
