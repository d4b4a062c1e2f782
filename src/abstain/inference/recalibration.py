"""A rule fitted anew on labels of a deployment that has shifted, and what it promises no longer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, cast

from abstain._checks import ArgumentError, InputError
from abstain.scores.confidence import OfProbabilities
from abstain.scores.given import GivenConfidence
from abstain.threshold.operating_point import OperatingPoint

if TYPE_CHECKING:
    from abstain.inference.abstention import AbstentionRule


@dataclass(frozen=True, kw_only=True)
class Recalibrated:
    """What a rule keeps of the one before it.

    Attributes:
        recalibrated_from: the operating point of the rule that this one was recalibrated from; None of a first one.
    """

    recalibrated_from: OperatingPoint | None = field(default=None)

    def recalibrate(
        self, logits: Any, labels: Any, *, target_risk: float | None = None, delta: float | None = None, **fit: Any
    ) -> Self:
        """The same weights with score and threshold fitted anew, as by `AbstentionRule.fit`, on labels of a deployment.

        What it says holds for the deployment alone, and only if the samples were drawn and labelled whatever the
        classifier had answered; of what was said before, nothing is promised any longer: see `no_longer_promised`,
        which `describe` says too. Validation logits that are kept beside a model stay those of before, and so does what
        `target_risk=` of `SelectiveClassifier.from_pretrained` chooses of them.

        Args:
            logits: (N, K) of the deployment, of the same weights; probabilities where the rule is one of these.
            labels: (N,) int in [0, K).
            target_risk: fraction in (0, 1); None aims where the rule does, δ included.
            delta: of `target_risk`, as `AbstentionRule.fit`.
            **fit: `p_grid`, `center`, `fallback` and `seed` of `AbstentionRule.fit`.

        Returns:
            A new rule, which belongs to the same weights; the data it was fitted on have no fingerprint.

        Raises:
            NoThresholdError: no threshold qualifies.
            InputError: another K than the rule's, a rule of a given confidence, a rule without a target risk where none
                is given, or as `AbstentionRule.fit`.
        """
        rule = cast("AbstentionRule", self)
        target = _target(rule.operating_point, target_risk, delta)
        if isinstance(rule.confidence, GivenConfidence):
            raise InputError("the rule was made of a given confidence, of which no score can be fitted: choose it anew")
        kind: Any = "probabilities" if isinstance(rule.confidence, OfProbabilities) else "logits"
        found = type(rule).fit(logits, labels, target_risk=target[0], delta=target[1], input=kind, **fit)
        if rule.n_classes not in (None, found.n_classes):
            raise InputError(
                f"the logits are of {found.n_classes} classes, but the rule was made for {rule.n_classes}: give those "
                "of the model that it belongs to"
            )
        found = replace(found, class_names=rule.class_names, weights_sha256=rule.weights_sha256)
        return cast("Self", replace(found, recalibrated_from=rule.operating_point))

    @property
    def no_longer_promised(self) -> str | None:
        """What the rule before it promised and this one does not, in a few sentences; None of a first rule."""
        before = self.recalibrated_from
        if before is None:
            return None
        return (
            f"It was fitted anew on data of a deployment. No longer promised is {_promise(before)}; what is said here "
            "holds for data like those of the deployment alone, and only if these were drawn and labelled whatever the "
            "classifier had answered."
        )


def _target(before: OperatingPoint, target_risk: float | None, delta: float | None) -> tuple[float, float | None]:
    if target_risk is not None:
        return target_risk, delta
    if delta is not None:
        raise ArgumentError("delta is given without target_risk: give both, or neither to aim where the rule does")
    if before.target_risk is None:
        raise ArgumentError("the rule aims at no risk, but at a coverage or a cost: give target_risk=")
    return before.target_risk, before.delta


def _promise(before: OperatingPoint) -> str:
    """What was said of the data before, which were other ones."""
    of_data = f"on the {before.n_samples:,} samples of before"
    if before.guaranteed and before.delta is not None:
        return (
            f"the guarantee that was given for data like the {before.n_samples:,} samples of before, of a risk of at "
            f"most {before.target_risk:.4g} with probability {1 - before.delta:.4g}"
        )
    return f"what was found {of_data}, a risk of {before.risk:.2%} at a coverage of {before.coverage:.2%}"
