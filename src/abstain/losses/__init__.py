"""What a classifier is trained by: label smoothing and max suppression, and what they do to the logits."""

from abstain.losses.cross_entropy import smoothed_cross_entropy
from abstain.losses.gradients import logit_gradient, max_logit_suppression, regularisation_gradient
from abstain.losses.max_suppression import max_suppression

__all__ = [
    "logit_gradient",
    "max_logit_suppression",
    "max_suppression",
    "regularisation_gradient",
    "smoothed_cross_entropy",
]
