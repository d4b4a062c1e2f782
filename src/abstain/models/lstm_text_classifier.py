"""A classifier of texts: frozen word vectors, an LSTM, and dense layers on its last state."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedConfig, initialization
from transformers.modeling_outputs import SequenceClassifierOutput

from abstain._checks import InputError, check_at_least, check_fraction
from abstain.losses import smoothed_cross_entropy
from abstain.models.head import ModelWithFloat32Head, tuple_on_demand


class LSTMTextClassifierConfig(PreTrainedConfig):
    """Configuration of a `LSTMTextClassifier`.

    Args:
        vocab_size: words of the tokenizer, with those for padding and for unknown words.
        embedding_size: length of a word vector.
        hidden_size: units of the LSTM, and inputs of the dense layers.
        dense_size: units between the two dense layers.
        dropout: share of units left out in training before each dense layer, in [0, 1).
        pad_token_id: the word that fills up short texts.
    """

    model_type = "lstm_text_classifier"

    vocab_size: int = 10_000
    embedding_size: int = 50
    hidden_size: int = 256
    dense_size: int = 128
    dropout: float = 0.2
    pad_token_id: int = 0

    def __post_init__(self, **kwargs: object) -> None:
        super().__post_init__(**kwargs)
        check_at_least(self, vocab_size=1, embedding_size=1, hidden_size=1, dense_size=1)
        check_fraction("dropout", self.dropout, open_above=True)


class LSTMTextClassifier(ModelWithFloat32Head):
    """One logit with `num_labels = 1`, for the pair (0, z), else one a class; the word vectors do not learn."""

    word_vectors: Tensor
    config_class = LSTMTextClassifierConfig
    base_model_prefix = "lstm"
    main_input_name = "input_ids"

    def __init__(self, config: LSTMTextClassifierConfig) -> None:
        super().__init__(config)
        # a buffer, which is saved and loaded but never trained: a parameter learns again once it has been loaded
        self.register_buffer("word_vectors", torch.randn(config.vocab_size, config.embedding_size))
        self.lstm = nn.LSTM(config.embedding_size, config.hidden_size, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.dense = nn.Linear(config.hidden_size, config.dense_size, dtype=torch.float32)
        self.classifier = nn.Linear(config.dense_size, int(config.num_labels or 0), dtype=torch.float32)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if module is self:
            initialization.normal_(self.word_vectors)  # which a loader that lacks them leaves to chance
            return
        if isinstance(module, nn.LSTM):
            _initialize_lstm(module)
            return
        super()._init_weights(module)
        if isinstance(module, nn.Linear):
            initialization.xavier_uniform_(module.weight)
            initialization.zeros_(module.bias)

    @torch.no_grad()
    def set_word_vectors(self, vectors: Tensor) -> None:
        """Take over the vectors (vocab_size, embedding_size) of all words.

        Raises:
            InputError: they have another shape.
        """
        if vectors.shape != self.word_vectors.shape:
            wanted = tuple(self.word_vectors.shape)
            raise InputError(f"the word vectors have shape {tuple(vectors.shape)}, but the model needs {wanted}")
        self.word_vectors.copy_(vectors)

    def head(self, features: Tensor) -> Tensor:
        """Logits (B, num_labels) of the LSTM's last states (B, hidden_size)."""
        hidden = torch.relu(self.dense(self.dropout(features)))
        return super().head(self.dropout(hidden))

    @tuple_on_demand
    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **kwargs: object
    ) -> SequenceClassifierOutput:
        """Logits (B, num_labels) of texts (B, T); with `labels` (B,), the plain cross-entropy too.

        Where `attention_mask` (B, T) is 0 there is padding (without a mask: where the word is `pad_token_id`), which
        changes nothing, on whichever side it is. An empty text counts as one word of padding.
        """
        self.refuse("output_attentions", "output_hidden_states", given=kwargs)
        if attention_mask is None:
            attention_mask = (input_ids != self.config.pad_token_id).long()
        # An LSTM sees no later word, so with the words in front and the state after the last one read, padding has no
        # part in the result. torch's packed sequences say the same, twenty times more slowly on a processor.
        # The places differ, so that any sort keeps the words in order: ONNX knows no stable one.
        length = input_ids.shape[1]
        places = torch.arange(length, device=input_ids.device) + length * (attention_mask == 0).long()
        front = places.argsort(dim=1)
        words = input_ids.gather(1, front).masked_fill(attention_mask.gather(1, front) == 0, self.config.pad_token_id)
        states, _ = self.lstm(functional.embedding(words, self.word_vectors))
        last = attention_mask.sum(dim=1).long().clamp(min=1) - 1
        pooled = states[torch.arange(len(last), device=states.device), last.to(states.device)]
        logits = self.logits_of(pooled)
        loss = None if labels is None else smoothed_cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def _initialize_lstm(lstm: nn.LSTM) -> None:
    # Glorot, and biases of 0: not every version of transformers does that
    for name, parameter in lstm.named_parameters():
        if name.startswith("weight"):
            initialization.xavier_uniform_(parameter)
        else:
            initialization.zeros_(parameter)
    # of the forget gate, the second of four: 1, or long texts are slow to learn (Jozefowicz et al. 2015); a slice does
    # not know whether it was loaded
    if not getattr(lstm.bias_ih_l0, "_is_hf_initialized", False):
        cast(Tensor, lstm.bias_ih_l0)[lstm.hidden_size : 2 * lstm.hidden_size] = 1.0
