import inspect
import json
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest
import typer
from sample_logs import THREE, write_log
from typer.testing import CliRunner

from abstain.cli.options import Reading, options_of, with_options


def test_what_is_read_is_said_before_anything_is_computed(run, capsys, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("id,logit_1,logit_0,label,kind\n7,0.5,2,0,a\n8,2,1,1,b\n9,1,2,1,c\n")
    assert run("evaluate", str(path), "--json") == 0
    shown = capsys.readouterr()
    assert shown.err == f"{path}: 2 logits: logit_0, logit_1; labels: label; not used: id, kind\n"
    assert json.loads(shown.out)["scores"]["msp"]["risk"] == pytest.approx(1 / 3)


def test_columns_axes_and_ignored_labels_are_options(run, capsys, tmp_path):
    frame = "a,b,c,label,target\n1,3,9,0,1\n2,1,9,0,-1\n0,4,9,1,1\n"
    (tmp_path / "mine.csv").write_text(frame)
    options = ["--logit-columns", "a,b", "--label-column", "target", "--ignore-index", "-1", "--input", "logits"]
    assert run("evaluate", str(tmp_path / "mine.csv"), *options, "--json") == 0
    results = json.loads(capsys.readouterr().out)
    assert (results["n_samples"], results["n_errors"], results["n_logits"]) == (2, 0, 2)
    np.savez(tmp_path / "tokens.npz", logits=np.arange(12.0).reshape(3, 2, 2), labels=np.ones((3, 2), int))
    assert run("evaluate", str(tmp_path / "tokens.npz")) == 1, "the command is right, the file is not"
    assert "give --class-axis 1 or --class-axis 2" in capsys.readouterr().err
    assert run("evaluate", str(tmp_path / "tokens.npz"), "--class-axis", "-1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["n_samples"] == 6


def test_how_many_questions_a_language_model_can_answer_is_one_command(run, capsys, tmp_path):
    write_log(tmp_path / "samples_local_2026-11-25T20-23-59.586643.jsonl", THREE)
    assert run("evaluate", str(tmp_path), "--json") == 0
    shown = capsys.readouterr()
    assert "acc_norm chooses another answer in 1 of 3 questions (--choice acc_norm)" in shown.err
    results = json.loads(shown.out)
    assert results["scores"]["msp"]["risk"] == pytest.approx(2 / 3)
    assert results["notes"][0].startswith("logit normalisation is left out, since the questions have from 2 to 3")
    assert run("evaluate", str(tmp_path), "--choice", "acc_norm", "--json") == 0
    metrics = json.loads(capsys.readouterr().out)["scores"]["msp"]
    assert metrics["risk"] == pytest.approx(1 / 3) and metrics["cov@5"] == pytest.approx(2 / 3)
    assert run("threshold", str(tmp_path), "--choice", "acc_norm", "--target-risk", "0.05", "--json") == 0
    assert json.loads(capsys.readouterr().out)["threshold"] == pytest.approx(1)  # log-odds
    threshold = ["threshold", "--target-risk", "0.1", "--score", "max_logit_pnorm", "--p", "3"]
    for options in (["evaluate", "--validation-fraction", "0.5"], threshold):
        assert run(options[0], str(tmp_path), *options[1:]) == 2
        assert "logit normalisation is left out, since" in capsys.readouterr().err


@dataclass(frozen=True, kw_only=True)
class Shape:
    width: Annotated[int, typer.Option(help="Of it.")] = 3
    name: Annotated[str | None, typer.Option()] = None


@with_options(Shape)
def draw(where: str, shape: Shape, loud: bool = False) -> None:
    """Draw it."""
    typer.echo(f"{where} {shape} {loud}")


def test_fields_of_a_dataclass_become_options_of_a_command():
    app = typer.Typer()
    app.command()(draw)
    result = CliRunner().invoke(app, ["here", "--width", "5", "--loud"])
    assert result.output == "here Shape(width=5, name=None) True\n"
    assert CliRunner().invoke(app, ["here"]).output == "here Shape(width=3, name=None) False\n"
    assert CliRunner().invoke(app, ["here", "--width", "wide"]).exit_code == 2
    assert draw.__doc__ == "Draw it." and list(inspect.signature(draw).parameters) == ["where", "width", "name", "loud"]


def test_what_was_told_is_written_as_it_was_given(run, tmp_path):
    told = vars(Reading(input="probabilities", ignore_index=-100))
    assert options_of(told) == ["--input", "probabilities", "--ignore-index", "-100"] and options_of({"a": None}) == []
    path = tmp_path / "mine.csv"
    path.write_text("label,p_0,p_1\n0,0.75,0.25\n-100,0.5,0.5\n1,0.25,0.75\n")
    assert run("evaluate", str(path), *options_of(told)) == 0
