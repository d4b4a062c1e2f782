import pytest


def test_a_verdict_counts_where_a_finding_is_seen(program):
    findings = program("findings")
    Seen, Finding, table = findings.Seen, findings.Finding, findings.table

    seen = [Seen("a", "+1", is_there=True), Seen("b", "0", is_there=False)]
    finding = Finding("x", "it rains", seen, "weather.md")
    assert finding.verdict == "reproduced in 1 of 2"
    assert Finding("x", "", seen[:1], "").verdict == "reproduced in 1 of 1", "which is little"
    assert Finding("x", "", seen[:1] * 2, "").verdict == "reproduced"
    assert Finding("x", "", seen[1:], "").verdict == "not seen here"
    assert Finding("x", "", [], "").verdict == "cannot be tested here"
    assert table([finding], folder="docs/").splitlines()[-1].split("|")[1:-1] == [
        " x  ",
        " it rains             ",
        " reproduced in 1 of 2 ",
        " a       ",
        " b           ",
        " [weather.md](docs/weather.md) ",
    ]


def test_the_interval_over_seeds_is_students(program):
    over_seeds = program("findings")._over_seeds

    told, low = over_seeds([0.01, 0.03])
    half = 12.7062 * 0.01  # t of 0.975 with one degree of freedom, times the standard error
    assert low == pytest.approx(0.02 - half, abs=1e-5) and told.startswith("+2.00 [-10.71, ")
    assert over_seeds([0.5]) == ("+50.00 [+50.00, +50.00]", 0.5)
