"""Names of a package that are imported when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_names(package: str, table: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package (PEP 562).

    Args:
        package: its `__name__`.
        table: module of the package -> the names that come from there; a module without any is a name itself.
    """
    home = {name: module for module, names in table.items() for name in names or [module]}

    def find(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{home[name]}")
        value = getattr(module, name) if table[home[name]] else module
        setattr(sys.modules[package], name, value)
        return value

    return find
