"""What a classifier is trained by: label smoothing and what stands in its place, and what they do to the logits."""

from abstain.losses.cross_entropy import smoothed_cross_entropy
from abstain.losses.focal import focal_loss
from abstain.losses.gradients import logit_gradient, max_logit_suppression, regularisation_gradient
from abstain.losses.max_suppression import max_suppression
from abstain.losses.normalized_logits import normalized_logits

__all__ = [
    "focal_loss",
    "logit_gradient",
    "max_logit_suppression",
    "max_suppression",
    "normalized_logits",
    "regularisation_gradient",
    "smoothed_cross_entropy",
]
