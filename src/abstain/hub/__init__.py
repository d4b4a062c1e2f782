"""Model cards (`cards`), and the checkpoints that come with the package (`released`).

Each name is imported when it is first used, so that the path of a checkpoint never waits for torch.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.hub.cards import TASKS, CardWords, render_card
    from abstain.hub.released import released_checkpoint, released_checkpoints

__all__ = [
    "TASKS",
    "CardWords",
    "released_checkpoint",
    "released_checkpoints",
    "render_card",
]

__getattr__ = lazy_names(
    __name__,
    {
        "cards": ["TASKS", "CardWords", "render_card"],
        "released": ["released_checkpoint", "released_checkpoints"],
    },
)
