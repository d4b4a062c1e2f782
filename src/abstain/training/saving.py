"""A `Trainer` that leaves a model with what the saved model says of data, and with a rule for when it should answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from accelerate.utils import broadcast_object_list
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from abstain._checks import ArgumentError, InputError
from abstain._files import write_text
from abstain.inference.abstention import AbstentionRule, checked_options
from abstain.inference.kept_validation import check_target
from abstain.inference.rule_file import RULE_FILE, read_rule
from abstain.inference.weights import weights_sha256
from abstain.logits.batch import LabelledLogits
from abstain.logits.dataset import write_logits
from abstain.training.checkpoints import naming_what_is_not_written
from abstain.training.labels import IGNORED, named_classes
from abstain.training.optimizing import OptimizingTrainer
from abstain.training.refusals import is_made_of_config
from abstain.training.statistics import split_statistics


class SavingTrainer(OptimizingTrainer):
    """A `Trainer` whose saved models come with their logits and a rule for when to abstain."""

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Save the model; a rule that stands there goes first, and comes back beside the weights that it belongs to."""
        with nullcontext() if _internal_call else self.one_push():
            of_folder = self.args.should_save and output_dir in (None, self.args.output_dir)
            with _rule_set_aside(self.args.folder) if of_folder else nullcontext():
                super().save_model(output_dir, True)

    def save_with_logits(self, datasets: Mapping[str, Any]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Save the model, and as a logits data set beside it what the saved model says of each of `datasets`.

        The model is loaded anew for that, so that the logits are those of its users: in the precision of the weights,
        whatever the precision of training. Adapters, and models that no configuration alone makes, are taken as they
        are in memory, in the same precision. Batches come as in `evaluate`, of the same collator: who loads the folder
        and gives the same batches on the same device has the same logits, bit for bit; other batches, padded otherwise,
        differ as the precision of the weights rounds: in the last digits of float32, by about 2^-8 of a logit in bf16.

        Args:
            datasets: name of each split -> items with the model's inputs and labels; map-style or iterable.

        Returns:
            Name -> (logits (n, K) float32, labels (n,) int64) of what counts; also in `output_dir/logits/name.parquet`.
            Of pixels and tokens a row is one of them, and the file says in `sample` of which image or text.

        Raises:
            InputError: a file cannot be written, or no label counts.
        """
        if not isinstance(datasets, Mapping):
            raise ArgumentError(
                f"datasets are {type(datasets).__name__}, but must be a dictionary: the name of each split -> its items"
            )
        with self.one_push():
            found = self._saved_with_logits(datasets)
        return {name: (whole.logits, whole.labels) for name, whole in found.items()}

    def _saved_with_logits(self, datasets: Mapping[str, Any]) -> dict[str, LabelledLogits]:
        folder = self.args.folder
        if self.is_fsdp_enabled:  # whole weights, also where checkpoints are in parts
            self.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
        with naming_what_is_not_written(folder):
            self.save_model()
        self.accelerator.wait_for_everyone()
        logits = {}
        with self.averaged_weights(), self._as_saved() as model:
            for name, dataset in datasets.items():
                whole = self._logits_of(model, dataset, name)
                if self.is_world_process_zero():
                    write_logits(folder / "logits", name, whole.logits, whole.labels, sample=whole.sample)
                logits[name] = whole
        self._logits_of_step = self.state.global_step
        return logits

    @contextmanager
    def _as_saved(self) -> Iterator[nn.Module]:
        """The model as who loads the saved one has it: on the device, in evaluation mode, outside mixed precision."""
        model = cast(nn.Module, self.accelerator.unwrap_model(self.model))
        if self.is_fsdp_enabled or is_made_of_config(model):  # the former was looked at while it was whole
            yield nn.Module.to(cast(Any, type(model)).from_pretrained(self.args.folder), self.args.device).eval()
            return
        wrapped, was_training = dict(model.__dict__), model.training
        model = cast(nn.Module, self.accelerator.unwrap_model(model, keep_fp32_wrapper=False))  # which changes it
        try:
            yield model.eval()
        finally:
            model.__dict__.update({name: wrapped[name] for name in ("forward", "_original_forward") if name in wrapped})
            model.train(was_training)

    def _logits_of(self, model: nn.Module, dataset: Any, name: str) -> LabelledLogits:
        """What a model says of every label that counts, in the order of the data, on every process."""
        pieces: list[LabelledLogits] = []
        n_seen, self._keep_logits = 0, True
        bar = tqdm(desc=f"logits of {name}", unit=" samples", leave=False, disable=not self.is_local_process_zero())
        try:
            for batch in self._in_order(dataset):
                _, outputs, labels = self.prediction_step(model, batch, False)
                if labels is None:
                    raise InputError(
                        f"items of {name!r} have no {self._label_name!r}, which logits data sets hold beside the logits"
                    )
                both = (split_statistics(outputs)[1], labels)
                if not self._of_pixels:  # whose classes are last already
                    both = (self._classes_second(both[0], labels).movedim(1, -1), labels)
                if labels.ndim > 1:
                    both = self.accelerator.pad_across_processes(both, dim=1, pad_index=IGNORED)
                logits, labels = self.gather_function(both)
                pieces.append(self._what_counts(logits.float().cpu().numpy(), labels.cpu().numpy(), n_seen))
                n_seen += len(labels)
                bar.update(len(labels))
        finally:
            self._keep_logits = False
            bar.close()
        n_classes = pieces[0].logits.shape[1] if pieces else 0
        whole = LabelledLogits.joined(pieces, n_classes=n_classes)
        if not len(whole.labels):
            raise InputError(f"{name!r} has no sample whose label counts, but at least one is needed: look at the data")
        return whole

    def _in_order(self, dataset: Any) -> DataLoader[Any]:
        """The batches of all items, each once, in the order of the data, whatever the arguments do in training."""
        told = {"train_sampling_strategy": "random", "dataloader_drop_last": False}
        before = {name: getattr(self.args, name) for name in told}
        vars(self.args).update(told)
        try:
            return self.get_test_dataloader(dataset)
        finally:
            vars(self.args).update(before)

    def _what_counts(self, logits: NDArray[Any], labels: NDArray[Any], first: int) -> LabelledLogits:
        counted = ~np.isin(labels, (self.ignore_index, IGNORED))
        sample = None if labels.ndim == 1 else first + counted.nonzero()[0]
        return LabelledLogits(logits[counted], labels[counted].astype(np.int64), sample)

    def _has_several_labels(self, dataset: Any) -> bool:
        """Whether an item of a map-style data set has a label for each of its pixels or tokens."""
        if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__") and len(dataset)):
            return False
        labels = dataset[0].get(self._label_name) if isinstance(dataset[0], dict) else None
        return labels is not None and np.ndim(labels) > 0 and np.asarray(labels).dtype.kind in "iu"

    def calibrate(
        self, validation: Dataset[Any], *, target_risk: float, delta: float | None = None, **fit: Any
    ) -> AbstentionRule:
        """Save the model and, fitted on validation data, when it should answer: `abstention.json` in `output_dir`.

        Args:
            validation: items with the model's inputs and labels, none of which it was trained on.
            target_risk: the selective risk to stay below, a fraction in (0, 1).
            delta: fraction in (0, 1) for a threshold with a guarantee; None for an empirical one.
            **fit: `p_grid`, `center` and `fallback` of `AbstentionRule.fit`, and the `seed` of the halves.

        Raises:
            NoThresholdError: no threshold qualifies; the model is saved, and no rule.
            InputError: as `AbstentionRule.fit`; `delta` for pixels or tokens, which are not independent.
        """
        check_target(target_risk, delta)
        fit = checked_options(fit)
        dependent = "pixels of one image, or tokens of one text, are not independent, so no guarantee holds: leave out "
        if delta is not None and self._has_several_labels(validation):
            raise ArgumentError(f"{dependent}delta")
        with self.one_push():
            if self.is_world_process_zero():
                (self.args.folder / RULE_FILE).unlink(missing_ok=True)  # of another target, should none be found now
            whole = self._saved_with_logits({"validation": validation})["validation"]
            if delta is not None and whole.sample is not None:
                raise ArgumentError(f"{dependent}delta")
            rule = AbstentionRule.fit(whole.logits, whole.labels, target_risk=target_risk, delta=delta, **fit)
            return self._saved_rule(replace(rule, class_names=named_classes(self.model)), validation)

    def _saved_rule(self, rule: AbstentionRule, validation: Any) -> AbstentionRule:
        """The rule as it stands in the folder, of the weights and the data that it was fitted on; on every process."""
        told = [rule]
        if self.is_world_process_zero():
            fingerprint = getattr(validation, "fingerprint", None)
            of_data = fingerprint() if callable(fingerprint) else None
            told = [replace(rule, validation_sha256=of_data).belonging_to(self.args.folder)]
            told[0].save(self.args.folder)
        return cast(AbstentionRule, broadcast_object_list(told)[0])


@contextmanager
def _rule_set_aside(folder: Path) -> Iterator[None]:
    """No rule stands in the folder while the block writes weights; after it that of the same weights does."""
    path = folder / RULE_FILE
    if not path.is_file():
        yield
        return
    text = path.read_text(encoding="utf-8")
    try:
        belongs_to = read_rule(path)["weights_sha256"]
    except InputError:  # it is damaged, and no loss
        belongs_to = None
    path.unlink()
    yield
    if belongs_to is not None and belongs_to == weights_sha256(folder):
        write_text(path, text)
