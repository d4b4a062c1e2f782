"""The command line, `abstain …`: one file a command."""

from abstain.cli.commands import app, main

__all__ = ["app", "main"]
