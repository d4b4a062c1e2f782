"""Whether a value of a YAML file fits the type of a dataclass field, and what it is there."""

from __future__ import annotations

from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text (a number or true is text in quotes)",
    dict: "a mapping",
    NoneType: "null",
}


def as_field(value: Any, wanted: Any) -> Any:
    """`value` as a field of the type `wanted` holds it.

    Nothing is guessed but what YAML and people mean: a whole number is a number, `1e-3`, which YAML takes for text, is
    one too, and a single item stands for a list of it.

    Args:
        value: of YAML: None, bool, int, float, str, list or dict.
        wanted: a type as `typing.get_type_hints` gives it.

    Raises:
        ValueError: it does not fit.
    """
    if get_origin(wanted) in (Union, UnionType):
        return _as_one_of(value, get_args(wanted))
    if get_origin(wanted) is Literal:
        return _checked(value, value in get_args(wanted))
    kind = _kind(wanted)
    if kind is list:
        items = value if isinstance(value, list) else [_checked(value, not isinstance(value, NoneType | dict))]
        return [as_field(item, *get_args(wanted)) for item in items]
    if kind in (int, float):
        return _as_number(value, kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _checked(value, value in [member.value for member in kind])
    return _checked(value, wanted is Any or isinstance(value, kind))


def name_of(wanted: Any) -> str:
    """What people call a type: `a number or null`, `a list, each item text`."""
    if get_origin(wanted) in (Union, UnionType):
        return " or ".join(name_of(member) for member in get_args(wanted))
    if get_origin(wanted) is Literal:
        return " or ".join(map(repr, get_args(wanted)))
    kind = _kind(wanted)
    if kind is list:
        return f"a list, each item {name_of(*get_args(wanted))}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"one of {', '.join(str(member.value) for member in kind)}"
    return NAMES.get(kind, getattr(kind, "__name__", str(kind)))


def _kind(wanted: Any) -> Any:
    """The class of a type, without what it holds."""
    return get_origin(wanted) or wanted


def _as_one_of(value: Any, members: tuple[Any, ...]) -> Any:
    """As the first member that it fits; as a list of one item only where it fits nothing else."""
    for member in sorted(members, key=lambda member: _kind(member) is list and not isinstance(value, list)):
        try:
            return as_field(value, member)
        except ValueError:
            continue
    return _checked(value, False)


def _as_number(value: Any, kind: type[int] | type[float]) -> int | float:
    fits = isinstance(value, int | str | kind) and not isinstance(value, bool)
    return kind(_checked(value, fits))  # of text, what the command line would make of it


def _checked(value: Any, fits: bool) -> Any:
    if not fits:
        raise ValueError(f"{value!r} does not fit")
    return value
