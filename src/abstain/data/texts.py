"""Texts as word ids: a tokenizer of the words that have a vector, and those vectors."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor
from tqdm.auto import tqdm
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from abstain._checks import InputError
from abstain.data.tensor_rows import TensorRows

PAD, UNKNOWN = "[PAD]", "[UNK]"
WORD = r"\w+(?=n't\b)|n't\b|'(?:s|m|d|re|ve|ll)\b|\w+|[^\w\s]"
"""What counts as a word: as for GloVe, `don't` is `do n't` and `it's` is `it 's`; a mark of punctuation is a word."""


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


def count_words(texts: Iterable[str]) -> dict[str, int]:
    """How often each word that `word_tokenizer` could know occurs in the texts."""
    tokenizer = word_tokenizer([], max_length=1).backend_tokenizer
    counts: dict[str, int] = {}
    for text in tqdm(texts, desc="counting words", unit="text", leave=False):
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)):
            counts[word] = counts.get(word, 0) + 1
    return counts


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
    special = np.stack([np.zeros(size, np.float32), vectors.mean(axis=0)])
    return list(found), torch.from_numpy(np.concatenate([special, vectors]))


def _lines(path: str | Path) -> Iterator[str]:
    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"the file of word vectors {str(path)!r} does not exist: give a .txt or .txt.gz of GloVe")
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            yield from lines
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"the file of word vectors {str(path)!r} cannot be read: {error}") from error


def encode_texts(
    dataset: Dataset, tokenizer: PreTrainedTokenizerBase, *, max_length: int, batch_size: int = 1000
) -> TensorRows:
    """The word ids of all texts, cut off at `max_length` and padded to the longest, for `Trainer`.

    Args:
        dataset: with a column `text` of texts and a column `label` of integers.
        tokenizer: of `word_tokenizer` or of a checkpoint.
        max_length: ids that are kept of a text, with the special ones of a checkpoint.
        batch_size: texts tokenized at once.

    Returns:
        Items are the tokenizer's outputs, such as `input_ids` and `attention_mask`, and `labels`.

    Raises:
        InputError: no text, or an empty cell in place of one.
    """
    if not len(dataset):
        raise InputError("the set of texts is empty, but at least one text is needed")
    rows: dict[str, list[list[int]]] = {}
    for start in tqdm(range(0, len(dataset), batch_size), desc="tokenizing", leave=False):
        texts = dataset[start : start + batch_size]["text"]
        for index, text in enumerate(texts, start):
            if not isinstance(text, str):
                raise InputError(f"text {index} is {text!r}, but must be a string")
        for name, values in tokenizer(texts, truncation=True, max_length=max_length).items():
            rows.setdefault(name, []).extend(values)
    padded = tokenizer.pad(rows, padding="longest", return_tensors="pt")
    return TensorRows(dict(padded), torch.tensor(dataset["label"], dtype=torch.int64))
