"""Names of a package that are imported when they are first used."""

from __future__ import annotations

import sys
from importlib import import_module

from abstain._moved import explain

TYPE_CHECKING = False  # as type checkers know it; importing `typing` would take longer than all else
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any


def lazy_names(package: str, table: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package (PEP 562).

    Args:
        package: its `__name__`.
        table: module of the package -> the names that come from there; a module without any is a name itself. A package
            that imports its names itself has none here: then only what is said of old names counts.
    """
    home = {name: module for module, names in table.items() for name in names or [module]}

    def find(name: str) -> Any:
        if name not in home:
            raise explain(package, name)
        module = import_module(f"{package}.{home[name]}")
        value = getattr(module, name) if table[home[name]] else module
        setattr(sys.modules[package], name, value)
        return value

    return find
