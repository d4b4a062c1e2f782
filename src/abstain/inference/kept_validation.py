"""What a classifier said of validation data, kept so that a threshold for another target can be chosen."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from abstain._checks import ArgumentError, InputError, check_inner_fraction
from abstain.inference.abstention import AbstentionRule
from abstain.inference.loading import Source, stored_validation
from abstain.inference.preparing import check_rule


class KeptValidation:
    """The part of a classifier that knows its validation logits, in memory or beside the model that it was read from.

    A subclass has the attributes below.
    """

    kind: str
    rule: AbstentionRule | None
    class_names: tuple[str, ...]
    _validation: tuple[NDArray[np.float32], NDArray[np.int64]] | None
    _source: Source | None

    def validation_logits(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Logits (N, K) of the validation data, and their labels (N,).

        Raises:
            InputError: none are kept.
        """
        if self._validation is None:
            if self._source is None:
                raise InputError("the classifier keeps no validation logits: make it by from_model or from_pretrained")
            self._validation = stored_validation(self._source)
        return self._validation

    def with_target(self, target_risk: float, delta: float | None = None, **fit: Any) -> Self:
        """The same classifier with a threshold for another target, chosen from the stored validation logits.

        So a guarantee is computed and not copied.

        Args:
            target_risk: the selective risk to stay below, a fraction in (0, 1).
            delta: as `AbstentionRule.fit`.
            **fit: as `AbstentionRule.fit`.

        Raises:
            NoThresholdError: no threshold qualifies.
            InputError: no validation logits are kept, or as `AbstentionRule.fit`.
        """
        other = copy.copy(self)
        other.rule = other.fitted_rule(target_risk, delta, **fit)
        return other

    def fitted_rule(self, target_risk: float, delta: float | None, **fit: Any) -> AbstentionRule:
        """The rule of `with_target`, which belongs to the same weights as the one before it."""
        check_delta(self.kind, delta)
        logits, labels = self.validation_logits()
        rule = AbstentionRule.fit(logits, labels, target_risk=target_risk, delta=delta, **fit)
        check_rule(rule, len(self.class_names))
        of_weights = self.rule.weights_sha256 if self.rule else None
        return replace(rule, class_names=self.class_names, weights_sha256=of_weights)


def check_target(target_risk: float | None, delta: float | None) -> None:
    """Refuse a `delta` without the target risk that it is about, and a target or `delta` outside (0, 1).

    Raises:
        ArgumentError: so it is.
    """
    if target_risk is None and delta is not None:
        raise ArgumentError("delta is given without target_risk, which it is about: give both, or neither")
    for name, value in (("target_risk", target_risk), ("delta", delta)):
        if value is not None:
            check_inner_fraction(name, value)


def check_delta(kind: str, delta: float | None) -> None:
    """Refuse a guarantee where samples depend on each other.

    Raises:
        ArgumentError: so it is.
    """
    if kind == "pixels" and delta is not None:
        raise ArgumentError("pixels of one image are not independent, so no guarantee holds: leave out delta")
