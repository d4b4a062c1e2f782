"""Training with label smoothing, and evaluations that say how well the model abstains."""

from abstain._lazy import lazy_names
from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.trainer import SelectiveTrainer

__all__ = [
    "SelectiveTrainer",
    "SelectiveTrainingArguments",
]

__getattr__ = lazy_names(__name__, {})  # which knows where old names went
