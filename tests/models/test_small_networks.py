import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForImageClassification, AutoModelForSequenceClassification

from abstain import InputError
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification
from abstain.models.lstm_text_classifier import LSTMTextClassifier, LSTMTextClassifierConfig
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification

SMALL_LSTM = {"vocab_size": 30, "embedding_size": 4, "hidden_size": 6, "dense_size": 5}
WORDS = torch.tensor([[5, 6, 7, 0, 0], [8, 9, 10, 11, 12]])


@pytest.mark.parametrize(("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)])
def test_parameter_counts_are_the_published_ones(depth, millions):
    model = CifarResNetForImageClassification(CifarResNetConfig(depth=depth, num_labels=10))
    digits = 1 if depth == 110 else 2
    assert round(model.num_parameters() / 1e6, digits) == millions  # He et al. 2016, Table 6
    if depth == 20:
        assert model.num_parameters() == 269_722


def test_it_goes_through_the_auto_classes_unchanged(tmp_path):
    torch.manual_seed(0)
    model = CifarResNetForImageClassification(CifarResNetConfig(depth=8, num_labels=7)).eval()
    model.save_pretrained(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"config.json", "model.safetensors"}
    loaded = AutoModelForImageClassification.from_pretrained(tmp_path).eval()
    images = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(loaded(images).logits, model(images).logits)
    assert isinstance(AutoConfig.from_pretrained(tmp_path), CifarResNetConfig)


def test_the_shortcut_subsamples_and_adds_empty_channels():
    block = CifarResNetForImageClassification(CifarResNetConfig(depth=8, width=4)).stages[1]
    hidden = torch.rand(2, 4, 6, 6)
    shortcut = block.shortcut(hidden)
    assert shortcut.shape == (2, 8, 3, 3)
    assert torch.equal(shortcut[:, 2:6], hidden[:, :, ::2, ::2])
    assert shortcut[:, :2].sum() == shortcut[:, 6:].sum() == 0


def test_logits_keep_full_precision_under_autocast():
    torch.manual_seed(0)
    model = CifarResNetForImageClassification(CifarResNetConfig(depth=8, num_labels=5)).eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(torch.randn(8, 3, 16, 16)).logits
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, logits.bfloat16().float())


def test_the_loss_is_the_plain_cross_entropy():
    model = CifarResNetForImageClassification(CifarResNetConfig(depth=8, num_labels=5)).eval()
    images, labels = torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 4])
    output = model(images, labels=labels)
    assert torch.equal(output.loss, torch.nn.functional.cross_entropy(output.logits, labels))


@pytest.mark.parametrize("depth", [2, 19, 21])
def test_a_depth_that_does_not_exist_is_refused(depth):
    with pytest.raises(InputError, match=f"depth is {depth}, but must be 6n \\+ 2"):
        CifarResNetConfig(depth=depth)


def test_densenet_has_the_published_number_of_parameters():
    # k = 12, n = 16 layers in each of 3 blocks, θ = 0.5. A layer on c channels: norm 2c, 1×1 convolution 48c, norm 96,
    # 3×3 convolution 48·12·9 = 5,184; so 50c + 5,280. Channels start at 24 and grow by 12: block 1 has 24, 36, …, 204,
    # sum 16·114 = 1,824; transition 216 -> 108; block 2 sum 16·198 = 3,168; 300 -> 150; block 3 sum 3,840; end: 342.
    layers = 50 * (1824 + 3168 + 3840) + 48 * 5280
    transitions = (2 * 216 + 216 * 108) + (2 * 300 + 300 * 150)
    rest = 3 * 24 * 9 + layers + transitions + 2 * 342
    for n_classes in (10, 100):
        model = DenseNetBCForImageClassification(DenseNetBCConfig(num_labels=n_classes))
        assert model.num_parameters() == rest + n_classes * 343 == {10: 769_162, 100: 800_032}[n_classes]
        assert round(model.num_parameters() / 1e6, 1) == 0.8  # Huang et al. 2017, Table 2


def test_densenet_puts_new_channels_beside_the_input_and_halves_the_size_twice():
    model = DenseNetBCForImageClassification(DenseNetBCConfig(depth=10, growth_rate=2, num_labels=3)).eval()
    hidden = torch.randn(2, 4, 8, 8)
    assert torch.equal(model.stages[0](hidden)[:, :4], hidden)
    assert model.stages(hidden).shape == (2, 4, 2, 2)  # channels (4 + 2)/2 = 3, (3 + 2)/2 = 2, 2 + 2


@pytest.mark.parametrize("labels", [1, 3])
def test_lstm_has_the_parameters_of_its_layers(labels):
    # four gates of 256 units, each with 50 inputs, 256 states and two biases; dense layers 256 -> 128 -> labels
    trained = 4 * 256 * (50 + 256 + 2) + 257 * 128 + 129 * labels
    model = LSTMTextClassifier(LSTMTextClassifierConfig(vocab_size=1000, num_labels=labels))
    assert model.num_parameters() == trained, "the word vectors do not learn"


@pytest.mark.parametrize("labels", [1, 4])
def test_mlp_has_the_parameters_of_its_layers(labels):
    # F -> 4F -> 2F -> labels with F = 7: 7·28 + 28, 28·14 + 14, 14·labels + labels
    model = TabularMLPForClassification(TabularMLPConfig(num_features=7, num_labels=labels))
    assert model.num_parameters() == 224 + 406 + 15 * labels
    if labels == 1:
        assert model.num_parameters() == 12 * 7**2 + 8 * 7 + 1


@pytest.mark.parametrize(
    ("auto", "model", "inputs"),
    [
        (
            AutoModelForImageClassification,
            lambda: DenseNetBCForImageClassification(DenseNetBCConfig(depth=10, growth_rate=4, num_labels=3)),
            torch.randn(3, 3, 16, 16),
        ),
        (
            AutoModelForSequenceClassification,
            lambda: LSTMTextClassifier(LSTMTextClassifierConfig(**SMALL_LSTM, num_labels=1)),
            WORDS,
        ),
        (
            AutoModel,
            lambda: TabularMLPForClassification(TabularMLPConfig(num_features=4, num_labels=1)),
            torch.randn(3, 4),
        ),
    ],
)
def test_the_others_go_through_the_auto_classes_unchanged_too(tmp_path, auto, model, inputs):
    torch.manual_seed(0)
    saved = model().eval()
    with torch.no_grad():
        for parameter in saved.parameters():  # none as it is initialised, or a loader that forgets it would not show
            parameter.add_(0.1 * torch.randn_like(parameter))
    saved.save_pretrained(tmp_path)
    loaded = auto.from_pretrained(tmp_path).eval()
    assert type(loaded) is type(saved)
    assert isinstance(AutoConfig.from_pretrained(tmp_path), type(saved.config))
    with torch.no_grad():
        assert (loaded(inputs).logits - saved(inputs).logits).abs().max() == 0
    assert loaded.num_parameters(only_trainable=True) == saved.num_parameters(only_trainable=True)


def test_padding_never_changes_the_logits_of_a_text():
    torch.manual_seed(0)
    model = LSTMTextClassifier(LSTMTextClassifierConfig(**SMALL_LSTM, num_labels=2)).eval()
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    with torch.no_grad():
        alone = torch.cat([model(WORDS[:1, :3]).logits, model(WORDS[1:]).logits])
        right = model(WORDS, attention_mask=mask).logits
        garbage = model(WORDS.masked_fill(mask == 0, 29), attention_mask=mask).logits
        left = model(torch.tensor([[29, 0, 5, 6, 7]]), attention_mask=torch.tensor([[0, 0, 1, 1, 1]])).logits
        without_mask = model(WORDS).logits
        empty = [model(torch.zeros(1, n).long(), attention_mask=torch.zeros(1, n).long()).logits for n in (1, 9)]
    for logits in (right, garbage, without_mask):
        assert torch.allclose(logits, alone, atol=1e-6)
    assert torch.allclose(left, alone[:1], atol=1e-6)
    assert torch.allclose(*empty, atol=1e-6)
    assert not torch.allclose(alone[0], alone[1], atol=1e-3), "the words do change them"


def test_the_lstm_agrees_with_packed_sequences():
    torch.manual_seed(0)
    model = LSTMTextClassifier(LSTMTextClassifierConfig(**SMALL_LSTM, num_labels=1)).eval()
    with torch.no_grad():
        vectors = model.word_vectors[WORDS]
        packed = torch.nn.utils.rnn.pack_padded_sequence(vectors, torch.tensor([3, 5]), True, enforce_sorted=False)
        last = model.lstm(packed)[1][0][0]
        expected = model.classifier(torch.relu(model.dense(last)))
        assert torch.allclose(model(WORDS).logits, expected, atol=1e-6)


def test_word_vectors_are_taken_over_and_stay_as_they_are():
    model = LSTMTextClassifier(LSTMTextClassifierConfig(**SMALL_LSTM, num_labels=1))
    vectors = torch.randn(30, 4)
    model.set_word_vectors(vectors)
    model(WORDS, labels=torch.tensor([0, 1])).loss.backward()
    torch.optim.SGD(model.parameters(), lr=1.0).step()
    assert torch.equal(model.word_vectors, vectors)
    with pytest.raises(InputError, match=r"have shape \(30, 5\), but the model needs \(30, 4\)"):
        model.set_word_vectors(torch.randn(30, 5))


def test_one_logit_is_trained_as_the_pair_of_zero_and_itself():
    torch.manual_seed(0)
    model = TabularMLPForClassification(TabularMLPConfig(num_features=3, num_labels=1))
    labels = torch.tensor([0, 1, 1])
    output = model(torch.randn(3, 3), labels=labels)
    pair = torch.cat([torch.zeros(3, 1), output.logits], dim=1)
    assert torch.allclose(output.loss, torch.nn.functional.cross_entropy(pair, labels))


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (lambda: DenseNetBCForImageClassification(DenseNetBCConfig(depth=10, num_labels=5)), torch.randn(8, 3, 16, 16)),
        (lambda: LSTMTextClassifier(LSTMTextClassifierConfig(num_labels=5)), torch.randint(1, 10_000, (8, 4))),
        (lambda: TabularMLPForClassification(TabularMLPConfig(num_features=6, num_labels=5)), torch.randn(8, 6)),
    ],
)
def test_the_others_keep_full_precision_under_autocast_too(model, inputs):
    torch.manual_seed(0)
    model = model().eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(inputs).logits
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, logits.bfloat16().float())


@pytest.mark.parametrize(
    ("config", "setting", "message"),
    [
        (DenseNetBCConfig, {"depth": 101}, "depth is 101, but must be 6n \\+ 4"),
        (DenseNetBCConfig, {"growth_rate": 0}, "growth_rate is 0"),
        (DenseNetBCConfig, {"compression": 1.5}, "compression is 1.5"),
        (LSTMTextClassifierConfig, {"hidden_size": 0}, "hidden_size is 0"),
        (LSTMTextClassifierConfig, {"dropout": 1.0}, "dropout is 1"),
        (TabularMLPConfig, {"num_features": 0}, "num_features is 0"),
    ],
)
def test_settings_that_make_no_model_are_refused(config, setting, message):
    with pytest.raises(InputError, match=message):
        config(**setting)
