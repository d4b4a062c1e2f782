"""Sentences whose language is known: the translations of Django's messages, which the package holds as PO files."""

from __future__ import annotations

import ast
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FEWEST_LETTERS = 20
LEFT_OUT = {
    "en": "the language of the messages themselves",
    "nb": "Bokmål, for which the model has only a class of Norwegian, with one of Nynorsk beside it",
}
"""Language -> why its translations are not taken; of those for which the model has no class, none is."""
ENTRY = re.compile(r'^msgid ((?:"[^\n]*"\s*)+)msgstr ((?:"[^\n]*"\s*)+)', re.MULTILINE)
NO_WORDS = re.compile(r"%\(\w+\)\w|%\w|\{[^}]*\}|<[^>]*>|&\w+;|https?://\S+")
"""Places that are filled in, markup and addresses, which are no part of a language."""


@dataclass(frozen=True, eq=False)
class Sentences:
    """Sentences, each once.

    Attributes:
        texts: N, without what is filled in.
        languages: N codes.
        messages: N, the English message of which each is a translation.
        is_test: (N,) by a hash of the message, so that all translations of one are on one side.
        n_contradictions: texts that were left out because two languages have them.
    """

    texts: list[str]
    languages: list[str]
    messages: list[str]
    is_test: Any
    n_contradictions: int


def read_sentences(package: Path, known: set[str]) -> Sentences:
    """All translations below a folder into languages that a model knows."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted(package.rglob("locale/*/LC_MESSAGES/django.po")):
        language = path.parts[-3].split("_")[0]
        if language in known and language not in LEFT_OUT:
            for message, text in messages(path.read_text(encoding="utf-8")):
                found[text].setdefault(language, message)
    once = {text: next(iter(by.items())) for text, by in found.items() if len(by) == 1}
    translated = [message for _, message in once.values()]
    is_test = np.array([hashlib.sha256(message.encode()).digest()[0] % 2 == 0 for message in translated])
    languages = [language for language, _ in once.values()]
    return Sentences(list(once), languages, translated, is_test, len(found) - len(once))


def messages(text: str) -> Iterator[tuple[str, str]]:
    """(message, its translation) of a PO file, for those that are translated, and long enough to tell a language by."""
    for entry in text.split("\n\n"):
        is_unsure = any(line.startswith("#,") and "fuzzy" in line for line in entry.splitlines())
        if (found := ENTRY.search(entry)) and not is_unsure:
            message, translated = (words(literal) for literal in found.groups())
            if message and translated != message and sum(map(str.isalpha, translated)) >= FEWEST_LETTERS:
                yield message, translated


def words(literal: str) -> str:
    """The text of quoted lines, without what is no part of a language."""
    text = "".join(ast.literal_eval(line) for line in literal.split("\n") if line.strip())
    return " ".join(NO_WORDS.sub(" ", text).split())
