import json
import re

import pytest
import torch
from huggingface_hub import ModelCard
from tiny_trainers import arguments, small_resnet
from transformers import BertConfig, BertForTokenClassification, ViTImageProcessor

from abstain import SelectiveTrainer
from abstain.data.image_tensors import decode_images
from abstain.data.splits import load_data
from abstain.training.card import has_card

TOKEN = "hf_" + "Ab1" * 12


@pytest.fixture
def trainer(tmp_path, digits):
    args = arguments(tmp_path / "mine", max_steps=2, label_smoothing_factor=0.1, hub_token=TOKEN)
    processor = ViTImageProcessor(size={"height": 8, "width": 8})
    return SelectiveTrainer(small_resnet(), args, train_dataset=digits, eval_dataset=digits, processing_class=processor)


@pytest.fixture
def other_digits():
    return decode_images(load_data("digits")["test"].select(range(64)))


def card_of(trainer):
    return (trainer.args.folder / "README.md").read_text()


def results_of(trainer):
    return json.loads((trainer.args.folder / "results.json").read_text())


def test_a_model_that_was_only_trained_has_a_whole_card(trainer):
    trainer.train()
    trainer.evaluate()
    trainer.save_model()
    trainer.create_model_card()
    text = card_of(trainer)
    assert "# mine\n" in text and "label smoothing | α = 0.1" in text and "2 steps, batch 16" in text
    assert "Nothing was measured on test data" in text and re.search(r"- `eval_aurc`: 0\.\d+\n", text)
    assert "5,006 parameters, and 53,152 multiply-adds for an image of 8 × 8 pixels" in text
    assert 'SelectiveClassifier.from_pretrained("mine")' in text and "import abstain.models" in text
    assert ModelCard(text).data.library_name == "abstain"
    assert results_of(trainer)["settings"]["training"]["label_smoothing_factor"] == 0.1
    assert results_of(trainer)["data"] == {"train": {"samples": 96}}
    for name in ("README.md", "results.json"):
        assert TOKEN not in (trainer.args.folder / name).read_text()
        assert str(trainer.args.folder.parent) not in (trainer.args.folder / name).read_text()


def test_with_logits_of_test_data_it_says_how_well_it_abstains(trainer, digits, other_digits):
    trainer.train()
    trainer.save_with_logits({"validation": digits, "test": other_digits})
    trainer.create_model_card(tags="mine", license="mit", dataset_tags="a/b", dataset="Digits", language="en")
    text, data = card_of(trainer), ModelCard(card_of(trainer)).data
    assert "On 64 test images" in text and "![Selective risk against coverage](risk_coverage.png)" in text
    assert (trainer.args.folder / "risk_coverage.png").read_bytes().startswith(b"\x89PNG")
    assert results_of(trainer)["evaluation"]["n_samples"] == 64
    assert data.eval_results[0].dataset_type == "a/b" and data.eval_results[0].dataset_name == "Digits"
    assert data.license == "mit" and data.language == "en" and "mine" in data.tags


def test_logits_of_other_weights_are_not_measured(trainer, digits, other_digits):
    trainer.train()
    trainer.save_with_logits({"validation": digits, "test": other_digits})
    trainer.create_model_card()
    trainer.args.max_steps = 4
    trainer.train()
    trainer.save_model()
    with pytest.warns(UserWarning, match="are not known to be of these weights, and are not pushed"):
        trainer.create_model_card()
    assert "Nothing was measured on test data" in card_of(trainer) and "read_logits" not in card_of(trainer)
    assert "evaluation" not in results_of(trainer)


def test_results_of_a_program_and_a_card_by_hand_stay(trainer, root):
    trainer.save_model()
    kept = (root / "model_cards" / "resnet20_cifar10_a0.1_s0" / "results.json").read_text()
    (trainer.args.folder / "results.json").write_text(kept)
    trainer.create_model_card()
    assert (trainer.args.folder / "results.json").read_text() == kept
    assert "24 epochs, batch 128" in card_of(trainer) and "On 10,000 test images" in card_of(trainer)
    (trainer.args.folder / "README.md").write_text("# By hand\n")
    trainer.create_model_card()
    assert card_of(trainer) == "# By hand\n"


def test_words_of_a_person_are_read(trainer):
    trainer.save_model()
    (trainer.args.folder / "card.yaml").write_text("summary: A specimen.\n")
    trainer.create_model_card()
    assert "# mine\n\nA specimen.\n" in card_of(trainer)


def test_models_of_which_it_knows_no_question_have_the_card_of_trainer():
    config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=30)
    assert not has_card(BertForTokenClassification(config)) and not has_card(torch.nn.Linear(2, 2))
    assert has_card(small_resnet())
