"""Publish the folder of a run: a model, its logits and the metric's Space, each in one commit, after a dry run."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datasets import DatasetDict
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from abstain._checks import ArgumentError, InputError, first_line
from abstain._files import RESULTS_FILE, check_folder, json_text
from abstain.hub.card_words import WORDS_FILE, CardWords, read_words
from abstain.hub.cards import ModelFacts, Sibling, is_rendered, render_card
from abstain.hub.facts import beside, curve_picture, facts_of_folder, measured
from abstain.hub.logits_dataset import CARD, config_name, files_of, logits_dataset
from abstain.hub.repository import MODEL_FILES, RepositoryPlan, SentFile, check_name, plan_model
from abstain.hub.space import plan_space
from abstain.inference.uploading import NOT_SENT, needed_token
from abstain.models.auto import KINDS  # noqa: F401 - registers our architectures
from abstain.report.folder import FIGURE_FILE

CARD_FILE = "README.md"
FAILED = (*NOT_SENT, ValueError)
"""What the client raises of an upload: ValueError of a card that is none."""


@dataclass(frozen=True)
class Publication:
    """All that will be sent.

    Attributes:
        model: the repository of the model.
        logits_name: of the data set of logits; None where none is sent.
        logits: what goes into it, as the configuration `config`.
        config: the model's name there.
        space: the metric's Space, if it was asked for.
        tag: of the commit of the model, if one was asked for.
        siblings: that the card links to.
    """

    model: RepositoryPlan
    logits_name: str | None = None
    logits: DatasetDict | None = None
    config: str = ""
    space: RepositoryPlan | None = None
    tag: str | None = None
    siblings: tuple[Sibling, ...] = ()

    def lines(self) -> Iterator[str]:
        """What a dry run prints."""
        yield from self.model.lines()
        for sibling in self.siblings:
            yield f"  sibling: {sibling.name}{f' ({sibling.said})' if sibling.said else ''}"
        if self.tag:
            yield f"  tag: {self.tag}"
        if self.logits is not None:
            yield f"datasets/{self.logits_name}, configuration {self.config}: {len(self.logits)} splits"
            for path, n_samples, n_bytes in files_of(self.logits, self.config):
                yield f"  {n_bytes:>13,}  {path}  ({n_samples:,} samples, before compression)"
        if self.space is not None:
            yield from self.space.lines()


def plan_publication(
    folder: str | Path,
    name: str,
    *,
    logits_name: str | None = None,
    space: str | Path | None = None,
    wheel: str | Path | None = None,
    siblings: Iterable[str] = (),
    tag: str | None = None,
    token: str | None = None,
) -> Publication:
    """Look at everything that will be sent; nothing is sent, and nothing written into the folder.

    Args:
        folder: of a run, or a released one.
        name: of the model's repository, `user/model`.
        logits_name: of the data set of logits; None is `user/abstain-logits`.
        space: the folder of a Space that is sent too, as `user/` and the folder's name.
        wheel: of this package, which the Space installs.
        siblings: names of models on the Hub that differ in little, `user/other`.
        tag: for the commit of the model.
        token: of the Hub, which must not stand in any file.

    Raises:
        InputError: there is no model in the folder, a name is none, or as `plan_model` and `plan_space`.
    """
    folder, name = check_folder(folder, "the folder to publish"), check_name(name)
    user = name.partition("/")[0]
    logits_name = check_name(logits_name or f"{user}/abstain-logits", "the data set of logits")
    if wheel is not None and space is None:
        raise ArgumentError("a wheel is given, but only a Space installs it: give space too, or leave it out")
    plan_model(folder, name, token=token)  # before the model is loaded, which takes longer
    facts = facts_of_folder(folder, name=name.rpartition("/")[2], location=f'"{name}"')
    linked = (*_siblings(siblings), *_found_beside(folder, user, facts, set(siblings)))
    logits = logits_dataset(folder, facts.class_names)
    facts = replace(facts, siblings=linked, logits=logits_name if logits is not None else None)
    return Publication(
        plan_model(folder, name, made_files(folder, facts), token=token),
        logits_name if logits is not None else None,
        logits,
        config_name(name),
        None if space is None else plan_space(space, f"{user}/{_last(space)}", wheel=wheel, token=token),
        tag,
        linked,
    )


def made_files(folder: Path, facts: ModelFacts) -> list[SentFile]:
    """The card, and the results and the figure where the folder has none but the logits to make them of.

    A card that a person wrote stays as it is.
    """
    made = []
    of_logits = None
    if facts.figure is None or (facts.results or {}).get("evaluation") is None:
        of_logits = measured(folder, kind="pixels" if facts.task == "image-segmentation" else "")
    if of_logits is not None:
        evaluation, report = of_logits
        if "evaluation" not in (facts.results or {}):
            facts = replace(facts, results={**(facts.results or {}), "evaluation": evaluation})
            made.append(SentFile(RESULTS_FILE, json_text(facts.results).encode()))
        if facts.figure is None:
            made.append(SentFile(FIGURE_FILE, curve_picture(facts.name, {"": report})))
            facts = replace(facts, figure=FIGURE_FILE)
    card = folder / CARD_FILE
    if not card.is_file() or is_rendered(card.read_text(encoding="utf-8")):
        words = read_words(folder / WORDS_FILE) if (folder / WORDS_FILE).is_file() else CardWords()
        made.append(SentFile(CARD_FILE, render_card(facts, words).encode()))
    return made


def publish(publication: Publication, *, private: bool | None = None, token: str | None = None) -> list[str]:
    """Send what was planned: the logits, the model, its tag, the Space; each repository is filled by one commit.

    What fails leaves the repository as it was, and those before it are whole; the same call again completes the rest.
    Weights, rules and the like of an earlier model, which this one does not have, go in the same commit.

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
    with _one_sentence(plan.name), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "It seems that you are about to commit a data file")  # and so we are
        url = api.create_repo(plan.name, private=private, repo_type=plan.kind, exist_ok=True, **made)
        operations: list[Any] = [CommitOperationAdd(file.path, file.source) for file in plan.files]
        operations += [CommitOperationDelete(path) for path in _outdated(api, plan)]
        message = f"Publish {plan.name.rpartition('/')[2]}"
        commit = api.create_commit(plan.name, operations, commit_message=message, repo_type=plan.kind)
        if tag is not None:
            api.create_tag(plan.name, tag=tag, revision=commit.oid, repo_type=plan.kind)
    return str(url)


def _outdated(api: HfApi, plan: RepositoryPlan) -> Iterator[str]:
    """What an earlier model left in the repository, such as its rule, that would not belong to this one."""
    now = {file.path for file in plan.files}
    if plan.kind == "model":
        before = api.list_repo_files(plan.name, repo_type=plan.kind)
        yield from (path for path in before if path not in now and MODEL_FILES.fullmatch(path))


def _send_logits(api: HfApi, publication: Publication, private: bool | None) -> str:
    """By `datasets`, and where nobody has written a card yet, a text for it as a second commit."""
    name, data = str(publication.logits_name), publication.logits
    assert data is not None
    with _one_sentence(name):
        message = f"Logits of {publication.config}"
        how: dict[str, Any] = {"commit_message": message, "private": private, "token": api.token}
        data.push_to_hub(name, config_name=publication.config, **how)
        path = Path(api.hf_hub_download(name, CARD_FILE, repo_type="dataset"))
        text = path.read_text(encoding="utf-8")
        if not text.rpartition("\n---\n")[2].strip():
            card = (
                f"{text.rstrip()}\n\n{CARD.format(name=name, config=publication.config, split=list(data)[-1])}".encode()
            )
            api.create_commit(
                name, [CommitOperationAdd(CARD_FILE, card)], commit_message="What this is", repo_type="dataset"
            )
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


def _siblings(names: Iterable[str]) -> Iterator[Sibling]:
    return (Sibling(check_name(name, "the sibling")) for name in names)


def _found_beside(folder: Path, user: str, facts: ModelFacts, given: set[str]) -> Iterator[Sibling]:
    """Runs in the folders beside, which are taken to be published under their own names where this one is."""
    if folder.resolve().name != facts.name:
        return
    for name, alpha in beside(folder, facts.results):
        if f"{user}/{name}" not in given:
            yield Sibling(f"{user}/{name}", f"trained with α = {alpha:g}, and alike in everything else")


def _last(path: str | Path) -> str:
    return Path(path).expanduser().resolve().name
