"""Where the samples of several runs lie, and what each run is called."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abstain._checks import ArgumentError, InputError, first_line
from abstain._files import RESULTS_FILE

if TYPE_CHECKING:
    from abstain.cli.options import Place
    from abstain.figures.recipes import Recipe
    from abstain.report.style import Look

SETTINGS_FILE = "run.json"
TEST, VALIDATION = "test", "validation"


@dataclass(frozen=True)
class RunPlace:
    """A run, before anything of its samples is read.

    Attributes:
        name: in legends and tables.
        place: of its test samples.
        validation: of its validation samples; None, None, None where there are none.
        settings: what it was started with, by group; None where nobody wrote it down.
        folder: what training left; None of a file of predictions.
    """

    name: str
    place: Place
    validation: Place
    settings: Mapping[str, Any] | None = None
    folder: Path | None = None

    @property
    def recipe(self) -> Recipe | None:
        """What it was trained with; None where nobody wrote it down."""
        from abstain.figures.recipes import Recipe

        settings = self.settings or {}
        return Recipe.of_settings(settings) if settings.get("training") else None

    @property
    def seed(self) -> int | None:
        """Of its training, where it is known."""
        return (self.settings or {}).get("training", {}).get("seed")

    @property
    def label_ids(self) -> Sequence[int] | None:
        """The id of each class in masks, where they are not the labels themselves."""
        return (self.settings or {}).get("data", {}).get("label_ids")


def find_runs(
    sources: Sequence[str],
    *,
    split: str | None = None,
    validation: Sequence[str] = (),
    validation_split: str | None = None,
) -> list[RunPlace]:
    """The runs behind what was typed: folders as training leaves them, folders of logits, or any source of predictions.

    Args:
        sources: at least one.
        split: of each; None: `test` of a folder of logits.
        validation: other samples, a source a run; none: the split `validation` of a folder of logits.
        validation_split: of these, or of the same sources.

    Raises:
        InputError: another number of validation sources than of runs, validation samples that are the test samples, a
            run twice, or settings that are damaged.
    """
    if validation and len(validation) != len(sources):
        raise ArgumentError(
            f"validation= is given {len(validation)} times for {len(sources)} runs: give it once a run, in their order"
        )
    given: Sequence[str | None] = validation or [None] * len(sources)
    found = [_run(*pair, split, validation_split) for pair in zip(sources, given, strict=True)]
    return _with_own_names(found)


def looks_of_runs(runs: Sequence[RunPlace]) -> dict[str, Look]:
    """By what each was trained with, where it is known; else by their order."""
    return _looks({run.name: run.recipe for run in runs})


def looks_of_sources(sources: Mapping[str, str]) -> dict[str, Look]:
    """The same of models by their names -> what was typed of each: a folder, a file, or a name on the Hub."""
    return _looks({name: _recipe_behind(source) for name, source in sources.items()})


def _looks(recipes: Mapping[str, Recipe | None]) -> dict[str, Look]:
    from abstain.report.style import looks_of_models

    return looks_of_models({name: (one.family, one.factor) if one else None for name, one in recipes.items()})


def _recipe_behind(source: str) -> Recipe | None:
    """Settings that are damaged tell nothing: nothing but a colour depends on them here."""
    try:
        return _run(source, None, None, None).recipe
    except InputError:
        return None


def _run(source: str, validation: str | None, split: str | None, validation_split: str | None) -> RunPlace:
    from abstain.logits.files import LOGITS, folder_of_logits, splits_of

    where = folder_of_logits(source)
    path, logits, splits = Path(source).expanduser(), Path(where).expanduser(), splits_of(where)
    folder = logits.parent if logits.name == LOGITS else logits
    own_validation = VALIDATION if VALIDATION in splits and split != VALIDATION else None
    others = (validation, None, validation_split or (None if validation else own_validation))
    place = (where, None, split or (TEST if TEST in splits else None))
    settings = _settings(folder) if logits.is_dir() else None
    name = folder.name if logits.is_dir() else path.stem
    if (others[0] or place[0], others[2]) == (place[0], place[2]) and others != (None, None, None):
        raise ArgumentError(f"the validation samples of {name!r} are its test samples: give others, or leave them out")
    run = RunPlace(name, place, others, settings, folder if logits.is_dir() else None)
    return run if run.recipe is None else replace(run, name=run.recipe.name)


def _settings(folder: Path) -> Mapping[str, Any] | None:
    """What a run was started with; None where nobody wrote it down."""
    for name, key in ((SETTINGS_FILE, None), (RESULTS_FILE, "settings")):
        path = folder / name
        if path.is_file():
            try:
                values = json.loads(path.read_text(encoding="utf-8"))
                found = values if key is None else values.get(key)
            except (OSError, ValueError, AttributeError) as error:
                raise InputError(f"{str(path)!r} is damaged ({first_line(error)}): remove it, or run anew") from error
            if isinstance(found, dict):
                return found
    return None


def _with_own_names(runs: Sequence[RunPlace]) -> list[RunPlace]:
    """Runs that have one name are told apart by their seeds, or else by their folders."""
    for also in (lambda run: f"seed {run.seed}" if run.seed is not None else "", _folder_or_source):
        count = Counter(run.name for run in runs)
        runs = [
            replace(run, name=", ".join(filter(None, (run.name, also(run))))) if count[run.name] > 1 else run
            for run in runs
        ]
    twice = next((name for name, n in Counter(run.name for run in runs).items() if n > 1), None)
    if twice is not None:
        raise ArgumentError(f"two of the runs are called {twice!r}: give each run once, in a folder of its own")
    return list(runs)


def _folder_or_source(run: RunPlace) -> str:
    return run.folder.name if run.folder is not None else str(run.place[0])
