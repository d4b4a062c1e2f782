"""Wrong inputs of losses and their gradients."""

import math

import torch

from abstain.losses import logit_gradient, max_logit_suppression, regularisation_gradient, smoothed_cross_entropy
from wrong_inputs.values import LABELS, LOGITS, NO_FRACTION, NO_NUMBER, Y, Z, case, over


# losses
def loss(logits=Z, labels=Y, **options):
    return lambda: smoothed_cross_entropy(logits, labels, **options)


for name, call, said in (
    ("logits of NumPy", loss(LOGITS), "give a torch tensor"),
    ("labels of NumPy", loss(labels=LABELS), "give a torch tensor"),
    ("labels in a list", loss(labels=LABELS.tolist()), "give a torch tensor"),
    ("no logits", loss(None), "give a torch tensor"),
    ("logits as text", loss("abc"), "give a torch tensor"),
    ("whole logits", loss(Z.long()), "make them floats"),
    ("complex logits", loss(Z.to(torch.complex64)), "make them floats"),
    ("sparse logits", loss(Z.to_sparse()), "call to_dense() first"),
    ("meta logits", loss(Z.to("meta")), "as a meta tensor"),
    ("sparse labels", loss(labels=Y.to_sparse()), "call to_dense() first"),
    ("float labels", loss(labels=Y.double()), "must be integers"),
    ("complex labels", loss(labels=Y.to(torch.complex64)), "must be integers"),
    ("one-hot labels", loss(labels=torch.eye(4).long()[Y]), "as samples with several labels do"),
    ("too few labels", loss(labels=Y[:3]), "need (N, K, …), (N, …)"),
    ("one axis", loss(Z[:, 0]), "need (N, K, …), (N, …)"),
    ("no axis", loss(Z[0, 0], Y[0]), "need (N, K, …), (N, …)"),
    ("classes on the last axis", loss(torch.ones(2, 3, 3, 5), torch.zeros(2, 3, 4).long()), "need (N, K, …), (N, …)"),
    ("no class", loss(Z[:, :0]), "no class (K = 0)"),
    ("a negative label", loss(labels=Y - 1), "labels must be from 0 to 3"),
    ("a label too large", loss(labels=Y + 1), "labels must be from 0 to 3"),
    ("an enormous label", loss(labels=Y + 10**15), "labels must be from 0 to 3"),
    ("other labels of one logit", loss(Z[:, :1]), "one logit takes the labels 0, 1"),
    ("weights of one logit", loss(Z[:, :1], Y * 0, weight=torch.ones(1)), "one logit has no classes to weigh"),
    ("too few weights", loss(weight=torch.ones(3)), "weight has shape (3,), but must be (4,)"),
    ("weights in a column", loss(weight=torch.ones(4, 1)), "weight has shape (4, 1)"),
    ("weights in a list", loss(weight=[1.0] * 4), "give a torch tensor"),
    ("negative weights", loss(weight=-torch.ones(4)), "weight holds a negative"),
    ("NaN weights", loss(weight=torch.full((4,), math.nan)), "weight holds a negative, NaN"),
    ("allow_negative_smoothing='no'", loss(allow_negative_smoothing="no"), "allow_negative_smoothing is 'no'"),
    ("negative smoothing", loss(smoothing=-0.5), "label-smoothing factor is -0.5"),
    ("smoothing of 1", loss(smoothing=1), "label-smoothing factor is 1"),
):
    case(f"loss: {name}", call, said)
over("smoothing", NO_NUMBER, lambda v: loss(smoothing=v)(), "the label-smoothing factor is ")
over("reduction", NO_NUMBER, lambda v: loss(reduction=v)(), "unknown reduction")
over("ignore_index", {"text": "0", "None": None, "1.5": 1.5, "True": True}, lambda v: loss(ignore_index=v)(), "ignore_")
PI = Z.softmax(1)
for name, call, said in (
    ("unequal", lambda: logit_gradient(Z, PI[:3]), "not equal"),
    ("NumPy", lambda: logit_gradient(LOGITS, PI), "give a torch tensor"),
    ("NumPy's conditional", lambda: logit_gradient(Z, PI.numpy()), "give a torch tensor"),
    ("one axis", lambda: logit_gradient(Z[0], PI[0]), "must be (N, K)"),
    ("whole", lambda: logit_gradient(Z.long(), PI), "make them floats"),
    ("no distribution", lambda: logit_gradient(Z, Z), "rows must be at least 0 and sum to 1"),
    ("a list", lambda: regularisation_gradient([[1, 0]], smoothing=0.1), "give a torch tensor"),
    ("one row", lambda: regularisation_gradient(PI[0], smoothing=0.1), "must be (N, K)"),
    ("smoothing", lambda: regularisation_gradient(PI, smoothing=1), "must be in [0, 1)"),
    ("a number", lambda: max_logit_suppression(0.5, n_classes=4, smoothing=0.1), "give a torch tensor"),
    ("above 1", lambda: max_logit_suppression(PI * 9, n_classes=4, smoothing=0.1), "outside [0, 1]"),
    ("NaN", lambda: max_logit_suppression(PI * math.nan, n_classes=4, smoothing=0.1), "outside [0, 1]"),
):
    case(f"gradient: {name}", call, said)
over("n_classes", NO_FRACTION, lambda v: max_logit_suppression(PI, n_classes=v, smoothing=0.1), "n_classes")
