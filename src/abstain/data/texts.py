"""Texts as word ids: a tokenizer of the words that have a vector, those vectors, and the ids of a split."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow.compute as pc
import torch
from datasets import Dataset
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from abstain._checks import ArgumentError, InputError
from abstain.data.columns import read_labels

PAD, UNKNOWN = "[PAD]", "[UNK]"
WORD = r"\w+(?=n't\b)|n't\b|'(?:s|m|d|re|ve|ll)\b|\w+|[^\w\s]"
"""What counts as a word: as for GloVe, `don't` is `do n't` and `it's` is `it 's`; a mark of punctuation is a word."""
ALL_WORDS = 2**31
"""More than a language has: the vocabulary is cut down by the file of vectors, not by a number."""


def word_tokenizer(words: Iterable[str], *, max_length: int) -> PreTrainedTokenizerFast:
    """A tokenizer that knows these words in lower case, of texts that may hold HTML line breaks.

    Args:
        words: get the ids 2, 3, …; 0 is padding and 1 every other word.
        max_length: words that are kept of a text, from its beginning.
    """
    ids = {word: index for index, word in enumerate([PAD, UNKNOWN, *words])}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN))
    breaks = normalizers.Replace(Regex(r"<br\s*/?>"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase(), breaks])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), behavior="removed", invert=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
    )


def vocabulary(dataset: Dataset) -> set[str]:
    """The words that `word_tokenizer` could know of the texts in the column `text`.

    Raises:
        InputError: an empty cell in place of a text.
    """
    tokenizer = word_tokenizer([], max_length=1).backend_tokenizer
    every = trainers.WordLevelTrainer(vocab_size=ALL_WORDS, min_frequency=1, show_progress=False)
    tokenizer.train_from_iterator(_texts_of(dataset), every)
    return set(tokenizer.get_vocab(with_added_tokens=False))


def read_word_vectors(path: str | Path, words: Iterable[str]) -> tuple[list[str], Tensor]:
    """The vectors of those words that a file in the format of GloVe has, and of padding and unknown words.

    Args:
        path: lines of a word and its D numbers, with spaces between them; `.gz` is read too, and a first line with the
            numbers of words and dimensions is passed over.
        words: the words wanted, such as those of the training texts.

    Returns:
        The V words that were found, in the order of the file, and vectors (V + 2, D) float32 in the order of
        `word_tokenizer`: zeros for padding, and for unknown words the mean of all that were found.

    Raises:
        InputError: no such file, a line that is no vector of the same length, or none of the words in it.
    """
    wanted, found = set(words), dict[str, np.ndarray]()
    size = 0
    for number, line in enumerate(_lines(path), start=1):
        fields = line.rstrip().split(" ")
        if number == 1 and len(fields) == 2:
            continue
        size = size or len(fields) - 1
        word = " ".join(fields[:-size]) if size else ""
        if word in wanted:
            try:
                found.setdefault(word, np.array(fields[-size:], dtype=np.float32))
            except ValueError as error:
                raise InputError(f"line {number} of {str(path)!r} is not a word and {size} numbers") from error
        elif not word:
            raise InputError(f"line {number} of {str(path)!r} is not a word and {size or 'its'} numbers")
    if not found:
        raise InputError(f"{str(path)!r} has a vector for none of the {len(wanted)} words of the texts")
    vectors = np.stack(list(found.values()))
    if not np.isfinite(vectors).all():
        raise InputError(f"{str(path)!r} holds NaN or infinite numbers, but all of a vector must be finite")
    special = np.stack([np.zeros(size, np.float32), vectors.mean(axis=0)])
    return list(found), torch.from_numpy(np.concatenate([special, vectors]))


def _lines(path: str | Path) -> Iterator[str]:
    path = Path(path).expanduser()
    if not path.is_file():
        raise ArgumentError(f"the file of word vectors {str(path)!r} does not exist: give a .txt or .txt.gz of GloVe")
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            yield from lines
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"the file of word vectors {str(path)!r} cannot be read: {error}") from error


@dataclass(eq=False)
class EncodedTexts(torch.utils.data.Dataset[dict[str, Any]]):
    """A map-style data set for `Trainer` with a `DataCollatorWithPadding`, which pads each batch to its longest text.

    Attributes:
        rows: with the tokenizer's outputs, such as `input_ids` and `attention_mask`, unpadded, and `labels`.
    """

    rows: Dataset

    @property
    def labels(self) -> Tensor:
        """(N,) int64."""
        return torch.from_numpy(read_labels(self.rows, "labels"))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return cast(dict[str, Any], self.rows[index])

    def __getitems__(self, indices: list[int]) -> list[dict[str, Any]]:
        """The items of a batch, read at once."""
        return cast(list[dict[str, Any]], self.rows.__getitems__(indices))

    def fingerprint(self) -> str:
        """SHA-256 of all ids and labels, in hexadecimal."""
        digest = hashlib.sha256()
        for batch in self.rows.with_format("arrow").iter(batch_size=1000):
            ids = batch["input_ids"].combine_chunks()
            for values in (pc.list_value_length(ids), pc.list_flatten(ids), batch["labels"]):
                digest.update(values.to_numpy(zero_copy_only=False).astype(np.int64).tobytes())
        return digest.hexdigest()


def encode_texts(dataset: Dataset, tokenizer: PreTrainedTokenizerBase, *, max_length: int) -> EncodedTexts:
    """The word ids of all texts, cut off at `max_length`; of a data set on disk they are kept in its cache.

    Args:
        dataset: with a column `text` of texts and a column `label` of integers.
        tokenizer: of `word_tokenizer` or of a checkpoint. A text without any word becomes one of padding.
        max_length: ids that are kept of a text, with the special ones of a checkpoint.

    Raises:
        InputError: no text, or an empty cell in place of one.
    """
    if not len(dataset):
        raise InputError("the set of texts is empty, but at least one text is needed")

    def tokenize(batch: dict[str, list[Any]], indices: list[int]) -> dict[str, list[list[int]]]:
        texts = _strings(batch["text"], first=indices[0])
        outputs = dict(tokenizer(texts, truncation=True, max_length=max_length))
        for index, ids in enumerate(outputs["input_ids"]):
            if not ids:  # a batch of nothing else would have no word at all
                for name, values in outputs.items():
                    values[index] = [tokenizer.pad_token_id if name == "input_ids" else 0]
        return outputs

    rows = dataset.select_columns(["text", "label"]).rename_column("label", "labels")
    settings = {"batched": True, "with_indices": True, "remove_columns": ["text"]}
    return EncodedTexts(rows.map(tokenize, **settings, desc="tokenizing"))


def _texts_of(dataset: Dataset) -> Iterator[list[str]]:
    """The texts, a thousand at once."""
    first = 0
    for batch in dataset.select_columns(["text"]).iter(batch_size=1000):
        yield _strings(batch["text"], first=first)
        first += len(batch["text"])


def _strings(texts: list[Any], *, first: int) -> list[str]:
    for index, text in enumerate(texts, first):
        if not isinstance(text, str):
            raise InputError(f"text {index} is {text!r}, but must be a string")
    return texts
