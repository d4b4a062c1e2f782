"""A recipe is a YAML file of arguments; the command line overrides it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml
from transformers import HfArgumentParser

from abstain._checks import InputError, nearest


class _Parser(HfArgumentParser):
    """Says what is wrong in one sentence, without the usage of two hundred options."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; --help explains every option")


def parse_recipe(
    dataclass_types: Iterable[Any], argv: Sequence[str] | None = None, *, description: str | None = None
) -> tuple[Any, ...]:
    """Dataclasses from `[recipe.yaml] [--option value ...]`; an option on the command line wins over the recipe.

    Args:
        dataclass_types: as for `HfArgumentParser`; together they name the options and the keys of a recipe.
        argv: the arguments; None is the command line of this process.
        description: shown by `--help`.

    Raises:
        InputError: no such recipe, a key or option that does not exist (with the nearest one), or a bad value.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _Parser(dataclass_types, description=description, allow_abbrev=False)
    options = {action.dest for action in parser._actions} - {"help"}
    if arguments and arguments[0].endswith((".yaml", ".yml")):
        arguments = [*_as_arguments(_read_recipe(Path(arguments[0])), options), *arguments[1:]]
    try:
        *parsed, unknown = parser.parse_args_into_dataclasses(
            arguments, return_remaining_strings=True, look_for_args_file=False
        )
    except InputError:
        raise
    except ValueError as error:  # what TrainingArguments itself refuses
        raise InputError(f"these arguments do not go together: {' '.join(str(error).split())[:300]}") from error
    if unknown:
        name = unknown[0].removeprefix("--").split("=")[0].replace("-", "_")
        raise InputError(f"unknown option {unknown[0]!r}: {nearest(name, options)}")
    return tuple(parsed)


def _as_arguments(recipe: dict[Any, Any], options: set[str]) -> list[str]:
    """The recipe as a command line, so that both are read and checked alike."""
    arguments: list[str] = []
    for key, value in recipe.items():
        if key not in options:
            raise InputError(f"unknown recipe key {key!r}: {nearest(str(key), options)}")
        if value is None:
            continue  # the default
        values = value if isinstance(value, list) else [json.dumps(value) if isinstance(value, dict) else value]
        arguments += [f"--{key}", *(str(item).lower() if isinstance(item, bool) else str(item) for item in values)]
    return arguments


def _read_recipe(path: Path) -> dict[Any, Any]:
    if not path.is_file():
        raise InputError(f"the recipe {str(path)!r} does not exist: give the path of a YAML file")
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"the recipe {str(path)!r} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(recipe, dict):
        raise InputError(f"the recipe {str(path)!r} holds {type(recipe).__name__}, but must be lines of `key: value`")
    return recipe
