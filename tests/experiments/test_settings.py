import json
import subprocess
from dataclasses import dataclass

import pytest
import torch
from tiny_trainers import arguments

from abstain.experiments import settings
from abstain.experiments.settings import environment, first_difference, git_revision, run_settings, without_folders


def test_settings_hold_no_path_and_no_token(tmp_path):
    found = json.dumps(run_settings(arguments(tmp_path, hub_token="hf_secret")))
    assert "hf_secret" not in found and str(tmp_path) not in found


def test_settings_are_groups_ready_for_json(tmp_path):
    found = run_settings(arguments(tmp_path, max_grad_norm=float("inf"), lr_step_epochs=[1, 2]), data={"size": 3})
    assert found["data"] == {"size": 3} and found["launch"] == {"processes": 1}
    assert found["training"]["max_grad_norm"] == "Infinity" and found["training"]["lr_step_epochs"] == [1, 2]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("before", "now", "difference"),
    [
        ({"a": {"x": 1}}, {"a": {"x": 1}}, None),
        ({"a": {"x": 1}}, {"a": {"x": 2}}, "x = 1, but this one has 2"),
        ({"a": {"x": 1}}, {}, "x = 1, but this one has None"),
        ({}, {"b": {"y": [1]}}, r"y = None, but this one has [1]"),
        ({"a": {"logging_steps": 1, "save_steps": 1}}, {"a": {"logging_steps": 2, "save_steps": 2}}, None),
        ({"a": None}, {"a": {"x": None}}, None),
    ],
)
def test_the_first_difference_that_changes_a_result_is_named(before, now, difference):
    assert first_difference(before, now) == difference


def test_the_environment_names_versions_and_revision():
    found = environment()
    assert {"python", "abstain", "torch", "transformers", "git_revision", "device"} <= set(found)
    assert environment(torch.device("cpu"))["device"].endswith(" CPU"), "also where there is a GPU that is not used"


@dataclass
class Arguments:
    folder: str
    file: str
    hub: str = "stanfordnlp/imdb"
    size: int = 3


def test_of_what_is_on_this_machine_the_name_alone_is_written_down(tmp_path):
    (tmp_path / "vectors.txt").touch()
    found = without_folders(Arguments(folder=str(tmp_path), file=str(tmp_path / "vectors.txt")))
    assert found == {"folder": tmp_path.name, "file": "vectors.txt", "hub": "stanfordnlp/imdb", "size": 3}


def git(folder, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    return subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_the_revision_is_that_of_the_whole_package(tmp_path, monkeypatch):
    package = tmp_path / "src" / "abstain"
    for room, module in (("experiments", "settings"), ("curve", "curve")):
        (package / room).mkdir(parents=True)
        (package / room / f"{module}.py").write_text("1")
    monkeypatch.setattr(settings, "__file__", str(package / "experiments" / "settings.py"))
    assert git_revision() is None, "no clone"
    git(tmp_path, "init", "-q")
    (tmp_path / "README.md").write_text("1")
    git(tmp_path, "add", "README.md")
    git(tmp_path, "commit", "-qm", "another project, in whose environment the package is")
    assert git_revision() is None
    git(tmp_path, "add", "src")
    git(tmp_path, "commit", "-qm", "ours")
    revision = git(tmp_path, "rev-parse", "--short=12", "HEAD").strip()
    (tmp_path / "README.md").write_text("2")
    assert git_revision() == revision
    (package / "curve" / "curve.py").write_text("2")
    assert git_revision() == f"{revision}+changed"
