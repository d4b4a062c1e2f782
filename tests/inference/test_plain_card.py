from answering import parts_of
from huggingface_hub import ModelCard

from abstain import AbstentionRule, LogitNorm
from abstain.inference.plain_card import plain_card
from abstain.threshold.operating_point import OperatingPoint


def test_a_card_says_how_to_load_and_when_it_answers(tmp_path):
    rule = AbstentionRule(LogitNorm(2), OperatingPoint(0.75, 0.5, 0.1, True, 0.2, 0.05, 90), 3)
    text = plain_card("me/mine", "images", parts_of("vit", tmp_path)[0], rule)
    card = ModelCard(text)
    assert card.data.library_name == "transformers" and card.data.pipeline_tag == "image-classification"
    assert 'SelectiveClassifier.from_pretrained("me/mine")' in card.text and "# mine" in card.text
    assert "0.75" in card.text and "With probability 0.95" in card.text


def test_a_model_of_this_package_is_of_this_library(tmp_path):
    card = ModelCard(plain_card("me/mine", "tables", parts_of("table", tmp_path)[0], None))
    assert card.data.library_name == "abstain" and card.data.pipeline_tag == "tabular-classification"
    assert "It has no rule, and answers always." in card.text
