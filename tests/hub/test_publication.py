"""What is planned before anything is sent: cards, results and figures that are made, siblings, and the files."""

import json

import pytest

from abstain import InputError, released_checkpoint
from abstain.hub.publication import plan_publication

URL = "https://huggingface.co"


def test_a_card_by_a_person_is_sent_as_it_is(run):
    (run / "README.md").write_text("# By hand\n")
    files = {file.path: file for file in plan_publication(run, "user/mine").model.files}
    assert files["README.md"].source == run / "README.md"
    (run / "README.md").unlink()
    (run / "card.yaml").write_text("summary: A specimen.\n")
    files = {file.path: file for file in plan_publication(run, "user/mine").model.files}
    assert b"\n# mine\n\nA specimen.\n" in files["README.md"].source and "card.yaml" not in files


def test_results_and_figure_are_made_where_there_are_only_logits(run):
    (run / "results.json").unlink()
    made = {file.path: file.source for file in plan_publication(run, "user/mine").model.files}
    made = {path: source for path, source in made.items() if isinstance(source, bytes)}
    assert set(made) == {"README.md", "results.json", "risk_coverage.png"}
    assert json.loads(made["results.json"])["evaluation"]["n_errors"] == 1566


def test_a_released_checkpoint_is_published_with_its_card_rule_and_siblings():
    plan = plan_publication(released_checkpoint("mlp_noisy_digits_a0.4_s0"), "user/mlp_noisy_digits_a0.4_s0")
    files = {file.path: file for file in plan.model.files}
    assert {"README.md", "abstention.json", "results.json", "risk_coverage.png"} < set(files)
    card = files["README.md"].source.decode()
    assert 'from_pretrained("user/mlp_noisy_digits_a0.4_s0")' in card and "A perceptron for the 8×8 digits" in card
    assert f"{URL}/user/mlp_noisy_digits_a0_s0): trained with cross-entropy" in card
    assert f"{URL}/user/mlp_noisy_digits_maxsup0.4_s0): trained with maximum suppression, α = 0.4" in card
    assert plan.logits_name == "user/abstain-logits" and plan.config == "mlp_noisy_digits_a0.4_s0"


def test_what_would_be_sent_is_written_to_a_folder_that_nothing_else_is_in(run, tmp_path):
    plan = plan_publication(run, "user/mine").model
    folder = plan.write(tmp_path / "hub" / "mine")
    written = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert sorted(written) == [file.path for file in plan.files]
    assert all(written[file.path].read_bytes() == file.content() for file in plan.files)
    (folder / "README.md").write_text("mine")
    with pytest.raises(InputError, match=r"mine' is not empty, and nothing there is replaced: give another folder"):
        plan.write(folder)
    assert (folder / "README.md").read_text() == "mine"


def test_siblings_that_are_named_are_linked(run):
    plan = plan_publication(run, "user/mine", siblings=["else/other"])
    card = next(file.source for file in plan.model.files if file.path == "README.md").decode()
    assert "- [else/other](https://huggingface.co/else/other)\n" in card
    with pytest.raises(InputError, match="the sibling is 'other', but must be user/name"):
        plan_publication(run, "user/mine", siblings=["other"])
