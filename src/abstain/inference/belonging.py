"""Whether what is known of a model, its rule and its validation logits, is known of the weights that are saved."""

from __future__ import annotations

from pathlib import Path

from abstain._checks import InputError
from abstain.inference.abstention import AbstentionRule
from abstain.inference.loading import Source
from abstain.inference.weights import tensor_digests, weights_sha256


class KnownWeights:
    """The weights that a classifier was made with, remembered before they may be overwritten.

    Args:
        source: where they were read from; None of a model that was made in memory.
        rule: which may say to which weights it belongs.
    """

    def __init__(self, source: Source | None, rule: AbstentionRule | None) -> None:
        self._of_rule = None if rule is None else rule.weights_sha256
        self._tensors = frozenset() if source is None else tensor_digests(source.folder)
        self._of_source = weights_sha256(source.folder) if source is not None and self._tensors else None

    def check(self, folder: Path) -> None:
        """Refuse weights in a folder that are others: changed since, in another precision, or of another model.

        Raises:
            InputError: so they are.
        """
        saved = weights_sha256(folder)
        is_so = self._of_rule in (None, saved) or (self._tensors and self._of_rule == self._of_source)
        if not is_so or (self._tensors and saved != self._of_source and tensor_digests(folder) != self._tensors):
            raise InputError(
                "the rule and the validation logits belong to other weights than the model's, which were changed, "
                "loaded in another precision, or are of another model: fit a rule anew by "
                "SelectiveClassifier.from_model"
            )
