"""A folder on the Hub: in one commit, without pickles and tokens."""

from __future__ import annotations

import glob
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import CommitInfo, HfApi, get_token
from huggingface_hub.errors import HFValidationError, OfflineModeIsEnabled

from abstain._checks import ArgumentError, InputError, first_line
from abstain.inference.loading import LOGITS
from abstain.inference.pushable import pushable_files
from abstain.inference.rule_file import RULE_FILE
from abstain.models.checkpoint import HTTPError

NOT_SENT = (HTTPError, HFValidationError, OfflineModeIsEnabled, OSError, RuntimeError)
"""What the client raises of an upload; RuntimeError of the content of a large file."""


WEIGHTS = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")
OUTDATED = (*WEIGHTS, RULE_FILE, f"{LOGITS}/*")
"""What an earlier model may have left in a repository: in other parts, and what is known of its weights alone."""


def needed_token(token: str | None) -> str:
    """The token of the Hub that is given, or that of the environment.

    Raises:
        ArgumentError: there is none.
    """
    found = token or get_token()
    if found is None:
        raise ArgumentError("a push needs a token of the Hub, and there is none: set HF_TOKEN, or do hf auth login")
    return found


def upload(
    folder: Path,
    name: str,
    *,
    message: str,
    token: str | None = None,
    private: bool | None = None,
    revision: str | None = None,
) -> CommitInfo:
    """Make the repository if need be, and send in one commit all files of a folder that may be pushed.

    What an earlier model left there goes in the same commit: weights in other parts, its rule and its logits. What
    fails in the middle leaves the repository as it was.

    Args:
        folder: whose files come to stand at the top of the repository.
        name: of the repository, `user/model`.
        message: of the commit.
        token: of the Hub; None is that of the environment.
        private: whether the repository is, where it is made now.
        revision: the branch; None is `main`.

    Raises:
        ArgumentError: there is no token.
        InputError: the Hub cannot be reached, or refuses.
    """
    token = needed_token(token)
    api = HfApi(token=token)
    files = pushable_files(folder, token)
    try:
        api.create_repo(name, private=private, exist_ok=True)
        with meaning_logits():
            return api.upload_folder(
                repo_id=name,
                folder_path=folder,
                commit_message=message,
                revision=revision,
                allow_patterns=[glob.escape(file) for file in files],
                delete_patterns=[*OUTDATED],
            )
    except NOT_SENT as error:
        raise InputError(
            f"{name!r} was not pushed ({first_line(error)}): nothing has changed there, and the same call tries again"
        ) from error


@contextmanager
def meaning_logits() -> Iterator[None]:
    """Do not ask whether Parquet files in a repository of a model are meant: its logits are."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "It seems that you are about to commit a data file")
        yield
