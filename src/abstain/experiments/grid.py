"""A grid: the runs of several data sets, ways of training and seeds, in the order in which they are wanted."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from abstain._checks import ArgumentError, check_choice, check_keys, shown
from abstain.experiments.recipe import read_yaml

KEYS = ("data_sets", "recipes", "seeds", "first")
DATA_SET_KEYS = ("script", "recipe", "arguments", "recipes", "seeds")


@dataclass(frozen=True)
class GridRun:
    """One run of a grid.

    Attributes:
        name: of its folder: `recipe-file_recipe_sSEED`.
        data_set: its name in the grid.
        recipe: the name of the way of training.
        seed: of training; the split stays the same.
        script: the program that trains.
        arguments: its recipe file and options, without the output folder.
    """

    name: str
    data_set: str
    recipe: str
    seed: int
    script: Path
    arguments: tuple[str, ...]

    def command(self, output_dir: Path) -> list[str]:
        """What to start, in the folder in which the grid was started."""
        return [sys.executable, str(self.script), *self.arguments, "--output_dir", str(output_dir / self.name)]

    def with_options(self, options: Sequence[str]) -> GridRun:
        """The same run with more options, which win over those before."""
        return replace(self, arguments=(*self.arguments, *options))


def read_grid(path: str | Path, *, scripts: Path) -> list[GridRun]:
    """The runs of a grid, in their order: the groups of recipes in `first`, then the others; seed by seed each.

    The file names `data_sets` (name -> `script`, `recipe`, and if need be `arguments`, the `recipes` that apply and
    other `seeds`), `recipes` (name -> arguments; a value that is a mapping holds one for each data set, and the recipe
    applies to these alone), the number of `seeds`, and the groups of recipes that come `first`, each with every seed
    before the next.

    Args:
        path: of a YAML file.
        scripts: the folder of the scripts, with the files of recipes in `recipes`.

    Raises:
        InputError: the file does not exist or is no grid, it names what there is not, or two of its runs would share a
            folder.
    """
    grid = check_keys("grid", read_yaml(Path(path), what="grid"), known=KEYS, needed=KEYS[:3])
    recipes = _mapping("recipes", grid["recipes"])
    place = _places(grid.get("first", []), recipes)
    runs = []
    for name, values in _mapping("data_sets", grid["data_sets"]).items():
        data_set = check_keys("data set of a grid", values, known=DATA_SET_KEYS, needed=DATA_SET_KEYS[:2])
        chosen = _names("recipes", data_set.get("recipes", list(recipes)))
        of_name = {key: _arguments_for(name, recipes[check_choice("recipe", key, recipes)]) for key in chosen}
        seeds = range(_count(data_set.get("seeds", grid["seeds"])))
        for recipe, arguments in of_name.items():
            if arguments is not None:
                given = {**_mapping("the arguments of a data set", data_set.get("arguments") or {}), **arguments}
                runs += [_run(name, data_set, recipe, given, seed, scripts) for seed in seeds]
    _check_apart(runs)
    return sorted(runs, key=lambda run: (place[run.recipe][0], run.seed, place[run.recipe][1]))


def with_folders(runs: Sequence[GridRun], folders: Mapping[str, str]) -> list[GridRun]:
    """The runs with the data of each data set from its folder.

    Args:
        runs: of `read_grid`.
        folders: name of a data set -> its folder, or its name on the Hub.

    Raises:
        InputError: the grid has no such data set.
    """
    names = {run.data_set for run in runs}
    given = {check_choice("data set", name, names): ["--dataset_name", folder] for name, folder in folders.items()}
    return [run.with_options(given.get(run.data_set, [])) for run in runs]


def _places(first: Any, recipes: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Name of each recipe -> the number of its group, and its place in that."""
    if not isinstance(first, list) or not all(isinstance(group, list) for group in first):
        raise ArgumentError(f"first is {shown(first)} in the grid, but must be a list of lists of recipes")
    groups = [[check_choice("recipe", name, recipes) for name in group] for group in [*first, list(recipes)]]
    places = [(name, (number, place)) for number, group in enumerate(groups) for place, name in enumerate(group)]
    return dict(reversed(places))  # the first place of each


def _run(
    name: str, data_set: Mapping[str, Any], recipe: str, given: Mapping[str, Any], seed: int, scripts: Path
) -> GridRun:
    script, file = scripts / str(data_set["script"]), scripts / "recipes" / str(data_set["recipe"])
    options = [text for key, value in given.items() for text in (f"--{key}", *_texts(key, value))]
    arguments = (str(file), *options, "--seed", str(seed))
    return GridRun(f"{file.stem}_{recipe}_s{seed}", name, recipe, seed, script, arguments)


def _arguments_for(data_set: str, recipe: Any) -> dict[str, Any] | None:
    """The arguments of a recipe on a data set; None where one of them has no value for it."""
    arguments = _mapping("the arguments of a recipe", recipe or {})
    by_data_set = {key: value for key, value in arguments.items() if isinstance(value, dict)}
    if any(data_set not in value for value in by_data_set.values()):
        return None
    return arguments | {key: value[data_set] for key, value in by_data_set.items()}


def _texts(key: str, value: Any) -> list[str]:
    """A value as it is typed."""
    if value is None or isinstance(value, dict):
        raise ArgumentError(f"{key} is {shown(value)} in the grid, but must be a value or a list of values")
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]


def _mapping(what: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ArgumentError(f"{what} of the grid must be lines of `key: value`, but is {shown(value)}")
    _names(what, list(value))
    return value


def _names(what: str, values: Any) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(name, str) and "/" not in name for name in values):
        raise ArgumentError(f"{what} of the grid must have names, which are texts without a slash, not {shown(values)}")
    return values


def _check_apart(runs: Sequence[GridRun]) -> None:
    """Refuse two runs of one name: each would go on with what the other one has written."""
    first: dict[str, GridRun] = {}
    for run in runs:
        if (other := first.setdefault(run.name, run)) is not run:
            raise ArgumentError(
                f"the data sets {other.data_set!r} and {run.data_set!r} of the grid both have the run {run.name!r}: "
                "give one of them a recipe file of another name"
            )


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ArgumentError(f"seeds is {shown(value)} in the grid, but must be a number of seeds of at least 1")
    return value
