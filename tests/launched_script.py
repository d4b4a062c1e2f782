"""Runs a training script on one process or several, and kills it on demand: `python launched_script.py SCRIPT ...`.

Several processes get from it what `torchrun` gives them, but share one process group, and the imports, which take
longer than a tiny training run: it forks after them.
"""

import argparse
import os
import runpy
import signal
import sys
import time
from pathlib import Path

import datasets  # noqa: F401 - imported before the fork, as all that a script needs
from accelerate import DistributedType, PartialState
from torch import distributed
from torch.distributed import TCPStore
from torch.multiprocessing import start_processes
from transformers.trainer import TRAINER_STATE_NAME

import abstain.models  # noqa: F401
from abstain import SelectiveTrainer
from abstain.training.checkpoints import COMPLETE_FILE

TIME_TO_MARK = 1.0
"""Seconds in which the first process would have marked a checkpoint as complete if it did not wait for the others."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--fsdp", choices=["1", "2"], help="cut the model into parts, by this version")
    parser.add_argument("--killed_at", type=int, help="the step whose checkpoint is never written to its end")
    parser.add_argument("script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.killed_at is not None:
        kill_at(options.killed_at)
    if options.processes == 1:
        run(options)
    else:
        store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        start_processes(run_as_one_of, (options, store.port), nprocs=options.processes, start_method="fork")


def run(options):
    sys.argv = [options.script, *options.arguments]
    runpy.run_path(options.script, run_name="__main__")


def run_as_one_of(rank, options, port):
    variables = {
        "RANK": rank,
        "LOCAL_RANK": rank,
        "WORLD_SIZE": options.processes,
        "LOCAL_WORLD_SIZE": options.processes,
    }
    variables |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_USE_AGENT_STORE": True}
    os.environ |= {name: str(value) for name, value in variables.items()}
    if options.fsdp:
        cut_on_processors(options.fsdp)
    run(options)


def cut_on_processors(version):
    """Have accelerate cut models into parts, as it does on GPUs alone, though these processes have none."""
    resharding = {"1": "FULL_SHARD", "2": "true"}[version]
    variables = {"VERSION": version, "AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP", "RESHARD_AFTER_FORWARD": resharding}
    os.environ |= {"ACCELERATE_USE_FSDP": "true", "ACCELERATE_TORCH_DEVICE": "cpu"}
    os.environ |= {f"FSDP_{name}": value for name, value in variables.items()}
    PartialState._prepare_backend = lambda *args: ("gloo", DistributedType.MULTI_GPU)
    distributed.init_process_group("gloo")


def kill_at(step):
    """Have the last process kill the whole group instead of writing its part of the checkpoint of this step."""
    write = SelectiveTrainer._save_rng_state

    def kill_or_write(trainer, folder):
        checkpoint = Path(folder)
        last = trainer.args.process_index == trainer.args.world_size - 1
        if checkpoint.name != f"checkpoint-{step}" or not last:
            return write(trainer, folder)
        if trainer.args.world_size > 1:
            wait_for_the_first(checkpoint)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    SelectiveTrainer._save_rng_state = kill_or_write


def wait_for_the_first(checkpoint):
    """Until the first process has written all of its files, and has had the time to mark the checkpoint too early."""
    while not (checkpoint / TRAINER_STATE_NAME).exists():
        time.sleep(0.01)
    deadline = time.monotonic() + TIME_TO_MARK
    while time.monotonic() < deadline and not (checkpoint / COMPLETE_FILE).exists():
        time.sleep(0.01)


if __name__ == "__main__":
    main()
