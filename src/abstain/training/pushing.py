"""A `Trainer` that pushes a repository once it is whole, without pickles and tokens."""

from __future__ import annotations

import glob
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huggingface_hub import get_token, upload_folder
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR, HubStrategy, SaveStrategy
from transformers.utils.hub import PushInProgress

from abstain._checks import ArgumentError
from abstain.inference.pushable import pushable_files
from abstain.inference.rule_file import RULE_FILE
from abstain.training.evaluating import EvaluatingTrainer
from abstain.training.refusals import naming_what_is_refused

CARD = "README.md"
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

        Files that are pickles or hold a token are left out, by their content and by the names `*.bin`, `*.pt`, `*.pth`,
        `*.pkl` and the like.
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
        return self._upload(
            self.args.folder, str(commit_message), token=token, revision=revision, run_as_future=not blocking
        )

    def _upload(self, folder: Path, message: str, *, token: str | None = None, **how: Any) -> Any:
        """Upload of a folder what may be pushed, and nothing that comes to stand in it meanwhile."""
        token = self._hub_token(token)
        files = [name for name in pushable_files(folder, token) if not name.startswith(STAYS)]
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
        running = None if self.push_in_progress is None or self.push_in_progress.is_done() else self.push_in_progress
        if running is not None and not self.args.hub_always_push:
            return
        self.callback_handler.on_push_begin(self.args, self.state, self.control)
        checkpoint, folder = Path(checkpoint_folder), self.args.folder
        (folder / RULE_FILE).unlink(missing_ok=True)
        for name in pushable_files(checkpoint, self._hub_token()):
            if name not in (TRAINER_STATE_NAME, CARD):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(checkpoint / name, folder / name)
        by_steps = self.args.save_strategy == SaveStrategy.STEPS
        at = f"step {self.state.global_step}" if by_steps else f"epoch {int(self.state.epoch or 0)}"
        jobs: Any = [self._upload(folder, f"Training in progress, {at}", run_as_future=True)]
        if self.args.hub_strategy in (HubStrategy.CHECKPOINT, HubStrategy.ALL_CHECKPOINTS):
            path = "last-checkpoint" if self.args.hub_strategy == HubStrategy.CHECKPOINT else checkpoint.name
            message = f"Training in progress, {at}, checkpoint"
            jobs.append(self._upload(checkpoint, message, path_in_repo=path, run_as_future=True))
        if running is None:
            self.push_in_progress = PushInProgress(jobs)
        else:
            running.jobs.extend(jobs)
