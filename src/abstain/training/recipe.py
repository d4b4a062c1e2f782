"""A recipe is a YAML file of arguments; the command line overrides it."""

from __future__ import annotations

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
    parser = _Parser(dataclass_types, description=description)
    options = {action.dest: action for action in parser._actions}
    if arguments and arguments[0].endswith((".yaml", ".yml")):
        recipe = _read_recipe(Path(arguments.pop(0)))
        for key in recipe:
            if key not in options:
                raise InputError(f"unknown recipe key {key!r}: {nearest(key, options)}")
            options[key].required = False
        parser.set_defaults(**recipe)
    *parsed, unknown = parser.parse_args_into_dataclasses(
        arguments, return_remaining_strings=True, look_for_args_file=False
    )
    if unknown:
        name = unknown[0].removeprefix("--").split("=")[0].replace("-", "_")
        raise InputError(f"unknown option {unknown[0]!r}: {nearest(name, options)}")
    return tuple(parsed)


def _read_recipe(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"the recipe {str(path)!r} does not exist: give the path of a YAML file")
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InputError(f"the recipe {str(path)!r} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(recipe, dict):
        raise InputError(f"the recipe {str(path)!r} holds {type(recipe).__name__}, but must be lines of `key: value`")
    return recipe
