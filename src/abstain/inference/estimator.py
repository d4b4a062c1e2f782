"""The interface of scikit-learn: predict with a value for abstentions, probabilities, and the selective accuracy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from abstain._checks import InputError
from abstain.inference.answers import class_probabilities, confidence_of, predicted_classes
from abstain.inference.validation import labelled

if TYPE_CHECKING:
    from abstain.inference.abstention import AbstentionRule


class SelectiveEstimator(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """What scikit-learn calls of a classifier that has been fitted.

    A subclass has the attributes below and a method `logits` of samples.
    """

    kind: str
    processor: Any
    rule: AbstentionRule | None
    class_names: tuple[str, ...]
    reject_value: Any

    @abstractmethod
    def logits(self, samples: Any) -> NDArray[np.float32]:
        """(N, K) of N samples."""

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """The classifier as it is, which learns nothing more, as scikit-learn's `FrozenEstimator` does."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def classes_(self) -> NDArray[Any]:
        """(K,) the names of the classes, in the order of `predict_proba`."""
        return np.array(self.class_names, dtype=object)

    def predict(self, X: Any) -> NDArray[np.object_]:
        """(N,) the name of the class where the classifier answers, `reject_value` where it abstains.

        Args:
            X: N samples.

        Raises:
            InputError: as `logits`.
        """
        logits = self.logits(X)
        found = self.classes_[predicted_classes(logits)]
        found[~confidence_of(logits, self.rule)[1]] = self.reject_value
        return found

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """(N, K) softmax probabilities, of all samples: also of those on which the classifier abstains."""
        return class_probabilities(self.logits(X))

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """(N,) the confidence on the scale of the rule's threshold; larger is more certain."""
        return confidence_of(self.logits(X), self.rule)[0]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The selective accuracy: the share of right answers among those given, in [0, 1]; higher is better.

        Args:
            X: N samples.
            y: (N,) their classes, as numbers or names.
            sample_weight: (N,) what each counts; None counts all alike.

        Raises:
            InputError: the classifier abstains on all of them, or a label is no class.
        """
        samples, labels = labelled(self.kind, (X, y), self.processor, self.class_names)
        logits = self.logits(samples)
        accepted = confidence_of(logits, self.rule)[1]
        if not accepted.any():
            raise InputError(f"the classifier abstains on all {len(accepted)} samples, so nothing is right or wrong")
        right = predicted_classes(logits) == np.asarray(labels)
        weights = None if sample_weight is None else np.asarray(sample_weight)[accepted]
        return float(np.average(right[accepted], weights=weights))
