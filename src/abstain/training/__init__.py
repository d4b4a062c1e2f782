"""Training of classifiers that may abstain, and of the folders their runs leave."""

from abstain.results_folder import write_results
from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.recipe import parse_recipe
from abstain.training.run import begin_run, environment, run_settings
from abstain.training.trainer import SelectiveTrainer

__all__ = [
    "SelectiveTrainer",
    "SelectiveTrainingArguments",
    "begin_run",
    "environment",
    "parse_recipe",
    "run_settings",
    "write_results",
]
