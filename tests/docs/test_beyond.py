import json

import pytest

from abstain import LogitNorm, aurc


@pytest.fixture(scope="module")
def kept(root):
    return json.loads((root / "docs" / "beyond.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def digits(program):
    sets = program("released_sets").released_sets()
    return {one.name: one for one in sets if one.name.startswith("noisy digits")}


def test_the_page_says_what_the_files_say(program, kept):
    module = program("beyond")
    assert module.PAGE.read_text(encoding="utf-8") == module.render(kept), "run `python docs/beyond.py`"


@pytest.mark.parametrize("question", ["temperature", "score", "p"])
def test_the_kept_numbers_are_those_of_the_released_logits(program, kept, digits, question):
    assert len(digits) == 3 < len(kept[question])
    for name, one in digits.items():
        flat = [list(_flat(row)) for row in (program("beyond").MEASURES[question](one), kept[question][name])]
        assert [key for key, _ in flat[0]] == [key for key, _ in flat[1]]
        for (key, measured), (_, was) in zip(*flat, strict=True):
            assert measured == (pytest.approx(was, abs=1e-6) if isinstance(was, float) else was), f"{name}: {key}"


def _flat(row, above=""):
    for key, value in row.items():
        yield from _flat(value, f"{above}{key}, ") if isinstance(value, dict) else [(above + key, value)]


def test_no_temperature_has_a_lower_validation_aurc_than_the_one_that_was_chosen(program, digits):
    scores, one = program("beyond_scores"), digits["noisy digits, cross-entropy"]
    logits, labels = one.validation
    error = (logits.argmax(axis=1) != labels).astype(float)
    of = {t: aurc(scores.TemperatureScaling(t).score(logits), error) for t in scores.TEMPERATURES}
    assert of[scores.temperature(one)["temperature by AURC"]] == min(of.values()) < of[1.0]


def test_the_exponent_that_the_test_samples_put_first_has_the_least_aurc_there(program, digits):
    one = digits["noisy digits, label smoothing, α = 0.4"]
    row = program("beyond_scores").exponents(one)
    areas = {p: aurc(LogitNorm(p).score(one.test[0]), one.error) for p in range(1, 11)}
    assert areas[row["by test"]] == min(areas.values()) and row["by validation"] == LogitNorm.fit(*one.validation).p
    assert row["p - msp"]["2"]["estimate"] == pytest.approx(areas[2] - aurc(one.msp, one.error))


def test_a_set_in_which_a_temperature_does_as_well_is_named(program):
    scores = program("beyond_scores")
    better, level = ({"estimate": 0.0, "low": -0.1, "high": high} for high in (-0.01, 0.01))
    keys = ("p-norm - msp", "p-norm - at temperature by AURC")
    rows = {"a": dict.fromkeys(keys, better), "b": dict(zip(keys, (better, level), strict=True))}
    rows["c"] = dict.fromkeys(keys, level)
    told = scores.temperature_verdict(rows)
    assert "better than MSP in 2 of 3 sets" in told and told.endswith(
        "in 1 of them not clearly better than the best temperature: b."
    )
    assert "in all of them better" in scores.temperature_verdict({"a": rows["a"]})
