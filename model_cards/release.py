r"""Put finished runs into the package, and write everything of a release that goes to the Hub.

    python model_cards/release.py keep runs/mlp_bank_marketing_a0.4_s0 --target-risk 0.05 --delta 0.05
    python model_cards/release.py build dist/hub --user NAME

`keep` copies the results of a run to `model_cards`, and its model, what makes its inputs, its logits and its results
into the folder of the released checkpoints, with a rule chosen on the validation logits; with the folder of a released
checkpoint it measures that one and chooses its rule anew. `make docs` then writes the cards. `build` writes each
released checkpoint as `abstain publish` would send it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from abstain import AbstentionRule, InputError, SelectiveClassifier, evaluate_logits, read_logits, write_logits
from abstain._files import RESULTS_FILE, write_json
from abstain.experiments.samples import SAMPLES_FILE
from abstain.hub import facts_of_folder, plan_model, plan_publication, released_checkpoint, released_checkpoints
from abstain.hub.publication import made_files

CARDS = Path(__file__).parent
RELEASED = CARDS.parent / "src" / "abstain" / "released_checkpoints"


def main() -> None:
    """Read the arguments, and do the one or the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    keep = verbs.add_parser("keep", help="put runs into the package")
    keep.add_argument("runs", nargs="+", type=Path, help="folders of finished runs, or of released checkpoints")
    keep.add_argument("--target-risk", type=float, help="of the rule; default: that of the rule which is there")
    keep.add_argument("--delta", type=float, help="guarantee it with probability 1 - delta; default as well")
    keep.set_defaults(do=lambda told: [keep_run(run, told.target_risk, told.delta) for run in told.runs])
    build = verbs.add_parser("build", help="write what goes to the Hub")
    build.add_argument("folder", type=Path, help="gets a folder for each released checkpoint")
    build.add_argument("--user", help="whose repositories; default: the cards load what comes with the package")
    build.set_defaults(do=lambda told: [build_one(name, told.folder, told.user) for name in released_checkpoints()])
    told = parser.parse_args()
    try:
        told.do(told)
    except InputError as error:
        sys.exit(f"error: {error}")


def keep_run(run: Path, target_risk: float | None, delta: float | None) -> None:
    """One run, under the name of its folder."""
    name, folder = run.resolve().name, RELEASED / run.resolve().name
    if target_risk is None:
        before = AbstentionRule.load(run).operating_point
        target_risk, delta = before.target_risk, before.delta
    classifier = SelectiveClassifier.from_pretrained(run, target_risk=target_risk, delta=delta, device="cpu")
    test = read_logits(run / "logits", "test")
    results = json.loads((run / RESULTS_FILE).read_text(encoding="utf-8"))
    results["evaluation"] = evaluate_logits(*test, validation=classifier.validation_logits(), input="logits").to_dict()
    of_data = results["data"]["validation"]["sha256"]
    classifier.rule = replace(classifier.rule, validation_sha256=of_data)
    classifier.save_pretrained(folder)
    write_logits(folder / "logits", "test", *test)
    for place in (folder, CARDS / name):
        write_json(place / RESULTS_FILE, results)
    if run.resolve() != folder:
        shutil.copyfile(run / SAMPLES_FILE, CARDS / name / SAMPLES_FILE)
    print(f"{name}: {classifier.rule.describe()}")


def build_one(name: str, folder: Path, user: str | None) -> None:
    """One repository, replaced as a whole."""
    released = released_checkpoint(name)
    if user is not None:
        plan = plan_publication(released, f"{user}/{name}").model
    else:
        facts = facts_of_folder(released, name=name, location=f'abstain.released_checkpoint("{name}")')
        plan = plan_model(released, f"user/{name}", made_files(released, facts))
    shutil.rmtree(folder / name, ignore_errors=True)
    print(f"{plan.write(folder / name)}: {plan.size:,} bytes")


if __name__ == "__main__":
    main()
