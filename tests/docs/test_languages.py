import json
from pathlib import Path

import numpy as np
import pytest

NEEDS = "needs the extra `examples`: py3langid and Django"
TEXTS = ["This text is in English.", "Dieser Satz ist auf Deutsch.", "Cette phrase est en français."]


@pytest.fixture(scope="module")
def languages(program):
    return program("languages")


def test_the_page_says_what_the_file_says(languages):
    found = json.loads(languages.FOUND.read_text(encoding="utf-8"))
    page = languages.render(found)
    assert languages.PAGE.read_text(encoding="utf-8") == page, "run `python docs/languages.py`"
    assert f"{found['test']['samples']:,} of {found['test']['clusters']} messages" in " ".join(page.split())
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    assert [is_ for is_, *_ in found["confused"]] == [row[0] for row in rows if row[2:] and row[2].isdigit()]


def test_its_own_probabilities_are_the_softmax_of_the_logits(languages):
    langid = pytest.importorskip("py3langid.langid", reason=NEEDS)
    identifier = languages.identifier_of_package()
    logits = languages.logits_of(identifier, TEXTS)
    theirs = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    for row, text in zip(logits, TEXTS, strict=True):
        probability = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        language, of_it = theirs.classify(text)
        assert identifier.labels[row.argmax()] == language
        assert probability.max() == pytest.approx(of_it, abs=2e-3)  # Serbian's two scripts are added there


def test_the_sentences_of_one_part_of_django_are_measured(program, languages):
    pytest.importorskip("py3langid", reason=NEEDS)
    django = pytest.importorskip("django", reason=NEEDS)
    identifier = languages.identifier_of_package()
    known = {"de", "fr", "sk", "cs", "pl", "ru", "gl", "es", "da", "no", "nn"}
    folder = Path(django.__file__).parent / "contrib" / "auth"
    sentences = program("translations").read_sentences(folder, known)
    found = languages.measure(identifier, sentences)
    test = found["test"]
    assert found["languages"] == len(set(sentences.languages)) >= 9
    assert test["samples"] + found["validation"] == len(sentences.texts) > 200
    assert 0 <= test["error"] < 0.2 and sum(count for *_, count in found["confused"]) == test["errors"]
    assert test["clusters"] < test["samples"] / 3
