"""A recipe is a YAML file of arguments; the command line overrides it, and it may extend another recipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from abstain._checks import ArgumentError, InputError, nearest
from abstain._files import as_path
from abstain.experiments.field_types import as_field, name_of
from abstain.experiments.script_parser import ScriptParser

EXTENDS = "extends"
"""The key that names the recipe, relative to this one, whose values hold where this one gives no others."""

Types = Mapping[str, Any]


class _KeyOnce(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML takes the last; keys that `<<` merges may be given again."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"):
            if (key.tag, key.value) in seen:
                again = f"again in line {key.start_mark.line + 1}"
                raise ArgumentError(f"the file {self.name!r} gives {key.value} twice, {again}: leave one of them out")
            seen.add((key.tag, key.value))
        return node


def parse_recipe(
    dataclass_types: Iterable[Any], argv: Sequence[str] | None = None, *, description: str | None = None
) -> tuple[Any, ...]:
    """Dataclasses from `[recipe.yaml] [--option value ...]`; an option on the command line wins over the recipe.

    In a recipe `key: null` is None, `key: []` an empty list, and `extends: other.yaml` takes the values of another one.

    Args:
        dataclass_types: as for `HfArgumentParser`; together they name the options and the keys of a recipe.
        argv: the arguments; None is the command line of this process.
        description: shown by `--help`, line by line as it is.

    Raises:
        InputError: no such recipe, recipes that extend each other in a circle, a key or option that does not exist
            (with the nearest one), a key given twice, a bad value, or none where there is no default.
    """
    dataclass_types = list(dataclass_types)
    parser = ScriptParser(dataclass_types, description=description)
    arguments = list(sys.argv[1:] if argv is None else argv)
    recipe = Path(arguments.pop(0)) if arguments and arguments[0].endswith((".yaml", ".yml")) else None
    given = parser.given_options(arguments)  # first, so that --help needs no recipe
    values = {**_read_recipe(recipe, _types_of(dataclass_types)), **given} if recipe else given
    _check_complete(dataclass_types, values)
    if values.get("output_dir") is not None:
        as_path(values["output_dir"], "output_dir")  # of which an empty one would be the working folder
    try:
        return parser.parse_dict(values)
    except InputError:
        raise
    except (ValueError, TypeError, ImportError) as error:  # what TrainingArguments itself refuses
        raise ArgumentError(f"these arguments do not go together: {' '.join(str(error).split())[:300]}") from error


def _types_of(dataclass_types: Iterable[Any]) -> Types:
    """Key -> type of the field."""
    hints = ((kind, get_type_hints(kind)) for kind in dataclass_types)
    return {field.name: types[field.name] for kind, types in hints for field in fields(kind) if field.init}


def _read_recipe(path: Path, types: Types, extended_by: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The checked values of a recipe, on top of those of the one that it extends."""
    if path.resolve() in extended_by:
        raise ArgumentError(f"the recipe {str(path)!r} extends itself by way of others: leave out one `{EXTENDS}`")
    recipe = read_yaml(path, by=extended_by)
    other = recipe.pop(EXTENDS, None)
    own = {key: _checked_value(key, value, types, path) for key, value in recipe.items()}
    if other is None:
        return own
    if not isinstance(other, str):
        raise ArgumentError(
            f"`{EXTENDS}` of the recipe {str(path)!r} is {other!r}, but must be the path of another one"
        )
    return {**_read_recipe(path.parent / other, types, (*extended_by, path.resolve())), **own}


def read_yaml(path: Path, *, what: str = "recipe", by: tuple[Path, ...] = ()) -> dict[Any, Any]:
    """The keys and values of a YAML file, in which no key is given twice.

    Args:
        path: of the file.
        what: errors call it.
        by: the files that led to it, by their `extends`.

    Raises:
        InputError: it does not exist, is no YAML, or holds other than keys and values.
    """
    if not path.is_file():
        extending = f", which {by[-1].name!r} extends," if by else ""
        raise ArgumentError(f"the {what} {str(path)!r}{extending} does not exist: give the path of a YAML file")
    try:
        with path.open(encoding="utf-8") as file:
            values = yaml.load(file, _KeyOnce)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ArgumentError(f"the {what} {str(path)!r} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ArgumentError(
            f"the {what} {str(path)!r} holds {type(values).__name__}, but must be lines of `key: value`"
        )
    return values


def _checked_value(key: Any, value: Any, types: Types, path: Path) -> Any:
    if key not in types:
        raise ArgumentError(f"unknown recipe key {key!r}: {nearest(str(key), types)}")
    try:
        return as_field(value, types[key])
    except ValueError as error:
        found = "null" if value is None else repr(value)
        raise ArgumentError(f"{key} is {found} in {path.name!r}, but must be {name_of(types[key])}") from error


def _check_complete(dataclass_types: Iterable[Any], values: Mapping[str, Any]) -> None:
    for field in (field for kind in dataclass_types for field in fields(kind)):
        needed = field.init and field.default is MISSING and field.default_factory is MISSING
        if needed and field.name not in values:
            raise ArgumentError(f"there is no {field.name}: give --{field.name}, or name it in the recipe")
