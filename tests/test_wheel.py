"""The package as it is installed from a wheel, and not from its checkout: `make test-release`."""

import os
import subprocess
import sys
import sysconfig

import pytest

pytestmark = pytest.mark.release

PROGRAM = """
import abstain
from abstain.inference import AbstentionRule
logits = abstain.read_logits(abstain.released_checkpoint("resnet20_cifar10_ls") / "logits", "test")
print(abstain.__file__)
print(abstain.evaluate_logits(*logits).msp.metrics["aurc"])
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory, root):
    """(python, environment) of a new virtual environment with the wheel, and with the libraries of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(root)], check=True)
    (wheel,) = folder.glob("abstain-*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    return python, os.environ | {"PYTHONPATH": sysconfig.get_path("purelib")}


def run(installed, folder, *command):
    python, environment = installed
    return subprocess.run([python, *command], cwd=folder, env=environment, capture_output=True, text=True, check=True)


def test_a_wheel_brings_the_released_checkpoints(installed, tmp_path, root):
    where, aurc = run(installed, tmp_path, "-c", PROGRAM).stdout.split()
    assert where.startswith(str(installed[0].parents[1])), "and is not the checkout"
    here = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=True)
    assert 0 < float(aurc) < 0.05 and here.stdout.split()[1] == aurc


def test_a_wheel_brings_the_command(installed, tmp_path):
    (tmp_path / "test.csv").write_text("label,logit_0,logit_1\n" + "0,2,1\n1,0,3\n0,1,2\n" * 5)
    command = installed[0].with_name("abstain")
    done = run(installed, tmp_path, str(command), "evaluate", "test.csv", "--output-dir", "report")
    assert "Of 15 answers 5 are wrong (33.33 %)" in done.stdout
    assert {path.name for path in (tmp_path / "report").iterdir()} == {
        "results.json",
        "report.md",
        "risk_coverage.png",
    }
