"""Real architectures, random weights: what is written of a model is, bit for bit, what who loads it gets."""

import numpy as np
import pytest
import torch
from tiny_trainers import arguments, small_vit
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from torch.utils.data import DataLoader
from transformers import (
    AutoModel,
    AutoModelForImageClassification,
    AutoModelForSemanticSegmentation,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForSequenceClassification,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    default_data_collator,
)

from abstain import SelectiveTrainer, read_logits
from abstain.inference.abstention import AbstentionRule
from abstain.models.auto import new_classifier

K, BATCH, N = 3, 4, 22
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def bert(**changes):
    return BertForSequenceClassification(BertConfig(vocab_size=20, num_labels=K, **SIZES, **changes))


def modern_bert():
    special = {f"{name}_token_id": 0 for name in ("pad", "cls", "bos", "sep", "eos")}
    return ModernBertForSequenceClassification(ModernBertConfig(vocab_size=20, num_labels=K, **SIZES, **special))


def qwen3():
    more = {"num_key_value_heads": 1, "head_dim": 8, "pad_token_id": 0}
    return Qwen3ForSequenceClassification(Qwen3Config(vocab_size=20, num_labels=K, **SIZES, **more))


def segformer():
    sizes = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 8, 8, 8], "num_attention_heads": [1, 1, 1, 1]}
    return SegformerForSemanticSegmentation(SegformerConfig(num_labels=K, decoder_hidden_size=8, **sizes))


def vit():
    model = small_vit()
    model.config.num_labels, model.classifier = K, torch.nn.Linear(16, K)
    return model


def timm_model():
    return new_classifier("images", "timm_wrapper", ["a", "b", "c"], architecture="test_resnet")


def table_model():
    return new_classifier("tables", "tabular_mlp", ["a", "b", "c"], num_features=5)


def tokenizer():
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *"abcdefgh"])}
    words = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]")


def texts():
    """Of one to eight words, not padded."""
    words = tokenizer()
    return [{**words(" ".join("abcdefgh"[: 1 + i % 8])), "labels": i % K} for i in range(N)]


def images(size=8):
    generator = torch.Generator().manual_seed(0)
    return [{"pixel_values": torch.randn(3, size, size, generator=generator), "labels": i % K} for i in range(N)]


def rows():
    generator = torch.Generator().manual_seed(0)
    return [{"features": torch.randn(5, generator=generator), "labels": i % K} for i in range(N)]


def pictures():
    generator = torch.Generator().manual_seed(0)
    pixels = [torch.randn(3, 32, 32, generator=generator) for _ in range(N)]
    masks = [torch.randint(0, K, (32, 32), generator=generator) for _ in range(N)]
    for mask in masks:
        mask[:3] = 255  # which a SegFormer leaves out
    return [{"pixel_values": image, "labels": mask} for image, mask in zip(pixels, masks, strict=True)]


def of_user(model, data, collate):
    """What the loaded model says of the same batches."""
    model = model.eval()
    with torch.no_grad():
        batches = DataLoader(data, batch_size=BATCH, collate_fn=collate)
        return [model(**{k: v for k, v in batch.items() if k != "labels"}).logits.float() for batch in batches]


def finished(folder, model, data, processing_class=None, **changes):
    """A trainer after one step, an evaluation, its logits and a rule; and the logits that it gave."""
    changes = {"max_steps": 1, "per_device_eval_batch_size": BATCH, "learning_rate": 0.01, **changes}
    trainer = SelectiveTrainer(
        model, arguments(folder, **changes), train_dataset=data, eval_dataset=data, processing_class=processing_class
    )
    trainer.train()
    assert 0 <= trainer.evaluate()["eval_aurc"] <= 1
    logits = trainer.save_with_logits({"test": data})["test"][0]
    np.testing.assert_array_equal(read_logits(folder / "logits", "test")[0], logits)
    rule = trainer.calibrate(data, target_risk=0.95)
    assert AbstentionRule.load(folder) == rule and rule.n_classes == K
    return trainer, logits


@pytest.mark.parametrize("make", [bert, modern_bert, qwen3])
@pytest.mark.parametrize("changes", [{}, {"bf16": True}])
def test_texts_of_any_length(tmp_path, make, changes):
    torch.manual_seed(0)
    data = texts()
    trainer, logits = finished(tmp_path, make(), data, tokenizer(), **changes)
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert type(loaded) is type(trainer.model)
    np.testing.assert_array_equal(logits, torch.cat(of_user(loaded, data, trainer.data_collator)))


@pytest.mark.parametrize("make", [vit, timm_model])
def test_images_of_one_size(tmp_path, make):
    torch.manual_seed(0)
    data = images(8 if make is vit else 32)
    _, logits = finished(tmp_path, make(), data)
    loaded = AutoModelForImageClassification.from_pretrained(tmp_path)
    np.testing.assert_array_equal(logits, torch.cat(of_user(loaded, data, default_data_collator)))


def test_tables(tmp_path):
    torch.manual_seed(0)
    _, logits = finished(tmp_path, table_model(), rows())
    loaded = AutoModel.from_pretrained(tmp_path)
    np.testing.assert_array_equal(logits, torch.cat(of_user(loaded, rows(), default_data_collator)))


def test_pixels(tmp_path):
    torch.manual_seed(0)
    data = pictures()
    trainer, logits = finished(tmp_path, segformer(), data)
    loaded = AutoModelForSemanticSegmentation.from_pretrained(tmp_path)
    found = torch.cat(of_user(loaded, data, default_data_collator))
    assert trainer.ignore_index == 255 and found.shape[-2:] == (8, 8)
    nearest = found.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)[:, :, 3:]  # of 32 rows all but the void
    np.testing.assert_array_equal(logits, nearest.movedim(1, -1).reshape(-1, K))


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft's own use
def test_adapters(tmp_path):
    peft = pytest.importorskip("peft", reason="needs peft")
    torch.manual_seed(0)
    base, data = bert(), texts()
    base.save_pretrained(tmp_path / "base")
    config = peft.LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["query", "value"], init_lora_weights=False)
    trainer, logits = finished(tmp_path / "run", peft.get_peft_model(base, config), data, tokenizer())
    base = AutoModelForSequenceClassification.from_pretrained(tmp_path / "base")
    loaded = peft.PeftModel.from_pretrained(base, tmp_path / "run")
    np.testing.assert_array_equal(logits, torch.cat(of_user(loaded, data, trainer.data_collator)))


@pytest.mark.filterwarnings("ignore:logits are bfloat16:UserWarning")  # of which evaluations warn
def test_a_model_in_bf16_says_the_same_of_the_same_batches_and_of_others_within_its_rounding(tmp_path):
    torch.manual_seed(0)
    data = texts()
    trainer, logits = finished(tmp_path, bert().bfloat16(), data, tokenizer())
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert loaded.dtype == torch.bfloat16
    np.testing.assert_array_equal(logits, torch.cat(of_user(loaded, data, trainer.data_collator)))
    alone = torch.cat([torch.cat(of_user(loaded, [item], trainer.data_collator)) for item in data])
    np.testing.assert_allclose(alone, logits, rtol=2**-7, atol=2**-7)


class WithMore(BertForSequenceClassification):
    """A class that `from_pretrained` cannot make, for it wants more than a configuration."""

    def __init__(self, config, scale):
        super().__init__(config)
        self.scale = scale

    def forward(self, input_ids, attention_mask, token_type_ids=None, labels=None):
        output = super().forward(input_ids, attention_mask, token_type_ids, labels=labels)
        output.logits = output.logits * self.scale
        return output


def test_a_class_that_wants_more_than_a_configuration_is_taken_as_it_is_in_memory(tmp_path):
    torch.manual_seed(0)
    data = texts()
    model = WithMore(BertConfig(vocab_size=20, num_labels=K, **SIZES), 3.0)
    trainer, logits = finished(tmp_path, model, data, tokenizer(), bf16=True)
    loaded = WithMore.from_pretrained(tmp_path, scale=3.0)
    np.testing.assert_array_equal(logits, torch.cat(of_user(loaded, data, trainer.data_collator)))


def test_a_head_that_the_configuration_does_not_describe_is_taken_as_it_is_in_memory(tmp_path):
    model = bert()
    model.classifier = torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.Linear(16, K))
    trainer, logits = finished(tmp_path, model, texts(), tokenizer())
    np.testing.assert_array_equal(trainer.predict(texts()).predictions, logits)
    model = bert()
    model.config.num_labels = 10
    trainer = SelectiveTrainer(model, arguments(tmp_path / "ten", max_steps=1), processing_class=tokenizer())
    np.testing.assert_array_equal(
        trainer.save_with_logits({"test": texts()})["test"][0], trainer.predict(texts()).predictions
    )


@pytest.mark.parametrize("changes", [{"dataloader_drop_last": True}, {"train_sampling_strategy": "group_by_length"}])
def test_every_item_is_written_once_in_the_order_of_the_data(tmp_path, changes):
    torch.manual_seed(0)
    model, data = bert(), texts()
    one = SelectiveTrainer(model, arguments(tmp_path / "a", per_device_eval_batch_size=4), processing_class=tokenizer())
    args = arguments(tmp_path / "b", per_device_eval_batch_size=4, **changes)
    other = SelectiveTrainer(model, args, processing_class=tokenizer())
    (expected, labels), (found, others) = (t.save_with_logits({"test": data})["test"] for t in (one, other))
    assert len(labels) == N and np.array_equal(labels, others) and np.array_equal(expected, found)
    assert {name: getattr(args, name) for name in changes} == changes


def test_a_model_that_returns_a_tuple_is_trained_too(tmp_path):
    torch.manual_seed(0)
    one, other = bert(), bert(return_dict=False)
    other.load_state_dict(one.state_dict())
    weights = []
    for model, folder in ((one, "a"), (other, "b")):
        trainer = SelectiveTrainer(
            model,
            arguments(tmp_path / folder, max_steps=2, per_device_train_batch_size=4),
            train_dataset=texts(),
            eval_dataset=texts(),
            processing_class=tokenizer(),
        )
        trainer.train()
        assert 0 <= trainer.evaluate()["eval_aurc"] <= 1
        weights.append(trainer.model.classifier.weight.detach())
    assert torch.equal(*weights)
