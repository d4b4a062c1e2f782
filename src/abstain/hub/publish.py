"""Send what was planned: a model, its logits and the metric's Space, each repository filled by one commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from abstain._checks import ArgumentError, InputError, first_line
from abstain.hub.logits_dataset import CARD
from abstain.hub.publication import Publication
from abstain.hub.repository import CARD_FILE, LICENSE_FILE, MODEL_FILES, RepositoryPlan
from abstain.inference.uploading import NOT_SENT, meaning_logits, needed_token

FAILED = (*NOT_SENT, ValueError)
"""What the client raises of an upload: ValueError of a card that is none."""


def publish(publication: Publication, *, private: bool | None = None, token: str | None = None) -> list[str]:
    """Send what was planned: the logits, the model, its tag, the Space; each repository is filled by one commit.

    The data set of logits gets its text by a second one where it has none yet. What fails leaves the repository as it
    was, and those before it are whole; the same call again completes the rest. So it is where somebody else sends at
    the same time: who comes second fails. Weights, rules and the like of an earlier model, which this one does not
    have, go in the same commit; a licence stays.

    Args:
        publication: of `plan_publication`.
        private: whether repositories that are made now are; None is what the Hub does for the user.
        token: of the Hub; None is that of the environment.

    Returns:
        The address of each repository.

    Raises:
        ArgumentError: there is no token, the tag is taken, or a private Space would install the wheel that it holds.
        InputError: the Hub cannot be reached, or refuses.
    """
    token = needed_token(token)
    if private and publication.space is not None and publication.space.holds_wheel:
        raise ArgumentError(
            "a private Space could not install the wheel from its own address: leave out private or space"
        )
    api = HfApi(token=token)
    if publication.tag is not None:
        _check_tag(api, publication.model.name, publication.tag)
    sent = []
    if publication.logits is not None:
        sent.append(_send_logits(api, publication, private))
    sent.append(_send(api, publication.model, private, tag=publication.tag))
    if publication.space is not None:
        sent.append(_send(api, publication.space, private))
    return sent


def _send(api: HfApi, plan: RepositoryPlan, private: bool | None, *, tag: str | None = None) -> str:
    made: dict[str, Any] = {"space_sdk": "gradio"} if plan.kind == "space" else {}
    with _one_sentence(plan.name), meaning_logits():
        url = api.create_repo(plan.name, private=private, repo_type=plan.kind, exist_ok=True, **made)
        operations: list[Any] = [CommitOperationAdd(file.path, file.source) for file in plan.files]
        before = api.repo_info(plan.name, repo_type=plan.kind)
        operations += [CommitOperationDelete(path) for path in _outdated(plan, _paths(before))]
        message = f"Publish {plan.name.rpartition('/')[2]}"
        commit = api.create_commit(
            plan.name, operations, commit_message=message, repo_type=plan.kind, parent_commit=before.sha
        )
        if tag is not None:
            api.create_tag(plan.name, tag=tag, revision=commit.oid, repo_type=plan.kind)
    return str(url)


def _paths(found: Any) -> list[str]:
    return [file.rfilename for file in found.siblings or []]


def _outdated(plan: RepositoryPlan, before: Iterable[str]) -> Iterator[str]:
    """What an earlier model left in the repository, such as its rule, that would not belong to this one."""
    kept = {LICENSE_FILE, *(file.path for file in plan.files)}
    if plan.kind == "model":
        yield from (path for path in before if path not in kept and MODEL_FILES.fullmatch(path))


def _send_logits(api: HfApi, publication: Publication, private: bool | None) -> str:
    """By `datasets`, and where nobody has written a card yet, a text for it as a second commit."""
    name, data = str(publication.logits_name), publication.logits
    assert data is not None
    with _one_sentence(name):
        message = f"Logits of {publication.config}"
        how: dict[str, Any] = {"commit_message": message, "private": private, "token": api.token}
        data.push_to_hub(name, config_name=publication.config, **how)
        now = api.dataset_info(name).sha
        path = Path(api.hf_hub_download(name, CARD_FILE, repo_type="dataset", revision=now))
        text = path.read_text(encoding="utf-8")
        if not text.rpartition("\n---\n")[2].strip():
            card = (
                f"{text.rstrip()}\n\n{CARD.format(name=name, config=publication.config, split=list(data)[-1])}".encode()
            )
            how = {"commit_message": "What this is", "repo_type": "dataset", "parent_commit": now}
            api.create_commit(name, [CommitOperationAdd(CARD_FILE, card)], **how)
    return f"{api.endpoint}/datasets/{name}"


def _check_tag(api: HfApi, name: str, tag: str) -> None:
    try:
        refs = api.list_repo_refs(name)
    except RepositoryNotFoundError:
        return
    except NOT_SENT as error:
        raise InputError(f"{name!r} cannot be looked at ({first_line(error)}): nothing was sent") from error
    if tag in [ref.name for ref in refs.tags]:
        raise ArgumentError(
            f"{name!r} has the tag {tag!r} already: give another one, for what is tagged must not change"
        )


@contextmanager
def _one_sentence(name: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except FAILED as error:
        raise InputError(
            f"{name!r} was not published ({first_line(error)}): what had not arrived by then was not changed, and the "
            "same command again completes it"
        ) from error
