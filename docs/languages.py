"""Write `languages.md`, another classifier of others: py3langid's, of languages, on translations of messages.

`python docs/languages.py --measure` reads the translations of Django's messages, writes `languages.json` and the row of
`models_of_others.json`, and takes a few seconds without a network; it needs `pip install 'abstain[examples]'`. Without
it the page is rendered from that file. With `--check` nothing is written, and the exit status says whether the page is
out of date.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import other_models
from pages import ROOT, write_or_check
from translations import FEWEST_LETTERS, LEFT_OUT, Sentences, read_sentences

from abstain._files import write_json
from abstain.report import markdown_table

PAGE = ROOT / "docs" / "languages.md"
FOUND = PAGE.with_suffix(".json")
MODEL = "py3langid"
SOURCE = "[languages.md](languages.md)"
ADDRESS = "package `py3langid`"
MOST_CONFUSED = 10
Found = dict[str, Any]


def main() -> None:
    """Measure where that is asked for, then write or check the page."""
    if "--measure" in sys.argv:
        import django

        identifier = identifier_of_package()
        found = measure(identifier, read_sentences(Path(django.__file__).parent, set(identifier.labels)))
        write_json(FOUND, found)
        other_models.keep(f"{MODEL} {found['versions'][MODEL]}", SOURCE, found["test"])
    write_or_check({PAGE: render(json.loads(FOUND.read_text(encoding="utf-8")))})


def identifier_of_package() -> Any:
    """The model with the weights that come with it."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def logits_of(identifier: Any, texts: list[str]) -> Any:
    """(N, K) its scores over the root of the number of bytes, the logits of which its probabilities are the softmax.

    A language that has a class for each of two scripts has the larger score of them.
    """
    place = {label: at for at, label in enumerate(identifier.labels)}
    logits = np.zeros((len(texts), len(place)))
    for row, text in enumerate(texts):
        for label, score in identifier.rank(text):
            logits[row, place[label]] = score / np.sqrt(len(text.encode()))
    return logits


def measure(identifier: Any, sentences: Sentences) -> Found:
    """Logits of all sentences, and what is found on those of the test part."""
    logits, names = logits_of(identifier, sentences.texts), identifier.labels
    labels = np.array([names.index(language) for language in sentences.languages])
    messages, of_test = np.array(sentences.messages), sentences.is_test
    validation, test = ((logits[rows], labels[rows]) for rows in (~of_test, of_test))
    predicted = test[0].argmax(axis=1)
    wrong = predicted != test[1]
    pairs = Counter((names[is_], names[said]) for is_, said in zip(test[1][wrong], predicted[wrong], strict=True))
    return {
        "versions": {name: version(name) for name in (MODEL, "django")},
        "languages": len(set(sentences.languages)),
        "contradictions": sentences.n_contradictions,
        "validation": len(validation[1]),
        "test": other_models.measure(validation, test, messages[of_test], messages[~of_test]),
        "confused": [[*pair, count] for pair, count in pairs.most_common(MOST_CONFUSED)],
    }


def render(found: Found) -> str:
    """The page."""
    rows = [["language", "taken for", "sentences"], *([is_, said, str(n)] for is_, said, n in found["confused"])]
    measured = other_models.table([{"name": MODEL, "source": ADDRESS, **found["test"]}])
    parts = [
        header(found),
        f"## How well it abstains\n\n{other_models.ON_TEST}\n\n{measured}",
        f"## What it confuses most often\n\n{markdown_table(rows, 'llr')}",
        f"## Not taken\n\n{markdown_table([['language', 'why'], *map(list, LEFT_OUT.items())], 'll')}",
    ]
    return "\n\n".join(parts) + "\n"


def header(found: Found) -> str:
    """What was measured, and on what."""
    versions, test = found["versions"], found["test"]
    return f"""# A classifier of others: which language a sentence is in

py3langid {versions["py3langid"]} tells the language of a text with naive Bayes weights that come with the package; its
probabilities are the softmax of its scores over the root of the number of bytes, and these {test["classes"]} numbers
are taken for the logits. The sentences are translations of the messages of Django {versions["django"]} into
{found["languages"]} languages that the model knows, with {FEWEST_LETTERS} letters or more; names that are filled in,
markup and addresses are taken out, and so are {found["contradictions"]:,} sentences that two languages have. Which
texts the model learned from is for its authors to say, and nothing is claimed here about that.

All translations of a message are in the validation part ({found["validation"]:,} sentences) or in the test part
({test["samples"]:,} of {test["clusters"]:,} messages), by a hash of the message, and intervals take messages for
clusters. A threshold with a guarantee would need sentences that do not depend on each other, so none is shown.

`python docs/languages.py --measure` makes the numbers anew, without a network."""


if __name__ == "__main__":
    main()
