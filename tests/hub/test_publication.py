"""What is planned before anything is sent: cards, results and figures that are made, siblings, and the files."""

import json
import shutil

import pytest

from abstain import InputError, released_checkpoint
from abstain.hub.publication import plan_publication

LS, CE = "resnet20_cifar10_ls", "resnet20_cifar10_ce"
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


def test_a_figure_of_other_logits_than_those_of_the_numbers_is_not_made(run):
    results = json.loads((run / "results.json").read_text())
    results["evaluation"]["scores"]["msp"]["aurc"] *= 0.9
    (run / "results.json").write_text(json.dumps(results))
    with pytest.raises(InputError, match=r"says that aurc is 0\.03827.*, but of the logits it is 0\.0425"):
        plan_publication(run, "user/mine")


@pytest.mark.parametrize("tag", ["", "a b", "-x", "v1/../2", "v1."])
def test_a_tag_that_the_hub_would_not_take_is_refused_before_anything_is_sent(run, tag):
    with pytest.raises(InputError, match=r"the tag is .*, but must be of letters"):
        plan_publication(run, "user/mine", tag=tag)


def test_a_folder_beside_whose_name_no_repository_can_have_is_no_sibling(runs, tmp_path):
    shutil.copytree(runs / LS, tmp_path / LS)
    shutil.copytree(runs / CE, tmp_path / "without smoothing")
    shutil.copytree(runs / CE, tmp_path / CE)
    assert [sibling.name for sibling in plan_publication(tmp_path / LS, f"user/{LS}").siblings] == [f"user/{CE}"]


def test_siblings_that_are_named_are_linked(run):
    plan = plan_publication(run, "user/mine", siblings=["else/other"])
    card = next(file.source for file in plan.model.files if file.path == "README.md").decode()
    assert "- [else/other](https://huggingface.co/else/other)\n" in card
    with pytest.raises(InputError, match="the sibling is 'other', but must be user/name"):
        plan_publication(run, "user/mine", siblings=["other"])
