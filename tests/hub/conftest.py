import json
import shutil
import subprocess
import sys

import pytest
from loopback_hub import end_to_end_hub

from abstain import released_checkpoint
from abstain.hub.cards import ModelFacts
from abstain.hub.model_size import ModelSize

RUNNING = """
import contextlib, io, json, sys, traceback

answers = sys.stdout
for line in sys.stdin:
    program, *arguments = json.loads(line)
    sys.argv, status, out, err = ["-c", *arguments], 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            exec(program, {"__name__": "__main__"})
        except SystemExit as left:
            status = left.code or 0
        except BaseException:
            traceback.print_exc()
            status = 1
    print(json.dumps([status, out.getvalue(), err.getvalue()]), file=answers, flush=True)
"""
"""Runs each program that it reads, and says its status and what it printed."""


@pytest.fixture
def results_of(root):
    """What a run wrote into its results, by the name of its card."""
    return lambda name: json.loads((root / "model_cards" / name / "results.json").read_text(encoding="utf-8"))


@pytest.fixture
def facts(results_of):
    """Facts of a model, with what a test changes of them."""

    def make(task="image-classification", run="resnet20_cifar10_ls", **changes):
        told = {
            "name": "mine",
            "task": task,
            "location": '"user/mine"',
            "architecture": "CifarResNetForImageClassification",
            "model_type": "cifar_resnet",
            "is_ours": True,
            "size": ModelSize(1234, 56789, "an image of 32 × 32 pixels"),
            "class_names": ("cat", "dog"),
            "results": None if run is None else results_of(run),
        }
        return ModelFacts(**told | changes)

    return make


def run_folder(root, folder, name):
    """A run as its script leaves it: a model with its logits, samples and results."""
    others = shutil.ignore_patterns("README.md", "card.yaml", "abstention.json")
    shutil.copytree(released_checkpoint(name), folder / name, ignore=others)
    shutil.copy(root / "model_cards" / name / "samples.parquet", folder / name)
    return folder / name


@pytest.fixture
def run(root, tmp_path):
    """The folder of a run with label smoothing."""
    return run_folder(root, tmp_path / "runs", "resnet20_cifar10_ls")


@pytest.fixture(scope="module")
def runs(root, tmp_path_factory):
    """A folder with the runs of a pair, without smoothing and with it."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("resnet20_cifar10_ce", "resnet20_cifar10_ls"):
        run_folder(root, folder, name)
    return folder


@pytest.fixture(scope="module")
def hub():
    """The Hub that the environment names, or one of this machine, with a token for it."""
    with end_to_end_hub() as endpoint:
        yield endpoint


@pytest.fixture
def python(hub, tmp_path):
    """Run a program in a fresh process that knows the Hub, with empty caches."""

    def run(program, *arguments):
        command = [sys.executable, "-c", program, *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, env=hub.environment(tmp_path / "home"), cwd=tmp_path
        )

    return run


@pytest.fixture(scope="module")
def warm(hub, tmp_path_factory):
    """Run a program in the one process of the module that knows the Hub, which saves the seconds of its imports."""
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-c", RUNNING]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, env=hub.environment(home), cwd=home) as process:

        def run(program, *arguments):
            process.stdin.write(json.dumps([program, *map(str, arguments)]) + "\n")
            process.stdin.flush()
            return subprocess.CompletedProcess([], *json.loads(process.stdout.readline()))

        yield run


@pytest.fixture
def abstain(warm):
    """Run the command line."""
    return lambda *arguments: warm("from abstain.cli import main; main()", *arguments)
