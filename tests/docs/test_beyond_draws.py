import numpy as np
import pytest

from abstain import LogitNorm, aurc
from abstain.scores import classification_error, msp


@pytest.fixture(scope="module")
def module(program):
    return program("beyond_draws")


@pytest.fixture(scope="module")
def smoothed(program):
    return next(one for one in program("released_sets").released_sets() if "digits" in one.name)


def test_each_fallback_takes_on_a_draw_what_the_fit_takes(module, smoothed):
    for seed in range(6):
        size = 20 + 10 * seed
        chosen = module._chosen(smoothed, np.random.default_rng(seed), size)
        rows = np.random.default_rng(seed).choice(len(smoothed.validation[1]), size, replace=False)
        for fallback in module.FALLBACKS:
            fitted = LogitNorm.fit(*(values[rows] for values in smoothed.validation), fallback=fallback)
            assert chosen[fallback] == ("msp" if fitted.p is None else f"{fitted.p:g}")


def test_all_samples_are_drawn_once_and_the_difference_is_that_of_the_fit(module, smoothed):
    found = module.drawn(smoothed, sizes=(50, 10**6), draws=4)
    assert list(found) == ["50", "300"] and [row["draws"] for row in found.values()] == [4, 1]
    logits, labels = smoothed.test
    error = classification_error(logits, labels)
    gain = aurc(LogitNorm.fit(*smoothed.validation).score(logits), error) - aurc(msp(logits), error)
    assert found["300"]["guard - msp"]["estimate"] == pytest.approx(gain)
    assert found["300"]["best - msp"] <= gain


def test_a_veto_saves_where_its_p_is_worse_and_costs_where_it_is_better(program, module):
    error = np.arange(80) % 4 == 0
    noise = np.random.default_rng(0).normal(size=80)
    confidences = {name: noise - weight * error for name, weight in {"msp": 1, "1": 3, "2": 0}.items()}
    mixture = program("released_sets").Mixture(confidences, error)
    never = ["1", "1", "2", "2", "1"]
    strict = ["1", "1", "2", "msp", "1"]
    guard = ["msp", "1", "msp", "msp", "msp"]
    row = module._measured(
        [dict(zip(module.FALLBACKS, of, strict=True)) for of in zip(never, strict, guard, strict=True)], mixture
    )
    assert row["saved"] == pytest.approx(1 / 5) and row["cost"] == pytest.approx(2 / 5)
    assert row["shares"]["one_standard_error"] == {"1": 0.2, "msp": 0.8}
    area = {name: aurc(confidence, error) for name, confidence in confidences.items()}
    of_strict = (3 * area["1"] + area["2"] + area["msp"]) / 5
    assert row["guard - strict"]["estimate"] == pytest.approx((area["1"] + 4 * area["msp"]) / 5 - of_strict)
    assert row["best - msp"] == pytest.approx(area["1"] - area["msp"])


def test_the_sentences_count_the_rows_of_the_tables(module):
    def row(stays, difference, draws=200):
        told = dict(zip(("low", "high"), difference, strict=True)) | {"estimate": 0.0}
        shares = {"one_standard_error": {"msp": stays, "2": 1 - stays}}
        return {
            "draws": draws,
            "shares": shares,
            "guard - strict": told,
            "guard - never": told,
            "saved": 0.1,
            "cost": 0.2,
        }

    rows = {"a": {"100": row(0.5, (0.1, 0.2)), "1000": row(0.1, (-0.2, -0.1)), "5000": row(0.0, (None, None), 1)}}
    rows["b"] = {"100": row(1.0, (-0.1, 0.1))}
    assert module.learning_verdict(rows).endswith("all samples do not: a: 1,000.")
    assert "better than `strict` in 1 and worse in 1 and" in module.guard_verdict(rows)
    assert module.guard_verdict(rows).startswith(
        "Of 3 rows"
    ) and "saved in 10.0 % and cost in 20.0 %" in module.guard_verdict(rows)
    assert module._taken({"msp": 0.5, "1": 0.2, "3": 0.3, "9": 0.001}) == "3 (30), 1 (20)"
