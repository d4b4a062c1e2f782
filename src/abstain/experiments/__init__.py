"""What the training scripts share: recipes, the folder of a run, its settings, its results, its samples, and grids.

A run leaves in its folder: `run.json` (its settings, from the start), `checkpoint-N` (each with a file `complete` once
it is whole), the model with what makes its inputs, `logits/validation.parquet` and `logits/test.parquet`,
`samples.parquet` (confidence and error of each test sample; none of pixels), and last of all `results.json`: where it
is, the run is over.
"""

from abstain._checks import ArgumentError, InputError
from abstain._files import check_output_folder
from abstain.experiments.arguments import DataArguments, ScriptTrainingArguments
from abstain.experiments.grid import GridRun, read_grid, with_folders
from abstain.experiments.grid_state import ENDED, is_done, log_of
from abstain.experiments.jobs import Job, last_line, run_jobs
from abstain.experiments.kept_runs import RunRanks, keep_run, read_ranks, write_ranks
from abstain.experiments.recipe import parse_recipe
from abstain.experiments.results import finish, run_script
from abstain.experiments.run_folder import start_run, train_run
from abstain.experiments.samples import RunSamples, read_samples, write_samples
from abstain.experiments.settings import device_name, environment, without_folders
from abstain.experiments.teacher_inputs import check_teacher_inputs
from abstain.experiments.time_left import TimeLeft

__all__ = [
    "ENDED",
    "ArgumentError",
    "DataArguments",
    "GridRun",
    "InputError",
    "Job",
    "RunRanks",
    "RunSamples",
    "ScriptTrainingArguments",
    "TimeLeft",
    "check_output_folder",
    "check_teacher_inputs",
    "device_name",
    "environment",
    "finish",
    "is_done",
    "keep_run",
    "last_line",
    "log_of",
    "parse_recipe",
    "read_grid",
    "read_ranks",
    "read_samples",
    "run_jobs",
    "run_script",
    "start_run",
    "train_run",
    "with_folders",
    "without_folders",
    "write_ranks",
    "write_samples",
]
