"""What a classifier is trained by: label smoothing, max suppression and a teacher, and what they do to the logits."""

from abstain.losses.cross_entropy import smoothed_cross_entropy
from abstain.losses.distillation import distillation
from abstain.losses.gradients import logit_gradient, max_logit_suppression, regularisation_gradient
from abstain.losses.max_suppression import max_suppression

__all__ = [
    "distillation",
    "logit_gradient",
    "max_logit_suppression",
    "max_suppression",
    "regularisation_gradient",
    "smoothed_cross_entropy",
]
