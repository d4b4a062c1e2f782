"""What is done of a grid: a run counts as done by its results and their settings, whoever made them."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any

from abstain._checks import ArgumentError, InputError
from abstain._files import RESULTS_FILE
from abstain.experiments.grid import GridRun
from abstain.experiments.recipe import parse_recipe
from abstain.experiments.run_folder import SETTINGS_FILE
from abstain.experiments.settings import first_difference, run_settings, without_folders

ENDED = "run_grid: exit status {status} after {seconds:.1f} s"
"""The last line of a run's log."""
TOOK = re.compile(r"^run_grid: exit status -?\d+ after ([\d.]+) s$", re.MULTILINE)

Settings = dict[str, Any]


def is_done(run: GridRun, folders: Iterable[Path]) -> bool:
    """Whether one of the folders holds the results of this run.

    Args:
        run: of a grid.
        folders: where runs are, or are kept: each run in the folder of its name.

    Raises:
        InputError: one holds a run of this name with other settings, done or not, the script does not take the
            arguments of the run, or they give it another seed than its name.
    """
    wanted, defaults = _settings_of(run)
    done = False
    for folder in (place / run.name for place in folders):
        results = folder / RESULTS_FILE
        found = _read(results)["settings"] if results.exists() else None
        if found is None and (folder / SETTINGS_FILE).exists():
            found = _read(folder / SETTINGS_FILE)
        difference = found and first_difference(_comparable(found, like=wanted, defaults=defaults), wanted)
        if difference:
            raise ArgumentError(
                f"{str(folder)!r} holds a run with {difference}: give another folder (output_dir, or keep), or "
                "remove that one"
            )
        done = done or results.exists()
    return done


def log_of(run: GridRun, output_dir: Path) -> Path:
    """Where what a run prints is written: beside its folder."""
    return output_dir / f"{run.name}.log"


def seconds_of(run: GridRun, folders: Iterable[Path], *, device: str) -> float | None:
    """How long a run that is done took: all its parts by its log, or its training by its results.

    Args:
        run: that is done.
        folders: as for `is_done`.
        device: the name of what trains, as results have it.

    Returns:
        Seconds; None if no folder holds the run, or it was trained on another device.
    """
    for folder in folders:
        path = folder / run.name / RESULTS_FILE
        found = _read(path) if path.exists() else None
        if found is not None and found["environment"]["device"] == device:
            return _seconds_by_log(log_of(run, folder)) or float(found["training"]["train_runtime"])
    return None


def _seconds_by_log(log: Path) -> float:
    """Of all parts of a run together; 0 without a log."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return sum(map(float, TOOK.findall(text)))


@cache
def _arguments_of(script: Path) -> tuple[Any, ...]:
    """The dataclasses of a training script's arguments."""
    spec = importlib.util.spec_from_file_location(script.stem, script)
    if spec is None or spec.loader is None or not script.is_file():
        raise ArgumentError(
            f"the script {str(script)!r} of the grid does not exist: give the name of a training script"
        )
    module = sys.modules[script.stem] = importlib.util.module_from_spec(spec)  # where dataclasses look for their types
    spec.loader.exec_module(module)
    return tuple(module.ARGUMENTS)


def _settings_of(run: GridRun) -> tuple[Settings, Settings]:
    """What the run would write down as its settings, and the defaults of all arguments."""
    kinds = _arguments_of(run.script)
    on_processor = ["--use_cpu", "true", "--output_dir", run.name]  # this process needs no accelerator
    try:
        model, data, args = parse_recipe(kinds, [*run.arguments, *on_processor])
    except InputError as error:
        raise ArgumentError(f"the run {run.name} cannot be started: {error}") from error
    if args.seed != run.seed:
        raise ArgumentError(
            f"the run {run.name} is given the seed {args.seed}, but named by another: leave seed out of the arguments"
        )
    settings = run_settings(args, model=without_folders(model), data=without_folders(data))
    return _without_places(settings), _defaults_of(kinds)


@cache
def _defaults_of(kinds: tuple[Any, ...]) -> Settings:
    """What each argument is where nobody gives it, once the arguments of training have been checked and completed."""
    *others, training = kinds
    of_others = {field.name: field.default for kind in others for field in fields(kind) if field.default is not MISSING}
    settings = run_settings(training(output_dir="runs", use_cpu=True), model={}, data={})
    return of_others | settings["training"]


def _comparable(found: Settings, *, like: Settings, defaults: Mapping[str, Any]) -> Settings:
    """Settings of another version: an argument that it did not have counts as its default.

    Where only one of two names has an owner, as data from the Hub and the same data in a folder, the owner is left out.
    """
    of_groups = {}
    for group, values in like.items():
        known = {key: defaults[key] for key in values if key in defaults} | (found.get(group) or {})
        of_groups[group] = {key: known.get(key) for key in values}
    return {
        group: {key: like[group][key] if _name_alike(value, like[group][key]) else value for key, value in of.items()}
        for group, of in _without_places(of_groups).items()
    }


def _name_alike(one: object, other: object) -> bool:
    """Whether both name the same and only one of them tells whose it is."""
    if not (isinstance(one, str) and isinstance(other, str)) or ("/" in one) == ("/" in other):
        return False
    return Path(one).name == Path(other).name


def _without_places(settings: Settings) -> Settings:
    """Of a file or folder its name alone, as it may lie elsewhere; what is on the Hub keeps its owner."""
    return {
        group: {key: Path(value).name if _is_place(value) else value for key, value in values.items()}
        for group, values in settings.items()
    }


def _is_place(value: object) -> bool:
    """Whether it is the path of something, here or on another machine."""
    return isinstance(value, str) and value.startswith((".", "/", "~"))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{str(path)!r} is damaged ({error}): remove its folder") from error
