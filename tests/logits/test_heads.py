import importlib.util

import pytest
import timm
import torch
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DeiTConfig,
    DeiTForImageClassificationWithTeacher,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForSequenceClassification,
    ResNetConfig,
    ResNetForImageClassification,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    ViTConfig,
    ViTForImageClassification,
)
from transformers.modeling_outputs import ImageClassifierOutput

from abstain import InputError
from abstain.logits.batch import Batch
from abstain.logits.forward import ExtractionPlan, labelled_batches
from abstain.logits.heads import head_layers, keep_heads_in_float32
from abstain.models.auto import new_classifier
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.deeplabv3plus import DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification
from abstain.models.lstm_text_classifier import LSTMTextClassifier, LSTMTextClassifierConfig
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification

K = 16
"""Classes, and units of as many hidden layers as can be."""
NAMES = [f"class {index}" for index in range(K)]
GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.randn(4, 3, 32, 32, generator=GENERATOR)
WORDS = torch.randint(1, 20, (4, 6), generator=GENERATOR)
ENCODER = {"hidden_size": K, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": K, "num_labels": K}
VIT = {**ENCODER, "image_size": 32, "patch_size": 8}


def segformer():
    widths = {"hidden_sizes": [K] * 4, "decoder_hidden_size": K, "num_attention_heads": [1, 2, 2, 2]}
    return SegformerForSemanticSegmentation(SegformerConfig(**widths, depths=[1] * 4, num_labels=K))


def qwen():
    sizes = {"num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "vocab_size": 20}
    return Qwen3ForSequenceClassification(Qwen3Config(**ENCODER, **sizes))


def timm_vit():
    sizes = "img_size=32,patch_size=8,depth=2,embed_dim=16,num_heads=2"
    return new_classifier("images", "timm_wrapper", NAMES, architecture="vit_tiny_patch16_224", overrides=sizes)


def timm_resnet():
    names = [f"class {index}" for index in range(64)]  # as many as the channels of the first stage
    return new_classifier("images", "timm_wrapper", names, architecture="resnet18")


def resnet():
    config = ResNetConfig(embedding_size=K, hidden_sizes=[K, K], depths=[1, 1], layer_type="basic", num_labels=K)
    return ResNetForImageClassification(config)


def deeplabv3plus():
    config = DeepLabV3PlusConfig(encoder_name="resnet18", decoder_channels=K, num_labels=K)
    return DeepLabV3PlusForSemanticSegmentation(config)


def lstm():
    sizes = {"vocab_size": 20, "embedding_size": K, "hidden_size": K, "dense_size": K}
    return LSTMTextClassifier(LSTMTextClassifierConfig(**sizes, num_labels=K))


# A model whose hidden layers are as wide as it has classes -> its inputs, the layers that another number of classes
# changes, and those that compute in float32: of our own architectures the whole head, which sees to that itself.
MODELS = {
    "vit": (lambda: ViTForImageClassification(ViTConfig(**VIT)), IMAGES, ["classifier"], None),
    "deit": (
        lambda: DeiTForImageClassificationWithTeacher(DeiTConfig(**VIT)),
        IMAGES,
        ["cls_classifier", "distillation_classifier"],
        None,
    ),
    "resnet": (resnet, IMAGES, ["classifier.1"], None),
    "segformer": (segformer, IMAGES, ["decode_head.classifier"], None),
    "bert": (
        lambda: BertForSequenceClassification(BertConfig(**ENCODER, vocab_size=20)),
        WORDS,
        ["classifier"],
        None,
    ),
    "modernbert": (
        lambda: ModernBertForSequenceClassification(ModernBertConfig(**ENCODER, vocab_size=20, pad_token_id=0)),
        WORDS,
        ["classifier"],
        None,
    ),
    "qwen3": (qwen, WORDS, ["score"], None),
    "timm_vit": (timm_vit, IMAGES, ["timm_model.head"], None),
    "timm_resnet": (timm_resnet, IMAGES, ["timm_model.fc"], None),
    "cifar_resnet": (
        lambda: CifarResNetForImageClassification(CifarResNetConfig(depth=8, width=K // 4, num_labels=K)),
        IMAGES,
        ["classifier"],
        None,
    ),
    "densenet_bc": (
        lambda: DenseNetBCForImageClassification(DenseNetBCConfig(depth=10, growth_rate=K // 2, num_labels=K)),
        IMAGES,
        ["classifier"],
        None,
    ),
    "deeplabv3plus": (deeplabv3plus, IMAGES, ["classifier"], None),
    "lstm_text_classifier": (lstm, WORDS, ["classifier"], ["classifier", "dense"]),
    "tabular_mlp": (
        lambda: TabularMLPForClassification(TabularMLPConfig(num_features=K // 4, num_labels=K)),
        torch.randn(4, K // 4, generator=GENERATOR),
        ["classifier"],
        ["backbone.dense1", "backbone.dense2", "classifier"],
    ),
}


@pytest.fixture(params=MODELS)
def case(request):
    if request.param == "deeplabv3plus" and importlib.util.find_spec("segmentation_models_pytorch") is None:
        pytest.skip("needs the extra `segmentation`")
    make, inputs, heads, in_float32 = MODELS[request.param]
    torch.manual_seed(0)
    return make().eval(), inputs, heads, in_float32 or heads


class OneBatch(torch.utils.data.Dataset):
    """The rows of one batch of inputs, without labels."""

    def __init__(self, inputs):
        self.inputs = inputs

    def __getitems__(self, rows):
        return Batch(self.inputs, rows, torch.zeros(len(rows), dtype=torch.int64))


def extracted(model, inputs):
    data = OneBatch({model.main_input_name: inputs})
    (kept,) = labelled_batches(model, data, [range(len(inputs))], ExtractionPlan(dtype="bfloat16"))
    return torch.from_numpy(kept.logits)


def layers_of(model):
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)}


def test_exactly_the_head_computes_in_float32(case):
    model, inputs, heads, in_float32 = case
    layers = layers_of(model)
    wide = [name for name, layer in layers.items() if len(layer.weight) == model.config.num_labels]
    assert len(wide) > 1, "another layer is as wide as there are classes, or there would be nothing to see"
    assert head_layers(model) == [layers[name] for name in heads]

    dtypes = {}
    for name, layer in layers.items():
        layer.register_forward_hook(lambda *given, name=name: dtypes.update({name: given[2].dtype}))
    logits = extracted(model, inputs)
    assert sorted(name for name, dtype in dtypes.items() if dtype == torch.float32) == in_float32
    assert {dtype for name, dtype in dtypes.items() if name not in in_float32} <= {torch.bfloat16}
    unrounded = (logits != logits.bfloat16().float()).float().mean()
    assert unrounded > 0.9 and len(logits.unique()) > 0.99 * logits.numel()


def test_another_number_of_classes_leaves_the_model_and_its_configuration_as_they_are(case):
    model, *_ = case
    config, weights = model.config.to_dict(), {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    head_layers(model)
    assert model.config.to_dict() == config and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())


def test_a_head_of_a_checkpoint_in_half_precision_computes_in_float32_too():
    torch.manual_seed(0)
    model = ViTForImageClassification(ViTConfig(**VIT)).eval().bfloat16()
    keep_heads_in_float32(model)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(IMAGES).logits
    assert logits.dtype == torch.float32 and not torch.equal(logits, logits.bfloat16().float())


def test_a_head_that_its_user_replaced_is_the_head():
    model = ViTForImageClassification(ViTConfig(**VIT)).eval()
    model.classifier = nn.Sequential(nn.Linear(K, K), nn.ReLU(), nn.Linear(K, K))
    assert head_layers(model) == [model.classifier]


class Prototypes(PreTrainedModel):
    """Its logits are products with weights that are no layer's."""

    config_class = PreTrainedConfig
    main_input_name = "pixel_values"

    def __init__(self, config):
        super().__init__(config)
        self.body = nn.Conv2d(3, 8, 32)
        self.prototypes = nn.Parameter(torch.randn(8, config.num_labels))
        self.post_init()

    def forward(self, pixel_values):
        return ImageClassifierOutput(logits=self.body(pixel_values).flatten(1) @ self.prototypes)


class Fixed(Prototypes):
    """As many logits as it likes."""

    def __init__(self, config):
        super().__init__(PreTrainedConfig(num_labels=K))


class Demanding(Prototypes):
    """Not to be built of a configuration alone."""

    def __init__(self, config, width):
        super().__init__(config)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Prototypes(PreTrainedConfig(num_labels=K)), "no layer of Prototypes has one output a class, and"),
        (lambda: Fixed(PreTrainedConfig(num_labels=3)), "no layer of Fixed has one output a class, and"),
        (
            lambda: Demanding(PreTrainedConfig(num_labels=K), 8),
            r"the head of Demanding is not to be found \(.*missing 1 required positional argument: 'width'\), and",
        ),
    ],
)
def test_a_head_that_cannot_be_found_is_one_sentence(make, message):
    with pytest.raises(InputError, match=message) as caught:
        extracted(make(), IMAGES)
    assert str(caught.value).endswith("its logits would be rounded: take dtype=float32")
    assert "\n" not in str(caught.value)


def test_the_native_timm_model_agrees_on_its_head():
    model = timm_vit()
    assert head_layers(model) == [model.timm_model.get_classifier()]
    assert isinstance(model.timm_model, timm.models.VisionTransformer)
