import json
import re

import numpy as np
import pytest
from kept_recipes import keep

from abstain import aurc

ENDS = ("estimate", "low", "high")
OTHER = {
    "name": "a model of others",
    "source": "a page",
    "samples": 100,
    "error": 0.2,
    "error interval": None,
    "aurc": 0.1,
    "aurc interval": None,
    "p": 2.0,
    "best p": 2.0,
    "repaired": 0.09,
    "gain of best p": {"estimate": 0.01, "low": None, "high": None},
    "diagnosis": "too few errors to say",
}


@pytest.fixture(scope="module")
def recipes(program):
    return program("recipes")


@pytest.fixture
def page(recipes, tmp_path, monkeypatch):
    """Renders the page of the runs in `tmp_path / "runs"`; returns its text and its numbers."""
    for name, file in {"RUNS": "runs", "PAGE": "recipes.md", "FIGURE": "recipes.png"}.items():
        monkeypatch.setattr(recipes, name, tmp_path / file)
    monkeypatch.setattr("other_models.KEPT", tmp_path / "others.json")
    monkeypatch.setattr("pages.ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["recipes.py"])

    def render():
        recipes.main()
        return (tmp_path / "recipes.md").read_text(), json.loads((tmp_path / "recipes.json").read_text())

    return render


def rows_of(text, title):
    """The cells of the tables below a title, but for the lines of dashes."""
    section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|") and not re.match(r"\| :?-", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_recipe_that_breaks_the_order_is_said_to_and_one_that_does_not_stands_beside_it(page, tmp_path):
    plains = []
    for seed in range(4):
        plain = keep(tmp_path / "runs", "digits", seed)
        keep(tmp_path / "runs", "digits", seed, label_smoothing_factor=0.2, damage=2)
        keep(tmp_path / "runs", "digits", seed, sam_rho=0.1, damage=-0.49)
        plains.append(plain)
    keep(tmp_path / "runs", "digits", 0, focal_gamma=2.0)
    text, numbers = page()
    ce, smoothed, focal, sam = numbers["digits"]
    assert [row["recipe"] for row in (ce, smoothed, focal, sam)] == ["CE", "LS 0.2", "focal 2", "SAM 0.1"]
    assert [row.get("verdict") for row in (ce, smoothed, focal, sam)] == [None, "breaks", "one seed", "does not"]
    assert [row.get("orders worse") for row in (ce, smoothed, focal, sam)] == [None, "yes", "one seed", "no"]
    assert ce["seeds"] == 4 and ce["AURC repaired"]["mean"] == pytest.approx(ce["AURC"]["mean"] / 2)
    assert ce["error"]["mean"] == pytest.approx(plain.error.mean(), abs=0.05)
    difference = smoothed["minus CE"]["AURC"]
    assert difference["estimate"] == pytest.approx(smoothed["AURC"]["mean"] - ce["AURC"]["mean"])
    assert 0 < difference["low"] < difference["estimate"] < difference["high"] and difference["seeds"] == 4
    assert set(smoothed["minus CE"]) == {"error", "AURC", "AURC repaired", "failure AUROC"}
    assert focal["minus CE"] == dict.fromkeys(smoothed["minus CE"])

    verdicts = rows_of(text, "Verdicts")
    assert verdicts == [
        ["trained with", "digits"],
        ["LS 0.2", "breaks; orders worse"],
        ["focal 2", "one seed"],
        ["SAM 0.1", "does not"],
    ]
    table = rows_of(text, "digits")
    assert table[0] == [
        "trained with",
        "seeds",
        "error %",
        "AURC %",
        "AURC % repaired",
        "Cov@5 %",
        "Cov@1 %",
        "ECE %",
        "repair minus MSP, points",
        "looks smoothed",
    ]
    spread = ce["AURC"]
    plain_aurc = [aurc(ranks.msp, ranks.error) for ranks in plains]
    assert spread["std"] == pytest.approx(np.std(plain_aurc, ddof=1)) and focal["AURC"]["std"] is None
    assert table[1][:2] == ["CE", "4"] and table[1][5:8] == ["50.00 ± 0.00", "25.00 ± 0.00", "12.50"]
    repair = ce["repair minus MSP"]
    assert table[1][8:] == ["{:+.3f} [{:+.3f}, {:+.3f}]".format(*(100 * repair[k] for k in ENDS)), "?"]
    assert table[1][3] == f"{100 * spread['mean']:.3f} ± {100 * spread['std']:.3f}"
    assert table[3][:2] == ["focal 2", "1"] and table[3][3] == f"{100 * focal['AURC']['mean']:.3f}", "one has no spread"
    columns = ["error", "AURC", "AURC repaired", "failure AUROC", "breaks abstention?", "orders worse?"]
    assert table[5] == ["minus CE, in points", *columns]
    ends = f"[{100 * difference['low']:+.3f}, {100 * difference['high']:+.3f}]"
    assert table[6][0] == "LS 0.2" and table[6][2] == f"{100 * difference['estimate']:+.3f} {ends}"
    assert table[7][1:] == ["–", "–", "–", "–", "one seed", "one seed"]
    assert "Models of others" not in text and "](recipes.png)" in text
    assert (tmp_path / "recipes.png").stat().st_size > 10_000


def test_two_classes_are_repaired_per_class_and_models_of_others_have_their_table(page, tmp_path):
    for seed in range(2):
        keep(tmp_path / "runs", "bank", seed, n_logits=2)
        keep(tmp_path / "runs", "bank", seed, n_logits=2, label_smoothing_factor=0.4)
    text, numbers = page()
    columns = ["error", "AURC", "failure AUROC"]
    assert list(numbers["bank"][1]["minus CE"]) == columns
    assert rows_of(text, "bank")[3] == ["minus CE, in points", *columns, "breaks abstention?", "orders worse?"]
    assert numbers["bank"][0]["AURC repaired"]["mean"] == pytest.approx(numbers["bank"][0]["AURC"]["mean"] / 2)
    assert "Models of others" not in text
    (tmp_path / "others.json").write_text(json.dumps([OTHER]))
    assert rows_of(page()[0], "Models of others")[1][0] == "a model of others"


def test_without_a_run_there_is_no_table_of_runs(page, tmp_path):
    text, numbers = page()
    assert numbers == {} and "No run is kept yet." in text and "Verdicts" not in text
    assert not (tmp_path / "recipes.png").exists()


def test_the_runs_that_look_smoothed_are_counted_among_those_that_were_diagnosed(page, tmp_path):
    for seed, diagnosis in enumerate(["looks smoothed", "looks smoothed", "too few errors to say", None]):
        keep(tmp_path / "runs", "digits", seed)
        keep(tmp_path / "runs", "digits", seed, label_smoothing_factor=0.2, diagnosis=diagnosis)
    text, numbers = page()
    heads, plain, smoothed, *_ = rows_of(text, "digits")
    assert (heads[-1], plain[-1], smoothed[-1]) == ("looks smoothed", "?", "2 of 3")
    assert numbers["digits"][1]["diagnoses"] == {"looks smoothed": 2, "too few errors to say": 1}


def test_a_recipe_that_gives_all_samples_one_confidence_did_not_learn(page, tmp_path):
    for seed in range(2):
        keep(tmp_path / "runs", "imdb", seed)
        keep(tmp_path / "runs", "imdb", seed, max_suppression_factor=0.6, learned=seed == 0)
    text, numbers = page()
    row = numbers["imdb"][1]
    assert (row["verdict"], row["orders worse"]) == ("did not learn (1 of 2)", "–")
    assert rows_of(text, "Verdicts")[1] == ["MaxSup 0.6", "did not learn (1 of 2)"], "there is no order to speak of"
    assert rows_of(text, "IMDB")[-1][-2:] == ["did not learn (1 of 2)", "–"]


def test_the_machines_are_told_with_the_runs_of_all_but_the_usual_one(page, tmp_path):
    for seed in range(2):
        keep(tmp_path / "runs", "digits", seed, minutes=2 + seed)
    keep(tmp_path / "runs", "digits", 0, label_smoothing_factor=0.2, device="a GPU", minutes=155)
    keep(tmp_path / "runs", "digits", 0, sam_rho=0.1, device="another", resumed_from="checkpoint-1")
    text, _ = page()
    usual = "x86_64 CPU, torch 2.0 (2 runs, 2.5 minutes in the median)"
    others = (
        "a GPU, torch 2.0 (1 run, 155 minutes in the median: LS 0.2 seed 0); another, torch 2.0 (1 run: SAM 0.1 seed 0)"
    )
    assert f"Trained on {usual}; {others}." in text


def test_what_the_repair_does_not_change_falls_back_and_some_runs_are_counted(recipes):
    gain = {"estimate": -0.01, "low": -0.02, "high": -0.005, "n_changed": 2}
    assert recipes._repair(gain, 2) == "-1.000 [-2.000, -0.500]"
    assert recipes._repair(gain, 3) == "-1.000 [-2.000, -0.500] in 2 of 3"
    assert recipes._repair(gain | {"low": None}, 2) == "-1.000"
    assert recipes._repair(gain | {"n_changed": 0}, 2) == "falls back"
