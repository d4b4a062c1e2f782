"""The scores as they are called: an extension of griffe, which reads the signatures for the site from the source.

There a score is a formula for a block of rows; what a user calls is what `_of_rows` makes of it.
"""

from __future__ import annotations

from typing import Any

from griffe import Extension, Function, Parameter, ParameterKind, Parameters

DECORATOR = "_of_rows"


class CalledWithLogits(Extension):
    """Gives functions below the decorator of the scores the signature that they have once it is applied."""

    def on_function(self, *, func: Function, **_: Any) -> None:
        """Logits to a confidence, in place of a block of rows to a tensor."""
        if any(str(decorator.value) == DECORATOR for decorator in func.decorators):
            logits = Parameter("logits", annotation="Any", kind=ParameterKind.positional_or_keyword)
            func.parameters, func.returns = Parameters(logits), "NDArray[float64]"
