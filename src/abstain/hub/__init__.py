"""Checkpoints that come with the package, and the way of others to the Hub.

`released` names the former. A card is rendered by `cards` of what a model and its folder tell of themselves (`facts`,
with `model_size`, `measurements` and `training_table`) and of what a person adds (`card_words`). `repository` says
which files go, `logits_dataset` and `space` what goes beside a model, `publication` is all of it, `publish` sends it.

Each name is imported when it is first used, so that the path of a checkpoint never waits for torch.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.hub.card_words import CardWords, read_words
    from abstain.hub.cards import TASKS, ModelFacts, Sibling, render_card
    from abstain.hub.facts import facts_of_folder
    from abstain.hub.publication import Publication, plan_publication
    from abstain.hub.publish import publish
    from abstain.hub.released import released_checkpoint, released_checkpoints
    from abstain.hub.repository import RepositoryPlan, plan_model

__all__ = [
    "TASKS",
    "CardWords",
    "ModelFacts",
    "Publication",
    "RepositoryPlan",
    "Sibling",
    "facts_of_folder",
    "plan_model",
    "plan_publication",
    "publish",
    "read_words",
    "released_checkpoint",
    "released_checkpoints",
    "render_card",
]

__getattr__ = lazy_names(
    __name__,
    {
        "card_words": ["CardWords", "read_words"],
        "cards": ["TASKS", "ModelFacts", "Sibling", "render_card"],
        "facts": ["facts_of_folder"],
        "publication": ["Publication", "plan_publication"],
        "publish": ["publish"],
        "released": ["released_checkpoint", "released_checkpoints"],
        "repository": ["RepositoryPlan", "plan_model"],
    },
)
