import json

import pytest


@pytest.fixture(scope="module")
def ladder(program):
    return program("beyond_ladder")


def keep(folder, gains, *, smoothing=0.0, n_clusters=None):
    """A run with this search, whose standard errors are 0.01."""
    search = [{"p": None, "aurc": 0.5, "gain": 0.0, "gain_standard_error": 0.0}]
    for p, gain in gains.items():
        search.append({"p": p, "aurc": 0.5 - gain, "gain": gain, "gain_standard_error": 0.01})
    settings = {"data": {"dataset_name": "me/digits_rows"}, "training": {"label_smoothing_factor": smoothing}}
    fits = {"max_logit_pnorm": {"search": search}}
    folder.mkdir(parents=True)
    evaluation = {"fits": fits, "n_clusters": n_clusters}
    (folder / "results.json").write_text(json.dumps({"settings": settings, "evaluation": evaluation}))


def test_runs_are_counted_by_the_p_of_least_aurc_and_a_run_that_is_kept_twice_counts_once(ladder, tmp_path):
    keep(tmp_path / "first", {1.0: 0.02, 2.0: 0.04}, smoothing=0.2)
    keep(tmp_path / "recipes" / "again", {1.0: 0.02, 2.0: 0.04}, smoothing=0.2)
    keep(tmp_path / "recipes" / "other", {1.0: 0.01, 2.0: -0.02}, smoothing=0.2)
    keep(tmp_path / "plain", {1.0: -0.02, 2.0: -0.01})
    keep(tmp_path / "pixels", {1.0: 0.02, 2.0: 0.04}, n_clusters=9)
    lines = ladder.ladder_table(ladder.read_searches(tmp_path)).splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells == [
        ["digits", "CE", "1", "2 (1)", "-1.000", "-1.0", "1"],
        ["digits", "LS 0.2", "2", "2 (1), 1 (1)", "+2.500", "+2.5", "1"],
    ]
