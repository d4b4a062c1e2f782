"""Small classifiers of every kind, with samples and labels for them: images, texts, rows of a table, and pixels."""

import numpy as np
import timm
import torch
from datasets import Dataset
from PIL import Image
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertTokenizerFast,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessor,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessor,
)

from abstain.data import TableEncoder
from abstain.models import new_classifier

NAMES = ["cat", "dog", "owl"]
LABELS = {"id2label": dict(enumerate(NAMES)), "label2id": {name: index for index, name in enumerate(NAMES)}}
SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
WORDS = ["good", "bad", "film", "the"]


def images(n, seed=0):
    random = np.random.default_rng(seed)
    return [Image.fromarray(random.integers(0, 256, (20, 24, 3), dtype=np.uint8)) for _ in range(n)]


def classes(n, seed=0):
    return np.random.default_rng(seed).integers(0, 3, n)


def of_vit(folder):
    model = ViTForImageClassification(ViTConfig(image_size=16, patch_size=8, **SMALL, **LABELS))
    return model, ViTImageProcessor(size={"height": 16, "width": 16}), images(40), classes(40)


def of_timm(folder):
    return timm.create_model("resnet10t", num_classes=3), None, images(40), classes(40)


def of_ours(folder):
    model = new_classifier("images", "cifar_resnet", NAMES, overrides="depth=8,width=4")
    return model, ViTImageProcessor(size={"height": 16, "width": 16}), images(40), classes(40)


def of_bert(folder):
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    model = BertForSequenceClassification(BertConfig(vocab_size=9, **SMALL, **LABELS))
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, random.integers(1, 9))) for _ in range(40)]
    return model, BertTokenizerFast(str(folder / "vocab.txt")), texts, classes(40)


def of_table(folder):
    """Two classes of one logit."""
    random = np.random.default_rng(0)
    ages, jobs = random.normal(size=40).tolist(), random.choice(["cook", "nurse"], 40).tolist()
    labels = random.integers(0, 2, 40)
    columns = {"age": ages, "job": jobs, "y": [["no", "yes"][label] for label in labels]}
    encoder = TableEncoder.fit(Dataset.from_dict(columns), "y")
    model = new_classifier("tables", "tabular_mlp", ["no", "yes"], one_logit=True, num_features=encoder.num_features)
    return model, encoder, [{"age": age, "job": job} for age, job in zip(ages, jobs, strict=True)], labels


def of_segformer(folder):
    sizes = {"hidden_sizes": [8] * 4, "depths": [1] * 4, "num_attention_heads": [1] * 4, "sr_ratios": [1] * 4}
    model = SegformerForSemanticSegmentation(SegformerConfig(decoder_hidden_size=8, **sizes, **LABELS))
    random = np.random.default_rng(0)
    masks = [Image.fromarray(random.choice([0, 1, 2, 255], (20, 24)).astype(np.uint8)) for _ in range(8)]
    return model, SegformerImageProcessor(do_resize=False), images(8), masks


KINDS = {
    "vit": of_vit,
    "timm": of_timm,
    "cifar_resnet": of_ours,
    "bert": of_bert,
    "table": of_table,
    "segformer": of_segformer,
}


def parts_of(name, folder):
    """Model, processor, samples and labels of one of `KINDS`; the weights are spread, so that answers differ."""
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    model, processor, samples, labels = KINDS[name](folder)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(3)
    return model.eval(), processor, samples, labels
