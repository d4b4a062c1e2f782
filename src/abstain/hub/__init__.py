"""Publish and load."""

from abstain.hub.released import released_checkpoint, released_checkpoints

__all__ = [
    "released_checkpoint",
    "released_checkpoints",
]
