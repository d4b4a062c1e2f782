import gzip

import pytest
import torch
from datasets import Dataset, load_dataset
from transformers import AutoTokenizer

from abstain import InputError
from abstain.data.texts import count_words, encode_texts, read_word_vectors, word_tokenizer

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


def test_words_are_counted():
    assert count_words(["The film", "the end, THE END"]) == {"the": 3, "film": 1, "end": 2, ",": 1}


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


def test_texts_are_cut_off_padded_and_masked():
    texts = Dataset.from_dict({"text": ["the film", "", "the the the film film film"], "label": [1, 0, 1]})
    rows = encode_texts(texts, word_tokenizer(["the", "film"], max_length=4), max_length=4, batch_size=2)
    assert rows.inputs["input_ids"].tolist() == [[2, 3, 0, 0], [0, 0, 0, 0], [2, 2, 2, 3]]
    assert rows.inputs["attention_mask"].tolist() == [[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]]
    assert rows.labels.tolist() == [1, 0, 1]
    assert set(rows[0]) == {"input_ids", "attention_mask", "labels"}


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
    counts = count_words(texts["text"])
    words, vectors = read_word_vectors(shared_data("glove") / "glove.6B.50d.subset.txt.gz", counts)
    assert vectors.shape == (len(words) + 2, 50)
    assert sum(counts[word] for word in words) / sum(counts.values()) > 0.75
