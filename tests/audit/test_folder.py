import json
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
import pytest

from abstain import read_predictions
from abstain.audit import AUDIT_FILES, audit_predictions, how_made, parts_of, write_audit
from abstain.audit.figures import figures_of
from abstain.report import Commands


@pytest.fixture(scope="module")
def audits():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    found = []
    for name in ("a/b", "c"):
        logits = rng.normal(size=(200, 3))
        logits[np.arange(200), labels] += 1.0
        found.append(audit_predictions(read_predictions({"logits": logits, "label": labels}), name=name))
    return found


def written(folder, audits):
    parts, figures = parts_of([(audit, Commands()) for audit in audits]), figures_of(audits)
    write_audit(folder, title="Audit", parts=parts, figures=figures, results={"n": len(audits)})
    return figures


def test_everything_is_there_and_the_page_holds_its_pictures(tmp_path, audits):
    figures = written(tmp_path, audits)
    assert {path.name for path in tmp_path.iterdir()} == {*AUDIT_FILES, "results.json"}
    drawn = {path.name for path in (tmp_path / "figures").iterdir()}
    assert drawn == {f"{name.replace('/', '_')}.{kind}" for name in figures for kind in ("png", "pdf")}
    assert json.loads((tmp_path / "results.json").read_text()) == {"n": 2}
    page, text = (tmp_path / "report.html").read_text(), (tmp_path / "report.md").read_text()
    assert page.count("data:image/png;base64,") == text.count("](figures/") == len(figures)
    assert 'src="figures' not in page and text.startswith("# Audit\n\n## Side by side")


def test_the_same_audit_gives_the_same_bytes(tmp_path, audits):
    for name in ("one", "two"):
        written(tmp_path / name, audits)
    for path in sorted((tmp_path / "one").rglob("*.*")):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes(), path.name


def test_figures_of_an_audit_before_are_gone(tmp_path, audits):
    written(tmp_path, audits)
    figures = written(tmp_path, audits[:1])
    assert len(list((tmp_path / "figures").iterdir())) == 2 * len(figures)


def test_what_cannot_be_written_leaves_no_results(tmp_path, audits):
    written(tmp_path, audits[:1])
    with pytest.raises(ValueError):
        write_audit(tmp_path, title="t", parts=[], figures={}, results={"n": float("nan")})
    assert json.loads((tmp_path / "results.json").read_text()) == {"n": 1}


def test_names_that_no_file_can_have_keep_their_own_pictures(tmp_path, audits):
    named = [replace(audits[0], name=name) for name in ("größe a", "größe_a", "GRÖSSE_a")]
    figures = written(tmp_path, named)
    assert len(list((tmp_path / "figures").glob("*.png"))) == len(figures) == 7
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64,") == len(figures) and 'src="figures' not in page


def test_a_single_model_with_a_name_has_its_pictures(tmp_path, audits):
    figures = written(tmp_path, audits[:1])
    assert (tmp_path / "report.html").read_text().count("data:image/png;base64,") == len(figures) == 2


def test_how_it_was_made_is_the_last_line(tmp_path):
    told = how_made(seed=3, validation={"a": "split validation of logits", "b": ""})
    assert told["abstain"] == version("abstain") and told["seed"] == 3
    assert abs((datetime.fromisoformat(told["date"]) - datetime.now(UTC)).total_seconds()) < 60
    assert told["validation"] == {"a": "split validation of logits", "b": None}
    write_audit(tmp_path, title="t", parts=[], figures={}, results={"made": told})
    last = (tmp_path / "report.md").read_text().splitlines()[-1]
    assert last == (
        f"Made by abstain {told['abstain']} at {told['date']}, seed 3; validation samples: "
        "a: split validation of logits; b: none."
    )
    assert last in (tmp_path / "report.html").read_text()
    assert json.loads((tmp_path / "results.json").read_text())["made"] == told
    alike = told | {"validation": {"a": "v.csv", "b": "v.csv"}}
    write_audit(tmp_path, title="t", parts=[], figures={}, results={"made": alike})
    assert (tmp_path / "report.md").read_text().endswith("validation samples: v.csv.\n")
