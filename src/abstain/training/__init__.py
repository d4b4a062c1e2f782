"""Training of classifiers that may abstain, and of the folders their runs leave."""

from abstain._checks import check_at_least
from abstain.results_folder import write_results
from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.experiment import check_source, training_summary, without_folders, write_run_results
from abstain.training.recipe import parse_recipe
from abstain.training.run import begin_run, environment, run_settings
from abstain.training.trainer import SelectiveTrainer

__all__ = [
    "SelectiveTrainer",
    "SelectiveTrainingArguments",
    "begin_run",
    "check_at_least",
    "check_source",
    "environment",
    "parse_recipe",
    "run_settings",
    "training_summary",
    "without_folders",
    "write_results",
    "write_run_results",
]
