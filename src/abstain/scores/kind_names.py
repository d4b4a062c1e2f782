"""What values can be called, and the refusal of those that could be called two things."""

from __future__ import annotations

from typing import Literal

from abstain._checks import RowError

Kind = Literal["logits", "log-probabilities", "probabilities", "one logit", "one probability"]
Input = Literal["logits", "log-probabilities", "probabilities"]

KINDS: tuple[Kind, ...] = ("logits", "log-probabilities", "probabilities", "one logit", "one probability")
INPUTS: tuple[Input, ...] = ("logits", "log-probabilities", "probabilities")
"""What a caller may say; one column of logits is one logit, one of probabilities one probability."""

OF_PROBABILITIES: tuple[Kind, ...] = ("probabilities", "one probability")
"""The kinds that `scores.probabilities` is for; the functions of logits take the others."""

WITHOUT_SHIFT: tuple[Kind, ...] = ("log-probabilities", "probabilities")
"""The kinds whose rows have lost their shift, which the uncentred p-norm reads; one column has no p-norm at all."""

TELL = 'say which with input="probabilities" or input="logits"'


class OpenKindError(RowError):
    """Values that have two readings with different numbers; more samples of the same source may tell which it is."""
