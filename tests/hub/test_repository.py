import pickle

import pytest
import torch

from abstain import InputError
from abstain.hub.repository import SentFile, check_files, check_name, plan_model
from abstain.inference.pushable import PICKLES

TOKEN = "hf_" + "Ab1" * 12
WHOLE = ["config.json", "logits/test.parquet", "logits/validation.parquet", "model.safetensors"]
WHOLE += ["preprocessor_config.json", "results.json", "samples.parquet"]


def test_the_files_of_a_model_go_and_the_rest_of_a_run_stays(run):
    (run / "checkpoint-4").mkdir()
    torch.save({}, run / "checkpoint-4" / "optimizer.pt")
    (run / "runs").mkdir()
    for name in ("run.json", "trainer_state.json", "card.yaml", ".gitignore", "notes.docx", "runs/events.out"):
        (run / name).write_text("{}")
    plan = plan_model(run, "user/mine")
    assert [file.path for file in plan.files] == WHOLE
    assert plan.size == sum((run / path).stat().st_size for path in WHOLE)
    reasons = {
        "checkpoint-4/": "a checkpoint to go on from",
        ".gitignore": "hidden",
        "card.yaml": "the words of the card",
    }
    assert plan.left_out.items() >= reasons.items()
    assert {"run.json", "trainer_state.json", "notes.docx", "runs/"} < set(plan.left_out)


def test_a_dry_run_names_every_file_with_its_size_and_destination(run):
    plan = plan_model(run, "user/mine", [SentFile("README.md", b"# mine")])
    head, *lines = plan.lines()
    assert head == f"user/mine: 8 files, {plan.size:,} bytes"
    assert [line.split()[1] for line in lines] == sorted(["README.md", *WHOLE])
    assert lines[0].split() == ["6", "README.md", "(made", "now)"]
    assert f"{(run / 'model.safetensors').stat().st_size:,}  model.safetensors" in lines[4]


def test_made_files_take_the_place_of_those_of_the_folder(run):
    (run / "README.md").write_text("by hand")
    files = {file.path: file.source for file in plan_model(run, "user/mine", [SentFile("README.md", b"made")]).files}
    assert files["README.md"] == b"made" and files["config.json"] == run / "config.json"


@pytest.mark.parametrize("name", ["training_args.bin", "pytorch_model.bin", *(f"x{end}" for end in PICKLES)])
def test_a_pickle_is_refused_by_name(run, name):
    (run / name).write_bytes(b"")
    with pytest.raises(InputError, match=f"{name}' is a pickle, which could run code when it is read: remove it"):
        plan_model(run, "user/mine")


def test_a_pickle_by_another_name_is_refused_too(run):
    (run / "vocab.txt").write_bytes(pickle.dumps([1]))
    with pytest.raises(InputError, match=r"vocab\.txt' is a pickle"):
        plan_model(run, "user/mine")


def test_a_token_in_any_file_is_refused_whosever_it_is(run):
    (run / "extra.json").write_text('{"hub_token": "' + TOKEN + '"}')
    with pytest.raises(InputError, match=r"extra\.json' holds a token of the Hub: remove it there"):
        plan_model(run, "user/mine")
    (run / "extra.json").write_text('{"hub_token": "of a form of our own"}')
    plan_model(run, "user/mine")
    with pytest.raises(InputError, match="holds a token"):
        plan_model(run, "user/mine", token="of a form of our own")
    (run / "extra.json").unlink()
    with pytest.raises(InputError, match=r"'README\.md' holds a token"):
        plan_model(run, "user/mine", [SentFile("README.md", f"log in with {TOKEN}".encode())])


@pytest.mark.parametrize("path", ["a b.json", "../up.json", "a/../b.json", "ä.json", "/etc.json", "a//b.json"])
def test_paths_are_plain(path):
    with pytest.raises(InputError, match="is not plain: rename it"):
        check_files([SentFile(path, b"{}")])


def test_a_link_is_refused(run, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    (run / "secret.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(InputError, match=r"secret\.json' is a link, behind which anything can lie"):
        plan_model(run, "user/mine")


def test_a_link_to_a_folder_is_refused_where_it_is_the_logits_and_named_elsewhere(run, tmp_path):
    (run / "latest").symlink_to(run / "logits")
    plan = plan_model(run, "user/mine")
    assert plan.left_out["latest"] == "a link" and [file.path for file in plan.files] == WHOLE
    (run / "logits").rename(tmp_path / "elsewhere")
    (run / "logits").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"logits' is a link, behind which anything can lie"):
        plan_model(run, "user/mine")


def test_a_file_that_the_hub_does_not_take_is_refused(run, monkeypatch):
    monkeypatch.setattr("abstain.hub.repository.MOST_BYTES", 1_000_000)
    with pytest.raises(InputError, match=r"1,095,352 bytes, but the Hub takes 1,000,000: save it in parts"):
        plan_model(run, "user/mine")


def test_a_folder_without_a_model_is_refused(run, tmp_path):
    (run / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"has no weights: it needs a file model\.safetensors"):
        plan_model(run, "user/mine")
    with pytest.raises(InputError, match="does not exist or is not a folder"):
        plan_model(tmp_path / "nowhere", "user/mine")


@pytest.mark.parametrize(
    "name", ["mine", "user/mine/more", "user/mi ne", "user/mine.git", "user/a--b", "", "/mine", None]
)
def test_names_that_are_none(name):
    with pytest.raises(InputError, match=r"but must be user/name"):
        check_name(name)
    assert check_name("user/mine-2.0") == "user/mine-2.0"
