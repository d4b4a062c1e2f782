"""Training with label smoothing, and evaluations that say how well the model abstains."""

from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.trainer import SelectiveTrainer

__all__ = [
    "SelectiveTrainer",
    "SelectiveTrainingArguments",
]
