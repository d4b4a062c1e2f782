"""Small classifiers of each kind with random weights and a rule, and samples for them."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
import torch
from datasets import Dataset
from PIL import Image
from transformers import BertConfig, BertForSequenceClassification, ResNetConfig, ResNetForImageClassification

from abstain import AbstentionRule, SelectiveClassifier
from abstain.data.processors import resize_and_crop, squash
from abstain.data.tables import TableEncoder
from abstain.data.texts import word_tokenizer
from abstain.models.auto import new_classifier

NAMES = ("cat", "dog", "owl")
WORDS = ["good", "fine", "bad", "poor", "film", "the", "a"]
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
RESNET = {"embedding_size": 8, "hidden_sizes": [8, 8], "depths": [1, 1], "layer_type": "basic"}


def images(n=7, seed=0, edge=40):
    generator = np.random.default_rng(seed)
    return [Image.fromarray(generator.integers(0, 256, (edge, edge + 3, 3), dtype=np.uint8)) for _ in range(n)]


def texts(n=7, seed=0):
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(WORDS, 1 + index % 5)) for index in range(n)]


def rows(n=7, seed=0):
    generator = np.random.default_rng(seed)
    jobs = generator.choice(["nurse", "cook"], n).tolist()
    return [{"age": int(generator.integers(20, 80)), "job": job} for job in jobs]


def rule_of(classifier, samples):
    """A rule that accepts about half of these samples, with its threshold between those of two of them."""
    logits = torch.from_numpy(classifier.logits(samples))
    generator = np.random.default_rng(0)
    n_classes = len(classifier.class_names)
    labels = generator.integers(0, n_classes, 400)
    many = generator.normal(size=(400, max(logits.shape[1], 1))).astype(np.float32)
    rule = AbstentionRule.fit(many, labels, target_risk=0.95)
    scored = np.sort(rule.confidence.score(logits))
    threshold = float(scored[len(scored) // 2 - 1 : len(scored) // 2 + 1].mean())
    return replace(rule, operating_point=replace(rule.operating_point, threshold=threshold))


def with_rule(classifier, samples):
    return SelectiveClassifier(classifier.model, classifier.processor, rule_of(classifier, samples), batch_size=3)


def named(config):
    config.id2label, config.label2id = dict(enumerate(NAMES)), {name: index for index, name in enumerate(NAMES)}
    return config


def image_classifier(edge=32):
    torch.manual_seed(0)
    model = ResNetForImageClassification(named(ResNetConfig(num_labels=3, **RESNET))).eval()
    return with_rule(SelectiveClassifier(model, resize_and_crop(edge)), images())


def text_classifier(max_length=12):
    torch.manual_seed(0)
    model = BertForSequenceClassification(named(BertConfig(vocab_size=20, num_labels=3, **SIZES))).eval()
    return with_rule(SelectiveClassifier(model, word_tokenizer(WORDS, max_length=max_length)), texts())


def one_logit_classifier():
    torch.manual_seed(0)
    words = word_tokenizer(WORDS, max_length=12)
    sizes = {"vocab_size": len(words), "overrides": "embedding_size=8,hidden_size=6,dense_size=5"}
    model = new_classifier("texts", "lstm_text_classifier", ["bad", "good"], one_logit=True, **sizes).eval()
    with torch.no_grad():  # a random one says the same of all texts
        for weight in model.parameters():
            weight.mul_(4)
        model.classifier.bias.zero_()
    return with_rule(SelectiveClassifier(model, words), texts())


def table_classifier():
    torch.manual_seed(0)
    labelled = [{**row, "y": NAMES[index % 3]} for index, row in enumerate(rows(30))]
    encoder = TableEncoder.fit(Dataset.from_list(labelled), "y")
    model = new_classifier("tables", "tabular_mlp", NAMES, num_features=encoder.num_features).eval()
    return with_rule(SelectiveClassifier(model, encoder), rows())


def pixel_classifier():
    if importlib.util.find_spec("segmentation_models_pytorch") is None:
        pytest.skip("needs the extra `segmentation`")
    torch.manual_seed(0)
    model = new_classifier("pixels", "deeplabv3plus", NAMES, overrides="encoder_name=resnet18,decoder_channels=16")
    rule = AbstentionRule.fit(np.random.default_rng(0).normal(size=(400, 3)), np.arange(400) % 3, target_risk=0.95)
    return SelectiveClassifier(model.eval(), squash(32, 32), rule, batch_size=2)
