import pytest


@pytest.fixture(scope="module")
def findings(program):
    return program("findings")


def cells(line):
    return [cell.strip() for cell in line.split("|")[1:-1]]


def test_a_verdict_counts_where_a_finding_is_seen(findings):
    Seen, Finding = findings.Seen, findings.Finding
    seen = [Seen("a", "+1", is_there=True), Seen("b", "0", is_there=False)]
    assert Finding("x", "it rains", seen, ()).verdict == "reproduced in 1 of 2 data sets"
    assert Finding("x", "", seen[:1], ()).verdict == "reproduced in 1 of 1 data set", "which is little"
    assert Finding("x", "", seen[1:], ()).verdict == "not seen here, in 1 data set"
    assert Finding("x", "", [], ()).verdict == "cannot be tested here"


def test_the_tables_have_the_papers_number_what_is_clearest_and_all_that_disagrees(findings):
    Seen, Finding = findings.Seen, findings.Finding
    seen = [
        Seen("a", "+1", True, "+1 [+0, +2]", 1.0, 3, "`runs`"),
        Seen("b", "+4", True, "+4 [+3, +5]", 4.0, 2),
        Seen("c", "+9", True, "+9 [+9, +9]", 99.0, 1),
        Seen("d", "-1", False, "-1 [-3, +1]", 0.5, 1),
    ]
    finding = Finding("x", "it rains", seen, ["weather.md"], "5 mm", "mm", {"sea": "no runs", "moon": "no runs"})
    short = findings.table_in_short([finding], folder="docs/").split("\n\n")[0]
    assert cells(short.splitlines()[-1]) == [
        "x",
        "it rains (mm)",
        "5 mm",
        "b +4 [+3, +5], 2 seeds",
        "d -1 [-3, +1], one seed",
        "reproduced in 3 of 4 data sets",
        "sea, moon",
        "[weather.md](docs/weather.md)",
    ]
    assert cells(findings.table([finding]).splitlines()[-1])[3:6] == ["a, b, c", "d", "sea, moon"]
    section = findings.section([finding])
    assert "Cannot be tested here: sea, moon (no runs)." in section and "| `runs` | yes" in section
    nowhere = Finding("x", "", seen[3:], ["weather.md"])
    assert cells(findings.table_in_short([nowhere], folder="").split("\n\n")[0].splitlines()[-1])[3] == "–"
