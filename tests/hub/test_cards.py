import re
from dataclasses import replace

import pytest
from huggingface_hub import EvalResult, ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results

from abstain import AbstentionRule, InputError, LogitNorm
from abstain.hub.card_words import CardWords
from abstain.hub.cards import MARK, TASKS, Sibling, may_be_rendered, render_card
from abstain.hub.facts import OF_PIXELS

RUNS = {
    "image-classification": "resnet20_cifar10_a0.1_s0",
    "image-segmentation": "deeplabv3plus_camvid_small_a0_s0",
    "text-classification": "lstm_imdb_a0.6_s0",
    "tabular-classification": "mlp_bank_marketing_a0_s0",
}
SECTIONS = [
    "What it is for",
    "When it answers",
    "How it does",
    "How to use it",
    "How large it is",
    "How it was trained",
]
SECTIONS += ["Limits", "Citation"]


def sections(text):
    return re.findall(r"^## (.+)$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_a_whole_card_though_nobody_says_a_word(task, facts):
    text = render_card(facts(task, RUNS[task], row={"age": 40.0}))
    assert sections(text) == SECTIONS
    assert TASKS[task].measured in text and f"| {TASKS[task].samples} " in text
    assert f"model = {TASKS[task].model_class}.from_pretrained" in text
    assert "import abstain.models  # registers the architecture" in text
    assert "1,234 parameters, and 56,789 multiply-adds for an image" in text
    assert not re.search(r"\{\{|\{%|\[\[|None|\n{3}| \n", text) and text.endswith("```\n")


@pytest.mark.parametrize("task", TASKS)
def test_without_results_it_says_so(task, facts):
    text = render_card(facts(task, None, row={"age": 40.0}))
    assert sections(text) == SECTIONS and "Nothing was measured on test data" in text
    assert "Nobody wrote down how it was trained" in text and not re.search(r"None|\n{3}", text)
    assert ModelCard(text).data.eval_results is None


def test_what_a_person_says_stands_in_its_place(facts):
    words = CardWords(summary="A specimen.", purpose="For study.", source="A paper.", command="python train.py")
    text = render_card(facts(), words)
    assert "\n# mine\n\nA specimen.\n\n## What it is for\n\nFor study.\n" in text
    assert "## Source\n\nA paper.\n" in text and "```sh\npython train.py\n```" in text


def test_the_caveat_stands_by_the_numbers_and_pixels_are_said_to_depend(facts, results_of):
    pixels = ("image-segmentation", RUNS["image-segmentation"])
    text = render_card(facts(*pixels), CardWords(caveat="**Mind.**"))
    assert "\n\n**Mind.**\n\n## How to use it" in text and "too narrow" not in text
    older = results_of(pixels[1])
    older["evaluation"]["intervals"] = OF_PIXELS
    text = render_card(facts(*pixels, results=older), CardWords())
    assert ".\nThe intervals are too narrow: pixels of one image are taken for independent.\n" in text


def test_machines_read_what_was_measured_and_under_which_name(facts):
    data = ModelCard(render_card(facts(), CardWords(dataset="someone/data", license="mit"))).data
    assert (data.library_name, data.pipeline_tag, data.license) == ("abstain", "image-classification", "mit")
    assert data.datasets == ["someone/data"] and data.tags[-1] == "label-smoothing" and data.model_name == "mine"
    assert all(isinstance(one, EvalResult) for one in data.eval_results) and len(data.eval_results) == 7
    assert {(one.dataset_type, one.dataset_split) for one in data.eval_results} == {("someone/data", "test")}


def test_a_copy_is_not_filed_under_the_data_that_it_is_a_copy_of(facts):
    words = CardWords(dataset="someone/data", dataset_name="Data (JPEG)", dataset_copy="stored as JPEG")
    text = render_card(facts(), words)
    (index,) = ModelCard(text).data.to_dict()["model-index"]
    _, results = model_index_to_eval_results([index])
    assert {one.dataset_type for one in results} == {"data-copy"}
    assert results[0].dataset_args == {"differs_from_the_original": "stored as JPEG"}
    assert "They are a copy that differs: stored as JPEG." in text


def test_data_of_a_folder_are_not_filed_under_a_name_of_the_hub(facts):
    data = ModelCard(render_card(facts())).data
    assert data.datasets is None
    assert data.eval_results[0].dataset_name == "cifar10 (a folder of its author)"


def test_it_says_where_data_were_read_from_only_as_far_as_results_tell(facts, results_of):
    of_package = render_card(facts("tabular-classification", "mlp_noisy_digits_a0_s0", row={"a": 1.0}))
    assert "called `noisy_digits_rows`, and are made by this package." in of_package
    assert "a folder of its author" not in of_package
    of_trainer = {"settings": {"training": results_of("mlp_bank_marketing_a0_s0")["settings"]["training"]}}
    told = render_card(facts(results=of_trainer), CardWords(dataset_name="My cats"))
    assert "The data are called `My cats`. Their licence" in told


def test_models_of_transformers_need_no_import_of_ours(facts):
    text = render_card(facts(is_ours=False, model_type="resnet", architecture="ResNetForImageClassification"))
    assert "import abstain.models" not in text and ModelCard(text).data.library_name == "transformers"
    of_timm = render_card(facts(is_ours=False, model_type="timm_wrapper"))
    assert (
        'timm.create_model("hf-hub:user/mine", pretrained=True)' in of_timm and "timm" in ModelCard(of_timm).data.tags
    )


def test_the_rule_the_figure_and_the_siblings_are_shown(facts, logits_and_labels):
    rule = AbstentionRule.fit(*logits_and_labels, target_risk=0.2)
    siblings = (Sibling("user/other", "trained with α = 0"), Sibling("user/third"))
    text = render_card(facts(rule=rule, figure="risk_coverage.png", siblings=siblings))
    assert rule.describe() in text and "![Selective risk against coverage](risk_coverage.png)" in text
    of_norm = replace(rule, confidence=LogitNorm(p=3, center=True))
    assert "Its confidence is the p-norm, p = 3, as it was fitted with the rule" in render_card(facts(rule=of_norm))
    assert "- [user/other](https://huggingface.co/user/other): trained with α = 0\n- [user/third]" in text


def test_the_logits_are_read_where_they_are(facts):
    splits = ("validation", "test")
    on_hub = render_card(facts(splits=splits, logits="user/abstain-logits"))
    assert 'load_dataset("user/abstain-logits", "mine", split="test")' in on_hub
    beside = render_card(facts(splits=splits))
    assert 'read_logits(snapshot_download("user/mine") + "/logits", "test")' in beside
    assert 'read_logits("mine/logits", "test")' in render_card(facts(splits=splits, location='"mine"'))
    assert "Its logits" not in render_card(facts())


def test_a_card_by_a_person_is_told_from_ours(facts, tmp_path):
    card = tmp_path / "README.md"
    assert may_be_rendered(card) and MARK in render_card(facts())
    card.write_text(render_card(facts()), encoding="utf-8")
    assert may_be_rendered(card)
    card.write_text("# mine\n\nBy hand.")
    assert not may_be_rendered(card)
    card.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"README\.md' cannot be read .*: save it as UTF-8"):
        may_be_rendered(card)


def test_header_and_tags_can_be_added(facts):
    data = ModelCard(render_card(facts(), tags=["abstain", "mine"], language="en", base_model="a/b")).data
    assert (
        data.tags.count("abstain") == 1 and "mine" in data.tags and data.language == "en" and data.base_model == "a/b"
    )


def test_an_unknown_task_is_refused(facts):
    with pytest.raises(InputError, match="unknown task 'image-clasification': did you mean"):
        render_card(facts("image-clasification"))
