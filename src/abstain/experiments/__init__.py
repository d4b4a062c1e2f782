"""What the training scripts share: recipes, the folder of a run, its settings, its results and its samples."""

from abstain.experiments.arguments import DataArguments, ScriptTrainingArguments
from abstain.experiments.recipe import parse_recipe
from abstain.experiments.results import finish, run_script, training_summary
from abstain.experiments.run_folder import start_run
from abstain.experiments.samples import RunSamples, read_samples, write_samples
from abstain.experiments.settings import environment

__all__ = [
    "DataArguments",
    "RunSamples",
    "ScriptTrainingArguments",
    "environment",
    "finish",
    "parse_recipe",
    "read_samples",
    "run_script",
    "start_run",
    "training_summary",
    "write_samples",
]
