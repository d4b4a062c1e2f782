import pytest


def test_pixels_stand_among_what_the_repair_does(program):
    found = {one.letter: {seen.data: seen for seen in one.seen} for one in program("seen_findings").findings()}
    assert found["b"]["camvid"].is_there and found["b"]["camvid"].effect.startswith("-")
    worse = found["c"]["camvid"]
    assert not worse.is_there and "worse beyond chance" in worse.evidence and worse.effect.startswith("+")
    assert all(seen.effect and seen.runs for of_one in found.values() for seen in of_one.values())


def test_data_of_the_paper_without_a_number_here_cannot_be_tested(program):
    seen_findings = program("seen_findings")
    for one in seen_findings.findings():
        there = {seen.data.partition(",")[0] for seen in one.seen}
        assert one.untested and not there & {*one.untested}
        if one.letter != "e":
            assert {*seen_findings.OF_THE_PAPER} <= there | {*one.untested}
    assert seen_findings._untested([], {}, "a", set(seen_findings.OF_THE_PAPER)) == {}


def test_little_is_measured_at_the_farther_end(program):
    littleness = program("seen_findings")._littleness
    assert littleness({"low": -0.2, "high": 0.1}, 0.4) == pytest.approx(2.0)
    assert littleness({"low": 0.0, "high": 0.0}, 0.4) == float("inf")
