"""How many validation samples the choice of p needs, and what the guard of one standard error saves and costs.

Smaller validation sets are drawn, without replacement, from the released one; on each, p is searched as `LogitNorm.fit`
does, and what each fallback then takes is measured on all test samples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from released_sets import Mixture, ReleasedSet, points
from which_runs import called

from abstain import LogitNorm
from abstain.report import markdown_table
from abstain.scores import Candidate

SIZES = (100, 200, 500, 1000, 2000, 5000)
DRAWS = 200
FALLBACKS = ("never", "strict", "one_standard_error")
MSP = "msp"
SELDOM = 0.1
Row = dict[str, Any]


def drawn(one: ReleasedSet, sizes: Sequence[int] = SIZES, draws: int = DRAWS) -> dict[str, Row]:
    """Number of validation samples -> what was chosen in the draws, and what came of it on the test samples."""
    grid = [str(p) for p in range(1, 11)]
    mixture = Mixture({MSP: one.msp} | {p: one.of_p(float(p)) for p in grid}, one.error)
    n_validation = len(one.validation[1])
    random = np.random.default_rng(0)
    found = {}
    for size in (size for size in [*sizes, n_validation] if size <= n_validation):
        n_draws = draws if size < n_validation else 1
        found[str(size)] = _measured([_chosen(one, random, size) for _ in range(n_draws)], mixture)
    return found


def _chosen(one: ReleasedSet, random: np.random.Generator, size: int) -> dict[str, str]:
    """Fallback -> what it takes on one draw of the validation samples."""
    rows = random.choice(len(one.validation[1]), size, replace=False)
    fitted = LogitNorm.fit(*(values[rows] for values in one.validation), fallback="never")
    best = next(candidate for candidate in fitted.search if candidate.p == fitted.p)
    return {fallback: f"{best.p:g}" if best.gain > needed else MSP for fallback, needed in _needed(best).items()}


def _needed(best: Candidate) -> dict[str, float]:
    """Fallback -> what the gain in AURC has to exceed, as in `LogitNorm.fit`."""
    return dict(zip(FALLBACKS, (-np.inf, 0.0, best.gain_standard_error), strict=True))


def _measured(draws: Sequence[Mapping[str, str]], mixture: Mixture) -> Row:
    """What the draws chose, and on the test samples the AURC of that."""
    shares = {fallback: _shares(draw[fallback] for draw in draws) for fallback in FALLBACKS}
    guard, strict, never = (shares[name] for name in ("one_standard_error", "strict", "never"))
    of_guard = [mixture.aurc[draw["one_standard_error"]] - mixture.aurc[MSP] for draw in draws]
    vetoed = [draw["strict"] for draw in draws if draw["strict"] != draw["one_standard_error"]]
    return {
        "draws": len(draws),
        "shares": shares,
        "guard - msp": mixture.minus(guard, {MSP: 1.0}),
        "guard - msp of draws": np.percentile(of_guard, [5, 95]).tolist(),
        "guard - strict": mixture.minus(guard, strict),
        "guard - never": mixture.minus(guard, never),
        "saved": sum(mixture.aurc[p] > mixture.aurc[MSP] for p in vetoed) / len(draws),
        "cost": sum(mixture.aurc[p] < mixture.aurc[MSP] for p in vetoed) / len(draws),
        "best - msp": min(mixture.aurc.values()) - mixture.aurc[MSP],
    }


def _shares(chosen: Iterable[str]) -> dict[str, float]:
    counts = Counter(chosen)
    return {name: count / counts.total() for name, count in sorted(counts.items())}


def learning_table(rows: dict[str, dict[str, Row]]) -> str:
    """One row a set and a size: what `LogitNorm.fit` takes by default, and its AURC on the test samples."""
    titles = ["", "validation samples", "p (share of draws, %)", "stays with MSP %", "minus MSP", "5–95 % of draws"]
    table = [[*titles, "best p in hindsight"]]
    for name, of_size in rows.items():
        for size, row in of_size.items():
            shares = row["shares"]["one_standard_error"]
            spread = ", ".join(f"{100 * end:+.3f}" for end in row["guard - msp of draws"])
            cells = [called(name), f"{int(size):,}", _taken(shares), f"{100 * shares.get(MSP, 0):.0f}"]
            cells += [points(row["guard - msp"]), f"{spread}" if row["draws"] > 1 else "–"]
            table.append([*cells, f"{100 * row['best - msp']:+.3f}"])
    return markdown_table(table, "lrlrrrr")


def learning_verdict(rows: dict[str, dict[str, Row]]) -> str:
    """From how many samples on the repair is found in nine draws of ten, in the sets where all samples find it."""
    told = []
    for name, of_size in rows.items():
        sizes = sorted(map(int, of_size))
        stays = {size: of_size[str(size)]["shares"]["one_standard_error"].get(MSP, 0.0) for size in sizes}
        if stays[sizes[-1]] < 1:
            enough = next(size for size in sizes if stays[size] <= SELDOM)
            told.append(f"{called(name)}: {enough:,}")
    few = f"{100 * SELDOM:g} % of the draws or fewer"
    return f"The smallest of these sizes with which {few} stay with MSP, where all samples do not: {'; '.join(told)}."


def guard_verdict(rows: dict[str, dict[str, Row]]) -> str:
    """In how many cells the guard is better than no guard, and in how many worse."""
    cells = [row for of_size in rows.values() for row in of_size.values() if row["draws"] > 1]
    told = []
    for other in ("strict", "never"):
        ends = [(row[f"guard - {other}"]["low"], row[f"guard - {other}"]["high"]) for row in cells]
        better = sum(high is not None and high < 0 for _, high in ends)
        worse = sum(low is not None and low > 0 for low, _ in ends)
        told.append(f"better than `{other}` in {better} and worse in {worse}")
    saved, cost = (sum(row[of] for row in cells) / len(cells) for of in ("saved", "cost"))
    often = f"over all draws it saved in {100 * saved:.1f} % and cost in {100 * cost:.1f} %"
    return f"Of {len(cells)} rows of draws, the guard is {' and '.join(told)}, by the interval; {often}."


def _taken(shares: Mapping[str, float]) -> str:
    """The three values of p that are taken most often."""
    often = sorted((share, p) for p, share in shares.items() if p != MSP and share >= 0.005)[:-4:-1]
    return ", ".join(f"{p} ({100 * share:.0f})" for share, p in often) or "–"


def guard_table(rows: dict[str, dict[str, Row]]) -> str:
    """One row a set and a size: how often the guard changes the choice, and by how much AURC of the test samples."""
    titles = ["guard stays with MSP %", "strict does %", "saved %", "cost %", "guard minus strict", "guard minus never"]
    table = [["", "validation samples", *titles]]
    for name, of_size in rows.items():
        for size, row in of_size.items():
            stays = (f"{100 * row['shares'][of].get(MSP, 0):.0f}" for of in ("one_standard_error", "strict"))
            often = (f"{100 * row[of]:.0f}" for of in ("saved", "cost"))
            differences = (points(row[of]) for of in ("guard - strict", "guard - never"))
            table.append([called(name), f"{int(size):,}", *stays, *often, *differences])
    return markdown_table(table, "lrrrrrrr")
