"""Small kept runs of grids, as `run_grid.py --keep` leaves them, with made-up samples."""

import json

import numpy as np

from abstain import aurc
from abstain.experiments import RunRanks, RunSamples, write_ranks

N = 300


def keep(
    folder,
    data_set,
    seed,
    *,
    damage=0.0,
    n_logits=10,
    test="same",
    diagnosis=None,
    learned=True,
    device="x86_64 CPU",
    minutes=1.0,
    resumed_from=None,
    **training,
):
    """Write a run whose order is damaged so much, and return its ranks; its repair halves AURC.

    One that has not learned has the same score for all samples.
    """
    name = f"{data_set}_{'_'.join(f'{key}{value}' for key, value in training.items()) or 'ce'}_s{seed}"
    samples, own = np.random.default_rng(0), np.random.default_rng([seed, *name.encode()])
    hardness = samples.normal(size=N)
    error = hardness + 0.3 * own.normal(size=N) > 0.84
    score = (-hardness - (0.5 + damage) * own.normal(size=N)).astype(np.float32) * learned
    ranks = RunRanks.of(RunSamples(score, -score, error.astype(np.int8)))
    write_ranks(folder / name, ranks)
    msp = {"risk": float(error.mean()), "aurc": aurc(score, error), "cov@5": 0.5, "cov@1": 0.25, "ece": 0.125}
    repair = "two_class_calibration" if n_logits <= 2 else "max_logit_pnorm"
    results = {
        "settings": {
            "model": {"one_logit": False},
            "data": {"dataset_name": data_set},
            "training": {"learning_rate": 0.1, "logging_steps": 5, "seed": seed, **training},
            "launch": {"processes": 1},
        },
        "environment": {"device": device, "torch": "2.0"},
        "training": {"train_runtime": 60 * minutes, "resumed_from": resumed_from},
        "data": {"test": {"samples": N, "sha256": test}},
        "evaluation": {"n_logits": n_logits, "scores": {"msp": msp, repair: {**msp, "aurc": msp["aurc"] / 2}}},
    }
    if diagnosis is not None:
        results["diagnosis"] = {"verdict": diagnosis}
    (folder / name / "results.json").write_text(json.dumps(results))
    return ranks
