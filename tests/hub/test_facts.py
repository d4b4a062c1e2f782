import json
import re

import numpy as np
import pytest

from abstain import InputError, write_logits
from abstain.hub.cards import render_card
from abstain.hub.facts import beside, curve_picture, facts_of_folder, logits_splits, measured, read_results


def test_a_folder_tells_what_it_is(run):
    facts = facts_of_folder(run, name="mine", location='"user/mine"')
    assert facts.task == "image-classification" and facts.model_type == "cifar_resnet" and facts.is_ours
    assert facts.class_names[:2] == ("airplane", "automobile") and facts.side == 32
    assert facts.splits == ("validation", "test") and facts.alpha == 0.2 and facts.data_name == "cifar10"
    assert facts.rule is None and facts.figure is None


def test_the_code_of_a_card_runs(run):
    text = render_card(facts_of_folder(run, name="mine", location=repr(str(run)).replace("'", '"')))
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == 3
    names = {}
    with pytest.warns(UserWarning, match=r"has no abstention\.json"):
        for block in blocks:
            exec(block, names)
    assert names["answer"].accepted and names["logits"].shape == (10_000, 10)
    assert names["model"].num_parameters() == 269_722


def test_the_logits_give_the_numbers_of_the_results(run):
    evaluation, report = measured(run, kind="images")
    of_run = read_results(run)["evaluation"]
    ends = {"aurc_low", "aurc_high"}  # which other versions place otherwise
    found, expected = ({k: v for k, v in one["scores"]["msp"].items() if k not in ends} for one in (evaluation, of_run))
    assert found == pytest.approx(expected)
    assert "intervals" not in evaluation and measured(run, kind="pixels")[0]["intervals"]
    picture = curve_picture("mine", {"": report})
    assert picture.startswith(b"\x89PNG") and picture == curve_picture("mine", {"": report})


def test_without_a_test_split_nothing_is_measured(tmp_path):
    assert logits_splits(tmp_path) == () and measured(tmp_path, kind="images") is None
    write_logits(tmp_path / "logits", "validation", np.eye(3), [0, 1, 2])
    assert logits_splits(tmp_path) == ("validation",) and measured(tmp_path, kind="images") is None


def test_runs_beside_that_differ_in_their_loss_alone_are_found(runs):
    found = list(beside(runs / "resnet20_cifar10_ls", read_results(runs / "resnet20_cifar10_ls")))
    assert found == [("resnet20_cifar10_ce", "cross-entropy")]


def test_a_run_that_differs_in_more_is_no_sibling(runs, tmp_path):
    results = read_results(runs / "resnet20_cifar10_ls")
    suppressed = {"label_smoothing_factor": 0.0, "max_suppression_factor": 0.2, "target_risk": 0.1}
    changes = {"other_seed": {"seed": 1}, "other_alpha": {"label_smoothing_factor": 0.1}, "suppressed": suppressed}
    changes["joined"] = {"logit_norm_temperature": 0.04, "ema_decay": 0.99}
    changes["focal"] = {"label_smoothing_factor": 0.0, "focal_gamma": 2.0}
    for name, changed in changes.items():
        (tmp_path / name).mkdir()
        settings = {**results["settings"], "training": results["settings"]["training"] | changed}
        (tmp_path / name / "results.json").write_text(json.dumps(results | {"settings": settings}))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "results.json").write_text("{")
    for text in ('{"settings": [1]}', '{"settings": {"training": "x"}}', '{"data": {"test": 1}}'):
        (tmp_path / f"foreign_{len(text)}").mkdir()
        (tmp_path / f"foreign_{len(text)}" / "results.json").write_text(text)
    (tmp_path / "mine").mkdir()
    recipes = [
        ("focal", "focal loss, γ = 2"),
        (
            "joined",
            "label smoothing, α = 0.2 and logit normalisation in training, τ = 0.04 and averaged weights, decay 0.99",
        ),
        ("other_alpha", "label smoothing, α = 0.1"),
        ("suppressed", "maximum suppression, α = 0.2"),
    ]
    assert list(beside(tmp_path / "mine", results)) == recipes
    assert list(beside(tmp_path / "mine", None)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is damaged"),
        ("[1]", "holds no results"),
        ('{"settings": [1]}', "holds settings that is no dictionary"),
        ('{"settings": {"training": "x"}}', r"holds settings\.training that is no dictionary"),
        ('{"data": {"test": 1}}', r"holds data\.test that is no dictionary"),
    ],
)
def test_damaged_results_are_one_sentence(tmp_path, text, said):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(InputError, match=said):
        read_results(tmp_path)


def test_a_model_needs_no_results(run):
    (run / "results.json").unlink()
    facts = facts_of_folder(run, name="ce", location='"ce"')
    assert facts.results is None and facts.alpha is None and "Nobody wrote down" in render_card(facts)


def test_pixels_have_the_intervals_of_their_images(tmp_path):
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(1200, 3)), generator.integers(0, 3, 1200)
    write_logits(tmp_path / "logits", "test", logits, labels, sample=np.arange(1200) // 20)
    evaluation, report = measured(tmp_path, kind="pixels")
    assert evaluation["n_clusters"] == 60 and report.has_intervals and "intervals" not in evaluation
    write_logits(tmp_path / "logits", "test", logits, labels, sample=np.zeros(1200, int))
    assert measured(tmp_path, kind="pixels")[0]["intervals"]
