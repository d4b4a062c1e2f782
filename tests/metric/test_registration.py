import os
import re
import shutil
import subprocess
import sys

import evaluate
import pytest
from loopback_hub import loopback_hub

import abstain
from abstain import scores
from abstain.metric.registration import SCRIPT


def test_the_clone_s_folder_loads(root, tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    metric = evaluate.load(str(root / "metrics" / "selective_risk"), score="energy", cache_dir=str(tmp_path))
    expected = abstain.aurc(scores.energy(logits), scores.classification_error(logits, labels))
    assert metric.compute(predictions=logits, references=labels)["aurc"] == expected
    assert (root / "metrics" / "selective_risk" / "selective_risk.py").read_text() == SCRIPT


LOAD = """
import evaluate
print(evaluate.load("selective_risk").compute(predictions=[[2.0, 0.0], [0.0, 1.0]], references=[0, 0])["risk"])
"""


REGISTER = ("from abstain.cli import main; main()", "register")


def run_python(code, *arguments, home, cwd, offline="1"):
    environment = os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": offline}
    environment.pop("HF_MODULES_CACHE", None)
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def test_register_makes_the_bare_name_load_anywhere_and_can_be_undone(tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = run_python(LOAD, home=home, cwd=elsewhere)
    assert before.returncode == 1 and "Couldn't find a module script" in before.stderr

    first, again = (run_python(*REGISTER, home=home, cwd=elsewhere) for _ in range(2))
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert first.stdout == again.stdout and str(home / "modules") in first.stdout
    assert run_python(LOAD, home=home, cwd=elsewhere).stdout == "0.5\n"
    assert list(elsewhere.iterdir()) == []

    undone, nothing = (run_python(*REGISTER, "--undo", home=home, cwd=elsewhere) for _ in range(2))
    assert undone.stdout.startswith("removed ") and "nothing to remove" in nothing.stdout
    assert run_python(LOAD, home=home, cwd=elsewhere).returncode == 1


def test_undoing_on_a_machine_without_it_writes_nothing(tmp_path):
    assert "nothing to remove" in run_python(*REGISTER, "--undo", home=tmp_path / "home", cwd=tmp_path).stdout
    assert not (tmp_path / "home" / "modules").exists()


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    failed = run_python(*REGISTER, home=tmp_path / "file", cwd=tmp_path)
    assert failed.returncode == 1 and "set HF_MODULES_CACHE" in failed.stderr, failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.fixture
def hub(root, tmp_path):
    """The address of a Hub of this machine, with the files of one Space: `someone/selective_risk`."""
    space = tmp_path / "hub" / "spaces" / "someone" / "selective_risk" / "resolve" / "main"
    shutil.copytree(root / "metrics" / "selective_risk", space)
    with loopback_hub(tmp_path / "hub") as (address, _):
        yield address


def test_a_space_loads_by_its_name_and_the_bare_name_where_the_hub_has_none(tmp_path, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub)
    online = {"home": tmp_path / "home", "cwd": tmp_path, "offline": "0"}
    of_space = run_python(LOAD.replace('"selective_risk"', '"someone/selective_risk"'), **online)
    assert of_space.stdout == "0.5\n", of_space.stderr
    assert run_python(*REGISTER, **online).returncode == 0
    bare = run_python(LOAD, **online)
    assert bare.stdout == "0.5\n", bare.stderr


def test_an_older_script_is_replaced(tmp_path):
    assert run_python(*REGISTER, home=tmp_path, cwd=tmp_path).returncode == 0
    (script,) = (tmp_path / "modules").glob("evaluate_modules/metrics/*/*/selective_risk.py")
    older = script.parent.parent / ("0" * 64)
    script.parent.rename(older)
    (older / "selective_risk.py").write_text("raise ImportError('an older version')")
    assert run_python(*REGISTER, home=tmp_path, cwd=tmp_path).returncode == 0
    assert run_python(LOAD, home=tmp_path, cwd=tmp_path).stdout == "0.5\n"
    assert not older.exists()


def test_importing_abstain_changes_nothing_on_disk(tmp_path):
    done = run_python("import abstain", home=tmp_path / "home", cwd=tmp_path)
    assert done.returncode == 0 and not (tmp_path / "home").exists()


def test_the_examples_of_the_card_run(root, tmp_path):
    card = (root / "metrics" / "selective_risk" / "README.md").read_text()
    assert card.count(">>> ") > 10
    examples = tmp_path / "examples.txt"
    examples.write_text(re.sub(r"^```.*$", "", card, flags=re.MULTILINE))  # or the end of a block is taken for output
    code = "import doctest, sys; sys.exit(doctest.testfile(sys.argv[1], module_relative=False).failed)"
    assert run_python(*REGISTER, home=tmp_path, cwd=tmp_path).returncode == 0
    done = run_python(code, str(examples), home=tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
