import shutil

import pytest

from abstain import released_checkpoint

NAME = "resnet20_cifar10_ls"


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(released_checkpoint(NAME), tmp_path / NAME)


def test_without_yes_it_says_what_would_be_sent_and_sends_nothing(run, capsys, folder):
    assert run("publish", str(folder), f"user/{NAME}", "--revision-tag", "v1", "--sibling", "user/other") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"user/{NAME}: 9 files, ") and out.endswith("Nothing was sent: give --yes to send it.\n")
    assert "README.md  (made now)" in out and "  tag: v1\n" in out and "  sibling: user/other\n" in out
    assert f"datasets/user/abstain-logits, configuration {NAME}: 2 splits" in out


def test_what_would_be_sent_can_be_looked_at(run, capsys, folder, tmp_path):
    command = ["publish", str(folder), f"user/{NAME}", "--output-dir", str(tmp_path / "hub")]
    assert run(*command) == 0
    out = capsys.readouterr().out
    assert f"written to {tmp_path / 'hub'}\nNothing was sent" in out
    assert f'from_pretrained("user/{NAME}")' in (tmp_path / "hub" / "README.md").read_text()
    assert run(*command) == 2
    assert "is not empty, and nothing there is replaced" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["FOLDER", "mine"], "the repository is 'mine', but must be user/name"),
        (["nowhere", "user/mine"], "the folder to publish 'nowhere' does not exist or is not a folder"),
        (
            ["FOLDER", "user/mine", "--logits-repo", "logits"],
            "the data set of logits is 'logits', but must be user/name",
        ),
        (["FOLDER", "user/mine", "--wheel", "x.whl"], "a wheel is given, but only a Space installs it"),
        (["FOLDER", "user/mine", "--space", "FOLDER"], "holds no app.py: give the folder of a Space"),
        (["FOLDER", "user/mine", "--sibling", "x"], "the sibling is 'x', but must be user/name"),
    ],
)
def test_mistakes_are_one_line(run, capsys, folder, arguments, message):
    given = [str(folder) if argument == "FOLDER" else argument for argument in arguments]
    assert run("publish", *given) == 2
    error = capsys.readouterr().err
    assert message in error and error.splitlines()[-1].startswith("error: ") and "Traceback" not in error


def test_what_may_not_be_sent_is_one_line(run, capsys, folder):
    (folder / "training_args.bin").write_bytes(b"")
    assert run("publish", str(folder), "user/mine") == 1
    assert "training_args.bin' is a pickle, which could run code when it is read" in capsys.readouterr().err
    (folder / "training_args.bin").unlink()
    (folder / "notes.txt").write_text("hf_" + "Ab1" * 12)
    assert run("publish", str(folder), "user/mine") == 1
    assert "notes.txt' holds a token of the Hub: remove it there" in capsys.readouterr().err
    (folder / "notes.txt").unlink()
    (folder / "model.safetensors").unlink()
    assert run("publish", str(folder), "user/mine") == 1
    assert "has no weights" in capsys.readouterr().err


def test_without_a_network_it_is_one_line(run, capsys, folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_" + "Ab1" * 12)
    assert run("publish", str(folder), "user/mine", "--yes") == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert "'user/abstain-logits' was not published" in line and "offline" in line
