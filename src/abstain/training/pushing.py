"""A `Trainer` that pushes a repository once it is whole, without pickles and tokens."""

from __future__ import annotations

import glob
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from huggingface_hub import get_token, upload_folder
from torch import nn
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR, HubStrategy, SaveStrategy
from transformers.utils.hub import PushInProgress

from abstain._checks import ArgumentError, InputError, first_line
from abstain.hub.card_words import CardWords
from abstain.inference.loading import LOGITS
from abstain.inference.pushable import pushable_files
from abstain.inference.rule_file import RULE_FILE
from abstain.inference.uploading import NOT_SENT, OUTDATED
from abstain.report.folder import FIGURE_FILE
from abstain.training.card import CARD, has_card, write_card
from abstain.training.evaluating import EvaluatingTrainer
from abstain.training.refusals import naming_what_is_refused

STAYS = ("_", f"{PREFIX_CHECKPOINT_DIR}-")
"""What begins so in the output folder is not of the model, for `Trainer` either."""


class PushingTrainer(EvaluatingTrainer):
    """A `Trainer` of which no pickle and no token goes to the Hub, whatever `args.hub_strategy`.

    Checkpoints that are pushed hold the weights and the state of the trainer; those of the optimizer, the schedule and
    the random numbers are pickles, so that a run is resumed from the checkpoints on its own disk.

    Args: those of `EvaluatingTrainer`.

    Raises:
        InputError: `args.push_to_hub` without a token, or the repository cannot be made.
    """

    _holds_back = False
    _is_checked = True
    _logits_of_step: int | None = None
    push_in_progress: Any = None

    def init_hf_repo(self, token: str | None = None, *more: Any, **how: Any) -> None:
        """Make the repository on the Hub that `push_to_hub` fills, as `Trainer` does, once nothing is refused.

        Args:
            token: of the Hub; None is that of the arguments or of the environment.
            *more: of `Trainer.init_hf_repo`: `private`, which transformers 5.6 does not take yet.
            **how: the same by name.
        """
        if not self._is_checked:
            return
        if self.is_world_process_zero() and not self._hub_token(token):
            raise ArgumentError(
                "push_to_hub needs a token of the Hub, and there is none: give hub_token=, set HF_TOKEN, or log in "
                "with hf auth login"
            )
        with naming_what_is_refused("repository of push_to_hub", (Exception,)):  # no network, no right
            super().init_hf_repo(token, *more, **how)

    def _hub_token(self, token: str | None = None) -> str | None:
        return token or self.args.hub_token or get_token()

    @contextmanager
    def one_push(self) -> Iterator[None]:
        """What the block saves is pushed once, at its end, if `args.push_to_hub`; nothing after an error.

        Every process enters it. Blocks may lie in each other: the outermost pushes.
        """
        if self._holds_back:
            yield
            return
        self._holds_back = True
        try:
            yield
        finally:
            self._holds_back = False
        if self.args.push_to_hub:
            self.push_to_hub(commit_message="Model save")

    def push_to_hub(
        self,
        commit_message: str | None = "End of training",
        blocking: bool = True,
        token: str | None = None,
        revision: str | None = None,
        private: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `Trainer.push_to_hub`: save the model, and upload what stands in `output_dir`, beside a card.

        That is the model, what makes its inputs, its rule, its logits, its results and a figure; logits that were made
        of other weights, before a training went on, stay here, and a warning says so.

        Files that are pickles or hold a token are left out, by their content and by the names `*.bin`, `*.pt`, `*.pth`,
        `*.pkl` and the like.

        Raises:
            InputError: the Hub cannot be reached or refuses, which leaves the repository as it was.
        """
        self.callback_handler.on_push_begin(self.args, self.state, self.control)
        if self.hub_model_id is None:
            self.init_hf_repo(token, **({} if private is None else {"private": private}))
        self.save_model(_internal_call=True)
        if not self.is_world_process_zero():
            return None
        name = (self.args.hub_model_id or str(self.args.folder)).rstrip("/").split("/")[-1]
        tags = kwargs.pop("tags", None) or []
        tags = [tags] if isinstance(tags, str) else list(tags)
        tags += [tag for tag in getattr(self.model, "model_tags", None) or () if tag not in tags]
        self.create_model_card(**{"model_name": name, "tags": tags or None, **kwargs})
        if self.push_in_progress is not None:
            self.push_in_progress.wait_until_done()
        stays = () if self._logits_are_of_these_weights() else (f"{LOGITS}/", FIGURE_FILE)
        how: dict[str, Any] = {"token": token, "revision": revision, "run_as_future": not blocking}
        try:
            return self._upload(self.args.folder, str(commit_message), stays=stays, **how)
        except NOT_SENT as error:
            raise InputError(
                f"{self.hub_model_id!r} was not pushed ({first_line(error)}): nothing has changed there, the model is "
                f"whole in {str(self.args.folder)!r}, and push_to_hub() tries again"
            ) from error

    def create_model_card(
        self,
        language: str | None = None,
        license: str | None = None,
        tags: str | list[str] | None = None,
        model_name: str | None = None,
        finetuned_from: str | None = None,
        tasks: str | list[str] | None = None,
        dataset_tags: str | list[str] | None = None,
        dataset: str | list[str] | None = None,
        dataset_args: str | list[str] | None = None,
    ) -> None:
        """Write `README.md`: what the model is for, how well it knows when to abstain, and how it is loaded and asked.

        With it `results.json` and, of a model with logits of test data, `risk_coverage.png`; a `card.yaml` in the
        folder says what only a person can. Of adapters, of models in parts and of token classifiers it is the card of
        `Trainer`.

        Args:
            language: of the texts that it classifies.
            license: of the weights, by the Hub's name for it.
            tags: beside those that all have.
            model_name: what it is called; None is the last part of its name on the Hub.
            finetuned_from: the name of the model that it began with; None is that of its configuration.
            tasks: as `Trainer`, for the models of its card.
            dataset_tags: the name of the data on the Hub.
            dataset: what people call them.
            dataset_args: as `Trainer`, for the models of its card.
        """
        if not self.is_world_process_zero():
            return
        model = cast(nn.Module, self.accelerator.unwrap_model(cast(nn.Module, self.model)))
        if not has_card(model) or self.is_fsdp_enabled or self.is_deepspeed_enabled:
            told = (language, license, tags, model_name, finetuned_from, tasks, dataset_tags, dataset, dataset_args)
            super().create_model_card(*told)
            return
        repository = self.hub_model_id or self.args.hub_model_id
        begun = finetuned_from or _on_hub(getattr(model.config, "_name_or_path", None))
        header: dict[str, Any] = {"tags": [tags] if isinstance(tags, str) else tags or []}
        header |= {key: value for key, value in (("language", language), ("base_model", begun)) if value}
        write_card(
            cast(Any, self),
            model_name or (repository or self.args.folder.name).rpartition("/")[2],
            repository=repository if repository and "/" in repository else None,
            words=CardWords(license=license, dataset=_first(dataset_tags), dataset_name=_first(dataset)),
            with_logits=self._logits_are_of_these_weights(warns=True),
            **header,
        )

    def _logits_are_of_these_weights(self, *, warns: bool = False) -> bool:
        """Whether the model has not changed since its logits were written."""
        is_so = self._logits_of_step == self.state.global_step
        if warns and not is_so and (self.args.folder / LOGITS).is_dir():
            warnings.warn(
                f"the logits in {str(self.args.folder)!r} are not known to be of these weights, and are not pushed: "
                "write them anew by save_with_logits or calibrate",
                stacklevel=2,
            )
        return is_so

    def _upload(
        self, folder: Path, message: str, *, token: str | None = None, stays: tuple[str, ...] = (), **how: Any
    ) -> Any:
        """Upload of a folder what may be pushed, and nothing that comes to stand in it meanwhile.

        What an earlier model left in the repository goes in the same commit; its logits stay where the rule does, which
        belongs to the same weights.
        """
        token = self._hub_token(token)
        files = [name for name in pushable_files(folder, token) if not name.startswith((*STAYS, *stays))]
        if "path_in_repo" not in how:
            kept = f"{LOGITS}/*" if RULE_FILE in files else None
            how["delete_patterns"] = [pattern for pattern in OUTDATED if pattern != kept]
        return upload_folder(  # of one client for all, which sends what waits one after another
            repo_id=str(self.hub_model_id),
            folder_path=folder,
            commit_message=message,
            token=token,
            allow_patterns=[glob.escape(name) for name in files],
            **{**how, "revision": how.get("revision") or self.args.hub_revision},
        )

    def _push_from_checkpoint(self, checkpoint_folder: str) -> None:
        """As of `Trainer`, in the background; the weights come without a rule, which would belong to others."""
        if not self.is_world_process_zero() or self.args.hub_strategy == HubStrategy.END:
            return
        if self.push_in_progress is not None and not self.push_in_progress.is_done():
            if not self.args.hub_always_push:
                return
            self.push_in_progress.wait_until_done()  # it reads the files that are written next
        self.callback_handler.on_push_begin(self.args, self.state, self.control)
        checkpoint, folder = Path(checkpoint_folder), self.args.folder
        (folder / RULE_FILE).unlink(missing_ok=True)
        for name in pushable_files(checkpoint, self._hub_token()):
            if name not in (TRAINER_STATE_NAME, CARD):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(checkpoint / name, folder / name)
        by_steps = self.args.save_strategy == SaveStrategy.STEPS
        at = f"step {self.state.global_step}" if by_steps else f"epoch {int(self.state.epoch or 0)}"
        stays = (f"{LOGITS}/", FIGURE_FILE)  # of the weights before
        jobs: Any = [self._upload(folder, f"Training in progress, {at}", stays=stays, run_as_future=True)]
        if self.args.hub_strategy in (HubStrategy.CHECKPOINT, HubStrategy.ALL_CHECKPOINTS):
            path = "last-checkpoint" if self.args.hub_strategy == HubStrategy.CHECKPOINT else checkpoint.name
            message = f"Training in progress, {at}, checkpoint"
            jobs.append(self._upload(checkpoint, message, path_in_repo=path, run_as_future=True))
        self.push_in_progress = PushInProgress(jobs)


def _on_hub(name: Any) -> str | None:
    """A name on the Hub, where a model was loaded by one, and not from a folder."""
    is_name = isinstance(name, str) and name.count("/") == 1 and not name.startswith((".", "/", "~"))
    return name if is_name and not Path(name).exists() else None


def _first(names: str | list[str] | None) -> str | None:
    if isinstance(names, list):
        return names[0] if names else None
    return names
