"""How a sentence names an argument: for Python, `class_axis=1`, or as it is typed, `--class-axis 1`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ARGUMENT = re.compile(
    r"""(?<![\w'"`./=-])(?P<name>[a-z]\w*)"""  # no part of a longer name, of a path, or of what is quoted
    r"""(?P<given>=(?P<value>"[^"]*"|\([^()]*\)|-?\w+(?:[.+-]\w+)*|))?"""
    r"""(?![\w'"`/(=-]|\.\w)"""
)


def as_typed(sentence: str, options: Mapping[str, str]) -> str:
    """The sentence for a command line, which names its options in place of the arguments of Python functions.

    A word is an argument where it is given a value or might be (`input="logits"`, `split=`), where it has an underscore
    and is not quoted, and where it begins the sentence (`level is 2, …`).

    Args:
        sentence: of an `InputError`.
        options: name of an argument -> the option; of a flag also `name=True` and `name=False`.

    Example:
        >>> as_typed('level is 2: give input="logits"', {"level": "--level", "input": "--input"})
        '--level is 2: give --input logits'
    """

    def typed(found: re.Match[str]) -> str:
        whole, name, value = found[0], found["name"], (found["value"] or "").strip('"')
        begins = found.start() == 0 and sentence.startswith(" is ", found.end())
        if whole in options and found["given"]:
            return options[whole]
        if name not in options or not (found["given"] or "_" in name or begins):
            return whole
        return f"{options[name]} {value}".rstrip()

    return _ARGUMENT.sub(typed, sentence)
