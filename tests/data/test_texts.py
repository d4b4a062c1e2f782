import gzip

import numpy as np
import pytest
import torch
from datasets import Dataset, load_dataset
from transformers import AutoTokenizer, DataCollatorWithPadding

from abstain import InputError, SelectiveTrainer, SelectiveTrainingArguments, extract_logits, read_logits
from abstain.data.texts import encode_texts, read_word_vectors, vocabulary, word_tokenizer
from abstain.models.lstm_text_classifier import LSTMTextClassifier, LSTMTextClassifierConfig

VECTORS = "the 1.0 2.0\nfilm 3.0 -1.0\nn't 0.5 0.5\n. . . 9 9\n"


def tokens(text):
    words = word_tokenizer([], max_length=9)
    counted = words.backend_tokenizer
    return [word for word, _ in counted.pre_tokenizer.pre_tokenize_str(counted.normalizer.normalize_str(text))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The FILM.", ["the", "film", "."]),
        ("I don't, can't", ["i", "do", "n't", ",", "ca", "n't"]),
        ("it's we'll 'so'", ["it", "'s", "we", "'ll", "'", "so", "'"]),
        ("good<br /><br/>bad", ["good", "bad"]),
        ("café n' 2nd", ["café", "n", "'", "2nd"]),
        ("  \n", []),
    ],
)
def test_words_are_those_of_glove(text, words):
    assert tokens(text) == words


def test_the_vocabulary_is_every_word_once():
    assert vocabulary(Dataset.from_dict({"text": ["The film", "the end, THE END", ""]})) == {"the", "film", "end", ","}
    rare = [f"word{n}" for n in range(40_000)]  # more than the trainer takes where nothing is said
    assert vocabulary(Dataset.from_dict({"text": [" ".join(rare[:5000]), " ".join(rare)]})) == set(rare)
    with pytest.raises(InputError, match=r"^text 1001 is None, but must be a string$"):
        vocabulary(Dataset.from_dict({"text": ["a"] * 1001 + [None]}))


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.txt.gz"])
@pytest.mark.parametrize("header", ["", "3 2\n"])
def test_vectors_of_wanted_words_are_read(tmp_path, name, header):
    path = tmp_path / name
    opened = gzip.open(path, "wt") if name.endswith("gz") else path.open("w")
    with opened as file:
        file.write(header + VECTORS)
    words, vectors = read_word_vectors(path, ["film", "unheard", "n't", ". . ."])
    assert words == ["film", "n't", ". . ."]  # in the order of the file; a word may hold spaces
    mean = [(3 + 0.5 + 9) / 3, (-1 + 0.5 + 9) / 3]
    assert torch.allclose(vectors, torch.tensor([[0, 0], mean, [3, -1], [0.5, 0.5], [9, 9]]))


def test_ids_belong_to_their_vectors_and_unknown_words_share_one(tmp_path):
    (tmp_path / "vectors.txt").write_text(VECTORS)
    words, vectors = read_word_vectors(tmp_path / "vectors.txt", ["the", "film"])
    tokenizer = word_tokenizer(words, max_length=4)
    assert tokenizer("the zzz Film")["input_ids"] == [2, 1, 3]
    assert vectors[tokenizer("film")["input_ids"][0]].tolist() == [3.0, -1.0]
    assert len(vectors) == len(tokenizer)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist: give a .txt or .txt.gz"),
        ("film 1 2\nend 3\n", "line 2 of .* is not a word and 2 numbers"),
        ("film one two\n", "line 1 of .* is not a word and 2 numbers"),
        ("other 1 2\n", "has a vector for none of the 2 words"),
        (b"\xff\xfe 1 2\n", "cannot be read"),
    ],
)
def test_bad_files_of_vectors_are_one_sentence(tmp_path, content, message):
    path = tmp_path / "vectors.txt"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message) as caught:
        read_word_vectors(path, ["film", "end"])
    assert "\n" not in str(caught.value)


def tiny_texts():
    texts = ["the film", "", "the the the film film film", "film"]
    return Dataset.from_dict({"text": texts, "label": [1, 0, 1, 0], "other": [0] * 4})


def test_texts_are_cut_off_but_not_padded():
    rows = encode_texts(tiny_texts(), word_tokenizer(["the", "film"], max_length=4), max_length=4)
    assert len(rows) == 4
    assert rows[0] == {"input_ids": [2, 3], "attention_mask": [1, 1], "labels": 1}
    assert rows[1] == {"input_ids": [0], "attention_mask": [0], "labels": 0}, "no word: one of padding"
    assert rows.__getitems__([2, 3]) == [rows[2], rows[3]]
    assert rows[2]["input_ids"] == [2, 2, 2, 3]


def test_a_batch_is_padded_to_its_longest_text():
    tokenizer = word_tokenizer(["the", "film"], max_length=4)
    rows, collate = encode_texts(tiny_texts(), tokenizer, max_length=4), DataCollatorWithPadding(tokenizer)
    assert collate([rows[0], rows[1]])["input_ids"].tolist() == [[2, 3], [0, 0]]
    assert collate([rows[0], rows[1]])["attention_mask"].tolist() == [[1, 1], [0, 0]]
    assert collate([rows[1]])["input_ids"].tolist() == [[0]] and collate([rows[2]])["input_ids"].shape == (1, 4)
    assert collate([rows[2], rows[3]])["labels"].tolist() == [1, 0]


def test_the_fingerprint_is_that_of_ids_and_labels():
    tokenizer, texts = word_tokenizer(["the", "film"], max_length=4), tiny_texts()
    first = encode_texts(texts, tokenizer, max_length=4).fingerprint()
    assert encode_texts(tiny_texts(), tokenizer, max_length=4).fingerprint() == first
    others = [
        encode_texts(texts, tokenizer, max_length=3),
        encode_texts(texts.select([1, 0, 2, 3]), tokenizer, max_length=4),
        encode_texts(texts.remove_columns("label").add_column("label", [1, 0, 1, 1]), tokenizer, max_length=4),
        encode_texts(texts.select([0, 0, 2, 3]), tokenizer, max_length=4),
    ]
    assert len({first, *(other.fingerprint() for other in others)}) == 5
    split = Dataset.from_dict({"text": ["the film", "the"], "label": [0, 0]})
    moved = Dataset.from_dict({"text": ["the", "film the"], "label": [0, 0]})  # the same ids in all, but other texts
    assert encode_texts(split, tokenizer, max_length=4).fingerprint() != (
        encode_texts(moved, tokenizer, max_length=4).fingerprint()
    )


def skewed(n=40):
    """Texts of 0 to 30 words, most of them short."""
    generator = np.random.default_rng(0)
    lengths = np.minimum(generator.geometric(0.25, n) - 1, 30)
    lengths[-1] = 30
    texts = [" ".join(generator.choice(["the", "film", "end"], length)) for length in lengths]
    return Dataset.from_dict({"text": texts, "label": generator.integers(0, 2, n)})


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_lstm_says_the_same_of_a_text_whatever_it_is_padded_to(tmp_path, side):
    tokenizer = word_tokenizer(["the", "film", "end"], max_length=30)
    tokenizer.padding_side = side
    rows, collate = encode_texts(skewed(), tokenizer, max_length=30), DataCollatorWithPadding(tokenizer)
    torch.manual_seed(0)
    config = LSTMTextClassifierConfig(vocab_size=5, embedding_size=4, hidden_size=6, dense_size=5, num_labels=1)
    model = LSTMTextClassifier(config)
    alone, labels = extract_logits(model, rows, batch_size=1, data_collator=collate)
    together = extract_logits(model, rows, batch_size=40, data_collator=collate)[0]
    assert np.allclose(alone, together, atol=1e-6) and alone.std() > 1e-3
    whole = DataCollatorWithPadding(tokenizer, padding="max_length", max_length=64)
    assert np.allclose(extract_logits(model, rows, data_collator=whole)[0], alone, atol=1e-6)
    assert labels.tolist() == skewed()["label"][:]

    settings = {"output_dir": str(tmp_path), "report_to": "none", "save_strategy": "no", "use_cpu": True}
    args = SelectiveTrainingArguments(**settings, per_device_eval_batch_size=7)
    trainer = SelectiveTrainer(model, args, eval_dataset=rows, data_collator=collate)
    assert np.allclose(trainer.save_with_logits({"test": rows})["test"][0], alone, atol=1e-6)
    assert np.allclose(read_logits(tmp_path / "logits", "test")[0], alone, atol=1e-6)


def test_texts_of_several_lengths_need_a_collator():
    tokenizer = word_tokenizer(["the", "film", "end"], max_length=30)
    rows = encode_texts(skewed(), tokenizer, max_length=30)
    model = LSTMTextClassifier(LSTMTextClassifierConfig(vocab_size=5, embedding_size=4, num_labels=1))
    with pytest.raises(ValueError, match="expected sequence of length"):
        extract_logits(model, rows)


def test_no_text_is_refused():
    tokenizer = word_tokenizer(["the"], max_length=4)
    with pytest.raises(InputError, match="the set of texts is empty"):
        encode_texts(Dataset.from_dict({"text": [], "label": []}), tokenizer, max_length=4)
    with pytest.raises(InputError, match="text 1 is None, but must be a string"):
        encode_texts(Dataset.from_dict({"text": ["a", None], "label": [0, 1]}), tokenizer, max_length=4)


def test_the_tokenizer_is_saved_without_a_pickle_and_says_the_same(tmp_path):
    tokenizer = word_tokenizer(["the", "film", "n't"], max_length=4)
    tokenizer.save_pretrained(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json"}
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    text = "The film isn't<br />zzz the"
    assert loaded(text, truncation=True) == tokenizer(text, truncation=True)
    assert loaded(text, truncation=True)["input_ids"] == [2, 3, 1, 4]


def test_most_words_of_imdb_have_a_vector(shared_data):
    texts = load_dataset(str(shared_data("imdb")))["train"].shuffle(seed=0).select(range(500))
    words, vectors = read_word_vectors(shared_data("glove") / "glove.6B.50d.subset.txt.gz", vocabulary(texts))
    assert vectors.shape == (len(words) + 2, 50)
    tokenizer = word_tokenizer(words, max_length=10_000)
    ids = np.concatenate(tokenizer(texts["text"][:])["input_ids"])
    assert (ids > 1).mean() > 0.75
    assert np.array_equal(np.unique(ids), np.arange(1, len(words) + 2)), "every word of the vocabulary occurs"
