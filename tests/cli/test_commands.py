import subprocess
import sys
import tomllib

import pytest


def test_help_teaches_and_does_not_wait_for_torch():
    program = "import sys; from abstain.cli import app; app(standalone_mode=False); sys.exit('torch' in sys.modules)"
    command = [sys.executable, "-c", program, "quickstart", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True)
    assert shown.returncode == 0 and "label smoothing" in shown.stdout and "--output-dir" in shown.stdout


def test_version(root, run, capsys):
    assert run("--version") == 0
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out.strip() == project["version"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "nowhere.parquet"], "there is no file or folder 'nowhere.parquet'"),
        (["threshold", "TEST", "--target-risk", "5"], "error: --target-risk is 5, but must be a fraction in (0, 1)"),
        (["threshold", "TEST", "--target-risk", "0.1", "--score", "mps"], "unknown score 'mps': did you mean 'msp'?"),
        (["threshold", "TEST", "--target-risk", "0.1", "--score", "max_logit_pnorm"], "give --p, --validation FILE"),
        (["threshold", "TEST", "--target-risk", "0.1", "--p", "2"], "leave them out"),
    ],
)
def test_mistakes_are_one_line(run, capsys, logits_files, arguments, message):
    arguments = [str(logits_files[0]) if argument == "TEST" else argument for argument in arguments]
    assert run(*arguments) == 2
    *used, sentence = capsys.readouterr().err.splitlines()
    assert message in sentence and all("logits: " in line for line in used)


def test_names_of_options_have_dashes_or_underscores(run, capsys, tmp_path, logits_files):
    for number, (name, overwrite) in enumerate([("--output_dir", "--overwrite-output-dir"), ("--output-dir", "")]):
        folder = str(tmp_path / str(number))
        given = [argument for argument in ("--target_risk", "0.2", name, folder, overwrite) if argument]
        assert run("evaluate", str(logits_files[0]), *given) == 0
        assert (tmp_path / str(number) / "results.json").is_file()
    assert run("threshold", "-h") == 0
    assert "--target-risk" in capsys.readouterr().out
