import pytest

PO = """msgid ""
msgstr ""
"Language: de\\n"

msgid "Please enter the correct %(username)s and password."
msgstr ""
"Bitte <b>das richtige</b> %(username)s "
"und Passwort eingeben."

#, fuzzy
msgid "Please do not take this one, which is not sure."
msgstr "Bitte nimm diesen nicht, der unsicher ist."

#, python-format
msgid "Short"
msgstr "Zu kurz"

msgid "Not translated at all, but long enough"
msgstr "Not translated at all, but long enough"

msgid "%(count)d object was changed in this place"
msgid_plural "%(count)d objects were changed in this place"
msgstr[0] "%(count)d Objekt wurde an diesem Ort geändert"
msgstr[1] "%(count)d Objekte wurden an diesem Ort geändert"
"""


@pytest.fixture(scope="module")
def translations(program):
    return program("translations")


def write(folder, language, text):
    path = folder / "app" / "locale" / language / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def entry(message, translation):
    return f'msgid "{message}"\nmsgstr "{translation}"\n\n'


def test_messages_that_are_sure_translated_and_long_are_read_without_what_is_filled_in(translations):
    assert list(translations.messages(PO)) == [
        ("Please enter the correct and password.", "Bitte das richtige und Passwort eingeben.")
    ]


def test_a_sentence_of_two_languages_is_left_out_and_translations_of_a_message_stay_together(translations, tmp_path):
    both = "Ein Satz den es in zwei Sprachen gibt"
    for at in range(20):
        message = f"An English message with the number {at}"
        write(tmp_path / f"{at}", "de_CH", entry(message, f"Ein deutscher Satz mit der Nummer {at}"))
        write(tmp_path / f"{at}", "nl", entry(message, f"Een Nederlandse zin met het nummer {at}"))
        write(tmp_path / f"{at}", "en_GB", entry(message, f"A message of Britain with the number {at}"))
        write(tmp_path / f"{at}", "xx", entry(message, f"A message of nobody with the number {at}"))
    write(tmp_path / "both", "de", entry("A sentence of two languages", both))
    write(tmp_path / "both", "nl", entry("A sentence of two languages", both))
    found = translations.read_sentences(tmp_path, {"de", "nl", "en"})
    assert sorted(set(found.languages)) == ["de", "nl"] and len(found.texts) == 40 and found.n_contradictions == 1
    sides = {}
    for message, is_test in zip(found.messages, found.is_test, strict=True):
        sides.setdefault(message, set()).add(bool(is_test))
    assert len(sides) == 20 and all(len(side) == 1 for side in sides.values()) and {True} in sides.values()
    assert {False} in sides.values()
