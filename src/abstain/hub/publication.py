"""What will be published of the folder of a run: looked at as a whole, before the first byte is sent."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datasets import DatasetDict

from abstain._checks import ArgumentError, InputError, shown
from abstain._files import RESULTS_FILE, check_folder, json_text
from abstain.hub.card_words import WORDS_FILE, CardWords, read_words
from abstain.hub.cards import ModelFacts, Sibling, may_be_rendered, render_card
from abstain.hub.facts import beside, curve_picture, facts_of_folder, measured
from abstain.hub.logits_dataset import config_name, files_of, logits_dataset
from abstain.hub.measurements import measurements_of
from abstain.hub.repository import CARD_FILE, RepositoryPlan, SentFile, check_name, is_name, plan_model
from abstain.hub.space import plan_space
from abstain.models.auto import KINDS  # noqa: F401 - registers our architectures
from abstain.report.folder import FIGURE_FILE

SAME = 1e-3
"""Relative difference up to which two measurements may differ by rounding; logits are kept in float32."""


TAG = re.compile(r"\w[\w-]*(\.[\w-]+)*", re.ASCII)
"""What the Hub surely takes as the name of a tag."""


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
    if tag is not None and not TAG.fullmatch(tag):
        raise ArgumentError(f"the tag is {shown(tag)}, but must be of letters, digits, -, _ and .: give such a one")
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
        told = measurements_of(facts.results)
        if told is not None:
            _check_same(evaluation, told.values)
        else:
            facts = replace(facts, results={**(facts.results or {}), "evaluation": evaluation})
            made.append(SentFile(RESULTS_FILE, json_text(facts.results).encode()))
        if facts.figure is None:
            made.append(SentFile(FIGURE_FILE, curve_picture(facts.name, {"": report})))
            facts = replace(facts, figure=FIGURE_FILE)
    if may_be_rendered(folder / CARD_FILE):
        words = read_words(folder / WORDS_FILE) if (folder / WORDS_FILE).is_file() else CardWords()
        made.append(SentFile(CARD_FILE, render_card(facts, words).encode()))
    return made


def _check_same(of_logits: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """A figure made of the logits must not stand beside numbers of other ones."""
    for key in ("risk", "aurc"):
        found, wanted = of_logits["scores"]["msp"][key], told["scores"]["msp"][key]
        if not math.isclose(found, wanted, rel_tol=SAME, abs_tol=1e-6):
            raise InputError(
                f"{RESULTS_FILE} says that {key} is {wanted:g}, but of the logits it is {found:g}: measure the model "
                "anew"
            )


def _siblings(names: Iterable[str]) -> Iterator[Sibling]:
    return (Sibling(check_name(name, "the sibling")) for name in names)


def _found_beside(folder: Path, user: str, facts: ModelFacts, given: set[str]) -> Iterator[Sibling]:
    """Runs in the folders beside, which are taken to be published under their own names where this one is."""
    if folder.resolve().name != facts.name:
        return
    for name, loss in beside(folder, facts.results):
        if is_name(f"{user}/{name}") and f"{user}/{name}" not in given:  # or it cannot be published as it is called
            yield Sibling(f"{user}/{name}", f"trained with {loss}, and alike in everything else")


def _last(path: str | Path) -> str:
    return Path(path).expanduser().resolve().name
