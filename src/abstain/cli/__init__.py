"""The command line, `abstain …`: one file a command."""

from abstain.cli.commands import app, main, typed

__all__ = ["app", "main", "typed"]
