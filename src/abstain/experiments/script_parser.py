"""The command line of a script: its own options first and in groups, those that few people set behind `--help-all`."""

from __future__ import annotations

import argparse
import re
from argparse import Action, Namespace
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, NoReturn, cast, get_type_hints

from transformers import HfArgumentParser
from transformers.hf_argparser import string_to_bool

from abstain._checks import ArgumentError, nearest

STOCK = "everything else of transformers.TrainingArguments"
"""The group that `--help` leaves out."""

METAVARS = {int: "N", float: "X", str: "TEXT", string_to_bool: "true|false"}
"""What stands for a value of each type."""

LISTED = 6
"""More choices than these are not listed; a wrong one is answered with all of them."""


class _Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Keeps the lines of the description, and spells every option once."""

    def _format_action_invocation(self, action: Action) -> str:
        long = next(option for option in action.option_strings if option.startswith("--"))
        short = [option for option in action.option_strings if not option.startswith("--")]
        return f"{', '.join([*short, long])} {self._format_args(action, 'VALUE')}".rstrip()

    def _get_help_string(self, action: Action) -> str | None:
        return action.help if action.default is None else super()._get_help_string(action)


class _HelpAll(Action):
    """Prints every option, and ends the program."""

    def __call__(self, parser: Any, namespace: Namespace, values: Any, option_string: str | None = None) -> None:
        parser.shows_all = True
        parser.print_help()
        parser.exit()


class ScriptParser(HfArgumentParser):
    """An `HfArgumentParser` with groups, `-` as good as `_` in every name, and mistakes said in one sentence.

    A dataclass names the group of its fields in `_argument_group_name`, or of each in `GROUPS` (title -> names), where
    what is not named is left to `--help-all`.
    """

    def __init__(self, dataclass_types: Iterable[Any], *, description: str | None = None) -> None:
        super().__init__(
            description=description,
            usage="%(prog)s [recipe.yaml] [--option value ...]",
            epilog="Every name may be written with `-` or with `_`.",
            allow_abbrev=False,
            add_help=False,
            formatter_class=_Formatter,
        )
        self.shows_all = False
        self.dataclass_types = list(dataclass_types)
        self._titles = {name: title for kind in self.dataclass_types for name, title in _titles(kind).items()}
        self._add_help()
        self._groups = {title: self.add_argument_group(title) for title in dict.fromkeys(self._titles.values())}
        for kind in self.dataclass_types:
            self._add_fields(kind)
        for action in self._actions:
            action.required = False  # a recipe may give it
            action.metavar = _metavar(action)

    def _add_help(self) -> None:
        """`--help-all` is always understood, and shown where `--help` leaves anything out."""
        leaves_out = STOCK in self._titles.values()
        shown = "the options that most runs need" if leaves_out else "the options"
        of_all = "Show every option, and stop." if leaves_out else argparse.SUPPRESS
        self.add_argument("-h", "--help", action="help", help=f"Show {shown}, and stop.")
        self.add_argument("--help-all", "--help_all", action=_HelpAll, nargs=0, help=of_all)

    def _add_fields(self, kind: Any) -> None:
        """As `HfArgumentParser` adds them, but each to its group."""
        hints, add = get_type_hints(kind), cast(Any, self._parse_dataclass_field)  # which takes a group as well
        for field in fields(kind):
            if field.init:
                field.type = hints[field.name]
                add(self._groups[self._titles[field.name]], field)

    def format_help(self) -> str:
        """The help, without the stock options unless `shows_all`."""
        groups = self._action_groups
        self._action_groups = [group for group in groups if self.shows_all or group.title != STOCK]
        try:
            return super().format_help()
        finally:
            self._action_groups = groups

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one sentence, without the usage."""
        raise ArgumentError(f"{message}; --help explains the options")

    def given_options(self, arguments: Sequence[str]) -> dict[str, Any]:
        """The options on the command line, without the defaults of the others.

        Raises:
            InputError: an option does not exist (with the nearest one), or its value is of another type.
        """
        absent = object()
        found, unknown = self.parse_known_args(
            [_underscored(argument) for argument in arguments], Namespace(**dict.fromkeys(self._titles, absent))
        )
        if unknown:
            name = unknown[0].removeprefix("--").split("=")[0]
            raise ArgumentError(f"unknown option {unknown[0]!r}: {nearest(name, self._titles)}")
        return {name: value for name, value in vars(found).items() if name in self._titles and value is not absent}


def _titles(kind: Any) -> dict[str, str]:
    """Name of each field -> the title of its group, in the order in which the groups are shown."""
    named = {name: title for title, names in getattr(kind, "GROUPS", {}).items() for name in names}
    other = STOCK if named else getattr(kind, "_argument_group_name", "arguments")
    return named | {field.name: other for field in fields(kind) if field.init and field.name not in named}


def typed_options(dataclass_types: Iterable[Any]) -> dict[str, str]:
    """Name of each argument -> its option, for `as_typed`; a flag is typed with its value."""
    names = [field.name for kind in dataclass_types for field in fields(kind) if field.init]
    flags = {f"{name}={value}": f"--{name} {str(value).lower()}" for name in names for value in (True, False)}
    return {name: f"--{name}" for name in names} | flags


def _metavar(action: Action) -> str | None:
    """What stands for a value in the help; None lists the choices."""
    if action.choices is not None:
        return None if len(list(action.choices)) <= LISTED else "NAME"
    return METAVARS.get(action.type, "VALUE")


def _underscored(argument: str) -> str:
    """An option's name with `_` for every `-`; values stay as they are."""
    return re.sub(r"(?<=^--)[\w-]+", lambda name: name[0].replace("-", "_"), argument)
