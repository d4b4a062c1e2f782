"""What the training scripts share: recipes, the folder of a run, its settings and its results."""

from abstain._checks import check_at_least
from abstain.experiments.recipe import parse_recipe
from abstain.experiments.results import check_source, training_summary, write_run_results
from abstain.experiments.run_folder import begin_run
from abstain.experiments.settings import environment, run_settings, without_folders

__all__ = [
    "begin_run",
    "check_at_least",
    "check_source",
    "environment",
    "parse_recipe",
    "run_settings",
    "training_summary",
    "without_folders",
    "write_run_results",
]
