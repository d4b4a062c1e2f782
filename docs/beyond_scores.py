"""Whether logit normalisation still gains beside temperature scaling, which score is best, and how p moves with α."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from released_sets import ReleasedSet, Told, points
from which_runs import called

from abstain import LogitNorm, aurc
from abstain.report import markdown_table
from abstain.scores import TemperatureScaling, classification_error, score_all

TEMPERATURES = [2 ** (half / 2) for half in range(-12, 9)]
"""Of which the one of least AURC on the validation samples is taken."""
EXPONENTS = (1, 2, 3, 5, 10)
Row = dict[str, Any]


def temperature(one: ReleasedSet) -> Row:
    """AURC of MSP at two temperatures and of logit normalisation, and their paired differences."""
    likely = TemperatureScaling.fit(*one.validation)
    ordering = min((TemperatureScaling(t) for t in TEMPERATURES), key=lambda scaling: _validation_aurc(one, scaling))
    norm = LogitNorm.fit(*one.validation)
    repaired, at_likely, at_ordering = (fitted.score(one.test[0]) for fitted in (norm, likely, ordering))
    return {
        "temperature": likely.temperature,
        "temperature by AURC": ordering.temperature,
        "p": norm.p,
        "msp": aurc(one.msp, one.error),
        "at temperature - msp": one.minus_msp(at_likely),
        "p-norm - msp": one.minus_msp(repaired),
        "p-norm - at temperature": one.minus(repaired, at_likely),
        "p-norm - at temperature by AURC": one.minus(repaired, at_ordering),
    }


def _validation_aurc(one: ReleasedSet, fitted: Any) -> float:
    logits, labels = one.validation
    return aurc(fitted.score(logits), classification_error(logits, labels))


def best_score(one: ReleasedSet) -> Row:
    """The score that the validation samples put first, and the one that the test samples do."""
    confidences = [dict(_confidences(one, values)) for values in (one.validation, one.test)]
    errors = classification_error(*one.validation), one.error
    first = [
        min(of, key=lambda name, of=of, error=error: aurc(of[name], error))
        for of, error in zip(confidences, errors, strict=True)
    ]
    of_test, norm = confidences[1], LogitNorm.fit(*one.validation)
    return {
        "by validation": first[0],
        "by test": first[1],
        "by validation - msp": one.minus_msp(of_test[first[0]]),
        "by validation - p-norm": one.minus(of_test[first[0]], norm.score(one.test[0])),
        "by validation - by test": one.minus(of_test[first[0]], of_test[first[1]]),
    }


def _confidences(one: ReleasedSet, values: Any) -> Iterator[tuple[str, Any]]:
    yield from score_all(values[0]).items()
    yield "p-norm", LogitNorm.fit(*one.validation, fallback="never").score(values[0])
    yield "MSP, temperature", TemperatureScaling.fit(*one.validation).score(values[0])


def exponents(one: ReleasedSet) -> Row:
    """AURC at each p minus that of MSP, on the test samples, and the p that is best there and on validation."""
    search = LogitNorm.fit(*one.validation, fallback="never")
    differences = {str(p): one.minus_msp(one.of_p(p)) for p in EXPONENTS}
    areas = {candidate.p: aurc(one.of_p(candidate.p), one.error) for candidate in search.search if candidate.p}
    return {"by validation": search.p, "by test": min(areas, key=lambda p: areas[p]), "p - msp": differences}


def temperature_table(rows: dict[str, Row]) -> str:
    """One row a set; AURC in percent, differences in percentage points."""
    differences = [key for key in next(iter(rows.values())) if " - " in key]
    table = [["", "AURC % of MSP", "T", "T by AURC", "p", *(_title(key) for key in differences)]]
    for name, row in rows.items():
        fitted = [f"{row['temperature']:.2g}", f"{row['temperature by AURC']:.2g}", _p(row["p"])]
        table.append([called(name), f"{100 * row['msp']:.3f}", *fitted, *(points(row[key]) for key in differences)])
    return markdown_table(table, "l" + "r" * (len(table[0]) - 1))


def temperature_verdict(rows: dict[str, Row]) -> str:
    """In how many sets the repair is better than MSP, and in which no longer so beside the best temperature."""
    gained = [name for name, row in rows.items() if is_below_zero(row["p-norm - msp"])]
    lost = [name for name in gained if not is_below_zero(rows[name]["p-norm - at temperature by AURC"])]
    told = f"The repair is better than MSP in {len(gained)} of {len(rows)} sets, by the interval"
    if not lost:
        return f"{told}, and in all of them better than the best temperature too."
    those = "; ".join(map(called, lost))
    return f"{told}; in {len(lost)} of them not clearly better than the best temperature: {those}."


def score_table(rows: dict[str, Row]) -> str:
    """One row a set; differences in percentage points."""
    keys = ["by validation - msp", "by validation - p-norm", "by validation - by test"]
    titles = ["first on validation", "first on test", "the former minus MSP", "minus the repair", "minus the latter"]
    table = [["", *titles]]
    for name, row in rows.items():
        table.append([called(name), row["by validation"], row["by test"], *(points(row[key]) for key in keys)])
    return markdown_table(table, "lllrrr")


def exponent_table(rows: dict[str, Row]) -> str:
    """One row a set; differences in percentage points."""
    table = [["", "best p on validation", "on test", *(f"p = {p} minus MSP" for p in EXPONENTS)]]
    for name, row in rows.items():
        cells: Sequence[Told] = [row["p - msp"][str(p)] for p in EXPONENTS]
        table.append([called(name), _p(row["by validation"]), _p(row["by test"]), *map(points, cells)])
    return markdown_table(table, "l" + "r" * (len(table[0]) - 1))


def is_below_zero(difference: Told) -> bool:
    """Whether the whole interval is."""
    return difference["high"] is not None and difference["high"] < 0


def _title(key: str) -> str:
    return key.replace("msp", "MSP").replace("temperature", "T").replace(" - ", " minus ")


def _p(p: float | None) -> str:
    return "MSP" if p is None else f"{p:g}"
