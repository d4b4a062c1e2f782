"""What the training scripts share: recipes, the folder of a run, its settings, its results and its samples."""

from abstain._checks import check_at_least
from abstain.experiments.arguments import DataArguments, ScriptTrainingArguments
from abstain.experiments.recipe import parse_recipe
from abstain.experiments.results import check_source, finish, run_script, training_summary, write_run_results
from abstain.experiments.run_folder import begin_run
from abstain.experiments.samples import RunSamples, read_samples, write_samples
from abstain.experiments.settings import environment, run_settings, without_folders

__all__ = [
    "DataArguments",
    "RunSamples",
    "ScriptTrainingArguments",
    "begin_run",
    "check_at_least",
    "check_source",
    "environment",
    "finish",
    "parse_recipe",
    "read_samples",
    "run_script",
    "run_settings",
    "training_summary",
    "without_folders",
    "write_run_results",
    "write_samples",
]
