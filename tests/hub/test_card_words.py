from dataclasses import asdict

import pytest

from abstain import InputError
from abstain.hub.card_words import WORDS_FILE, CardWords, read_words


def test_words_are_read_from_yaml(tmp_path):
    (tmp_path / WORDS_FILE).write_text("summary: |\n  A specimen.\n\nlicense: mit\n")
    assert read_words(tmp_path / WORDS_FILE) == CardWords(summary="A specimen.", license="mit")
    assert set(asdict(CardWords()).values()) == {None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("summery: A specimen.", "holds no words of a card"),
        ("- one", "holds no words of a card"),
        ("license: 2", "license is no text in .*: put it into quotes"),
        ("summary: [", "cannot be read as YAML"),
    ],
)
def test_other_files_are_one_sentence(tmp_path, text, said):
    (tmp_path / WORDS_FILE).write_text(text)
    with pytest.raises(InputError, match=said):
        read_words(tmp_path / WORDS_FILE)
