import pytest
import torch

from abstain import InputError
from abstain.models.lstm_text_classifier import LSTMTextClassifier, LSTMTextClassifierConfig

SMALL = {"vocab_size": 30, "embedding_size": 4, "hidden_size": 6, "dense_size": 5}
WORDS = torch.tensor([[5, 6, 7, 0, 0], [8, 9, 10, 11, 12]])


@pytest.mark.parametrize("labels", [1, 3])
def test_it_has_the_parameters_of_its_layers(labels):
    # four gates of 256 units, each with 50 inputs, 256 states and two biases; dense layers 256 -> 128 -> labels
    trained = 4 * 256 * (50 + 256 + 2) + 257 * 128 + 129 * labels
    model = LSTMTextClassifier(LSTMTextClassifierConfig(vocab_size=1000, num_labels=labels))
    assert model.num_parameters() == trained, "the word vectors do not learn"


def test_the_forget_gate_begins_open_and_all_other_biases_at_zero():
    lstm = LSTMTextClassifier(LSTMTextClassifierConfig(**SMALL)).lstm
    assert lstm.bias_ih_l0.tolist() == [0.0] * 6 + [1.0] * 6 + [0.0] * 12 and not lstm.bias_hh_l0.any()


def test_the_weights_of_the_lstm_begin_as_glorot_and_bengio_draw_them():
    torch.manual_seed(0)
    lstm = LSTMTextClassifier(LSTMTextClassifierConfig(**SMALL)).lstm
    for weight in (lstm.weight_ih_l0, lstm.weight_hh_l0):  # torch draws them up to 0.41
        limit = (6 / sum(weight.shape)) ** 0.5  # inputs and outputs of all four gates
        assert 0.95 * limit < weight.abs().max() <= limit


def test_padding_never_changes_the_logits_of_a_text():
    torch.manual_seed(0)
    model = LSTMTextClassifier(LSTMTextClassifierConfig(**SMALL, num_labels=2)).eval()
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


def test_it_agrees_with_packed_sequences():
    torch.manual_seed(0)
    model = LSTMTextClassifier(LSTMTextClassifierConfig(**SMALL, num_labels=1)).eval()
    with torch.no_grad():
        vectors = model.word_vectors[WORDS]
        packed = torch.nn.utils.rnn.pack_padded_sequence(vectors, torch.tensor([3, 5]), True, enforce_sorted=False)
        last = model.lstm(packed)[1][0][0]
        expected = model.classifier(torch.relu(model.dense(last)))
        assert torch.allclose(model(WORDS).logits, expected, atol=1e-6)


def test_word_vectors_are_taken_over_and_stay_as_they_are():
    model = LSTMTextClassifier(LSTMTextClassifierConfig(**SMALL, num_labels=1))
    vectors = torch.randn(30, 4)
    model.set_word_vectors(vectors)
    model(WORDS, labels=torch.tensor([0, 1])).loss.backward()
    torch.optim.SGD(model.parameters(), lr=1.0).step()
    assert torch.equal(model.word_vectors, vectors)
    with pytest.raises(InputError, match=r"have shape \(30, 5\), but the model needs \(30, 4\)"):
        model.set_word_vectors(torch.randn(30, 5))


def test_word_vectors_that_a_checkpoint_lacks_are_drawn_and_not_left_to_chance(tmp_path):
    LSTMTextClassifier(LSTMTextClassifierConfig(**SMALL, num_labels=2)).save_pretrained(tmp_path)
    torch.manual_seed(0)
    model = LSTMTextClassifier.from_pretrained(tmp_path, vocab_size=2_000, ignore_mismatched_sizes=True)
    assert model.word_vectors.shape == (2_000, 4) and not isinstance(model.word_vectors, torch.nn.Parameter)
    assert float(model.word_vectors.mean()) == pytest.approx(0, abs=0.05)
    assert float(model.word_vectors.std()) == pytest.approx(1, abs=0.05)  # standard normal, as in a new model


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"hidden_size": 0}, "hidden_size is 0"), ({"dropout": 1.0}, "dropout is 1")],
)
def test_settings_that_make_no_model_are_refused(setting, message):
    with pytest.raises(InputError, match=message):
        LSTMTextClassifierConfig(**setting)
