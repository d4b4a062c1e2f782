"""What the training scripts share: recipes, the folder of a run, its settings, its results and its samples.

A run leaves in its folder: `run.json` (its settings, from the start), `checkpoint-N` (each with a file `complete` once
it is whole), the model with what makes its inputs, `logits/validation.parquet` and `logits/test.parquet`,
`samples.parquet` (confidence and error of each test sample; none of pixels), and last of all `results.json`: where it
is, the run is over.
"""

from abstain._checks import ArgumentError
from abstain.experiments.arguments import DataArguments, ScriptTrainingArguments
from abstain.experiments.recipe import parse_recipe
from abstain.experiments.results import finish, run_script
from abstain.experiments.run_folder import start_run, train_run
from abstain.experiments.samples import RunSamples, read_samples, write_samples
from abstain.experiments.settings import environment, without_folders
from abstain.experiments.teacher_inputs import check_teacher_inputs

__all__ = [
    "ArgumentError",
    "DataArguments",
    "RunSamples",
    "ScriptTrainingArguments",
    "check_teacher_inputs",
    "environment",
    "finish",
    "parse_recipe",
    "read_samples",
    "run_script",
    "start_run",
    "train_run",
    "without_folders",
    "write_samples",
]
