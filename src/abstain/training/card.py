"""What a trainer knows of its model, as results and as a card, where no program of experiments has written them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from torch import nn
from transformers import PreTrainedModel

from abstain._files import RESULTS_FILE, whole_file, write_json, write_text
from abstain.hub.card_words import WORDS_FILE, CardWords, read_words
from abstain.hub.cards import may_be_rendered, render_card
from abstain.hub.facts import curve_picture, facts_of_model, measured, read_results
from abstain.inference.rule_file import versions
from abstain.models.auto import kind_of_model
from abstain.report.folder import FIGURE_FILE
from abstain.training.teacher import facts_of_teacher

if TYPE_CHECKING:
    from abstain.training.pushing import PushingTrainer

CARD = "README.md"
WRITTEN_BY = "SelectiveTrainer"
"""What results say that a trainer may write anew; those of a program of experiments stay."""
WHERE_NOT_WHAT = {
    "output_dir",
    "logging_dir",
    "overwrite_output_dir",
    "resume_from_checkpoint",
    "local_rank",
    "run_name",
}
"""Arguments that do not change the result, and would put a path of the machine into it."""
KNOWN_CLASSES = ("ForImageClassification", "ForSequenceClassification", "ForSemanticSegmentation")
NOT_OF_THE_MODEL = ("runtime", "per_second", "epoch")
"""How metrics end that tell of the machine."""


def has_card(model: nn.Module) -> bool:
    """Whether a model is one of which a card can say how it is loaded and asked."""
    ours = type(model).__module__.startswith("abstain.")
    return isinstance(model, PreTrainedModel) and (ours or type(model).__name__.endswith(KNOWN_CLASSES))


def write_card(
    trainer: PushingTrainer, name: str, *, repository: str | None, words: CardWords, with_logits: bool, **header: Any
) -> None:
    """Write `results.json`, the risk-coverage figure and `README.md` into the folder of a trainer.

    Results of a program of experiments stay as they are, and so does a card that a person wrote.

    Args:
        trainer: whose model is saved there.
        name: of the model.
        repository: its name on the Hub; None where it has none.
        words: what a person said; a `card.yaml` in the folder wins.
        with_logits: whether the logits that stand there are of these weights.
        **header: what else stands in the header of the card, as `render_card`.
    """
    folder, model = trainer.args.folder, cast(Any, trainer.accelerator.unwrap_model(cast(nn.Module, trainer.model)))
    results = read_results(folder)
    found = measured(folder, kind=kind_of_model(model)) if with_logits else None
    if results is None or results.get("written_by") == WRITTEN_BY:
        results = _results(trainer) | ({"evaluation": found[0]} if found else {})
        write_json(folder / RESULTS_FILE, results)
    if found is not None:
        with whole_file(folder / FIGURE_FILE) as partial:
            partial.write_bytes(curve_picture(name, {"": found[1]}))
    told: dict[str, Any] = {"name": name, "location": f'"{repository or folder.name}"', "results": results}
    told |= {} if with_logits else {"splits": (), "figure": None}
    if (folder / WORDS_FILE).is_file():
        words = read_words(folder / WORDS_FILE)
    if may_be_rendered(folder / CARD):
        facts = facts_of_model(model, trainer.processing_class, folder, **told)
        write_text(folder / CARD, render_card(facts, words, **header))


def _results(trainer: PushingTrainer) -> dict[str, Any]:
    """The arguments, what training took, and what the last evaluation in it found."""
    arguments = {key: value for key, value in trainer.args.to_dict().items() if key not in WHERE_NOT_WHAT}
    logged: Sequence[Mapping[str, Any]] = trainer.state.log_history
    values = {
        "written_by": WRITTEN_BY,
        "settings": {"training": arguments | facts_of_teacher(trainer.args.teacher)},
        "environment": {**versions(), "processes": trainer.args.world_size},
        "training": next((logs for logs in reversed(logged) if "train_runtime" in logs), {}),
        "last_evaluation": _last_evaluation(logged),
    }
    if hasattr(trainer.train_dataset, "__len__"):
        values["data"] = {"train": {"samples": len(cast(Any, trainer.train_dataset))}}
    return cast(dict[str, Any], json.loads(json.dumps(values, default=str), parse_constant=str))  # JSON has no infinity


def _last_evaluation(logged: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    logs: Mapping[str, Any] = next(
        (logs for logs in reversed(logged) if any(key.startswith("eval_") for key in logs)), {}
    )
    return {key: value for key, value in logs.items() if key.startswith("eval_") and not key.endswith(NOT_OF_THE_MODEL)}
