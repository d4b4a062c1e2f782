"""A classifier that answers or abstains: a model, what makes its inputs, and a rule, as one object."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm.auto import tqdm

from abstain._arguments import check_whole
from abstain._checks import ArgumentError, InputError
from abstain._files import write_text
from abstain.inference.abstention import AbstentionRule
from abstain.inference.answers import answers_of
from abstain.inference.belonging import KnownWeights
from abstain.inference.estimator import SelectiveEstimator
from abstain.inference.kept_validation import KeptValidation, check_delta, check_target
from abstain.inference.loading import LOGITS, VALIDATION, Source, load_parts, save_parts
from abstain.inference.onnx_export import OnnxExport
from abstain.inference.onnx_model import refuse_onnx
from abstain.inference.pixel_answers import pixel_answer
from abstain.inference.plain_card import plain_card
from abstain.inference.preparing import check_processor, check_rule, class_names_of, prepare, run
from abstain.inference.rule_file import RULE_FILE
from abstain.inference.samples import in_batches, in_order, is_one
from abstain.inference.uploading import upload
from abstain.inference.validation import said_of_validation
from abstain.inference.weights import weights_sha256
from abstain.logits.dataset import write_logits
from abstain.models.auto import kind_of_model
from abstain.models.wrapped_timm import processor_of_timm, wrapped_timm


class SelectiveClassifier(KeptValidation, OnnxExport, SelectiveEstimator):
    """Answers where it is sure enough, and abstains elsewhere.

    Args:
        model: a classifier of transformers, of timm or of this package; adapters on one too.
        processor: its image processor, tokenizer or `TableEncoder`; None takes what timm says of a model of its own.
        rule: when to answer; None answers always, with MSP as confidence.
        batch_size: samples at once, at least 1.
        reject_value: what `predict` gives where it abstains.

    Attributes:
        kind: what is classified: `images`, `texts`, `pixels` or `tables`.
        class_names: in the order of the classes.

    Raises:
        InputError: they do not fit each other: another number of classes, or another kind of processor.
    """

    def __init__(
        self,
        model: nn.Module,
        processor: Any = None,
        rule: AbstentionRule | None = None,
        *,
        batch_size: int = 32,
        reject_value: Any = None,
    ) -> None:
        self.processor = processor_of_timm(model) if processor is None else processor
        self.model = wrapped_timm(model)
        self.rule = rule
        self.batch_size = check_whole("batch_size", batch_size, at_least=1)
        self.reject_value = reject_value
        self.kind = kind_of_model(self.model)
        check_processor(self.kind, self.processor, self.model.config)
        self.class_names = class_names_of(self.model, self.processor, rule)
        check_rule(rule, len(self.class_names))
        self._validation: tuple[NDArray[np.float32], NDArray[np.int64]] | None = None
        self._source: Source | None = None

    def __repr__(self) -> str:
        rule = "never abstains" if self.rule is None else self.rule.describe()
        return f"SelectiveClassifier({type(self.model).__name__}, {len(self.class_names)} classes; {rule})"

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path,
        *,
        target_risk: float | None = None,
        delta: float | None = None,
        revision: str | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | str | None = None,
        batch_size: int = 32,
        reject_value: Any = None,
    ) -> Self:
        """A folder or a repository on the Hub: weights as safetensors, what makes the inputs, and `abstention.json`.

        Nothing that is loaded runs code. Without a rule a warning says so, and every sample is answered.

        Args:
            name_or_path: a folder, or a name on the Hub.
            target_risk: choose the threshold anew, for this risk, from the validation logits that are kept there.
            delta: of the new threshold, see `AbstentionRule.fit`.
            revision: a branch, a tag or a commit on the Hub.
            device: None is the accelerator if there is one, else the CPU.
            dtype: of the weights; None is the one that they are stored in.
            batch_size: samples at once.
            reject_value: what `predict` gives where it abstains.

        Raises:
            InputError: there is no such model, its weights are pickles, a file is damaged, or the rule belongs to other
                weights or classes.
            NoThresholdError: no threshold does what `target_risk` and `delta` ask for.
        """
        check_target(target_risk, delta)
        how: dict[str, Any] = {"revision": revision, "device": device, "dtype": dtype}
        source, model, processor, rule = load_parts(name_or_path, needs_rule=target_risk is None, **how)
        made = cls(model, processor, rule, batch_size=batch_size, reject_value=reject_value)
        made._source = source
        return made if target_risk is None else made.with_target(target_risk, delta)

    @classmethod
    def from_model(
        cls,
        model: nn.Module,
        processor: Any = None,
        validation: Any = None,
        *,
        target_risk: float,
        delta: float | None = None,
        batch_size: int = 32,
        reject_value: Any = None,
        **fit: Any,
    ) -> Self:
        """A model that somebody else trained, with a rule fitted on validation data that it was not trained on.

        Args:
            model: as of the class.
            processor: as of the class.
            validation: a `datasets.Dataset` with a column of labels, or the pair (samples, labels).
            target_risk: the selective risk to stay below, a fraction in (0, 1).
            delta: fraction in (0, 1) for a threshold with a guarantee; None for an empirical one. Not for pixels, which
                depend on each other.
            batch_size: samples at once.
            reject_value: what `predict` gives where it abstains.
            **fit: as `AbstentionRule.fit`.

        Raises:
            NoThresholdError: no threshold qualifies.
            InputError: as of the class and `AbstentionRule.fit`.
        """
        made = cls(model, processor, batch_size=batch_size, reject_value=reject_value)
        check_delta(made.kind, delta)
        made._validation = said_of_validation(made, validation)
        made.rule = made.fitted_rule(target_risk, delta, **fit)
        return made

    def __call__(
        self, samples: Any, *, batch_size: int | None = None, column: str | None = None, progress: bool | None = None
    ) -> Any:
        """An `Answer` of one sample; of several an iterator of one for each, in order, made as they are asked for.

        Args:
            samples: one or several: of images paths, URLs, `PIL.Image`s or uint8 arrays (H, W, 3); texts; dictionaries
                or a `DataFrame` of rows. Several are a list, any iterator, or a data set, streamed or not.
            batch_size: samples at once; None is that of the classifier.
            column: of a data set: the one that holds the samples; None takes the only one that can.
            progress: show a bar; None shows it for data sets.

        Returns:
            `Answer`s; of segmentation models `PixelAnswer`s.

        Raises:
            InputError: a sample cannot be read, named by its number; nothing is left out.
        """
        if is_one(self.kind, samples):
            return next(self._answers(iter([samples]), 1, 1, show=False))
        found, n = in_order(self.kind, samples, column)
        size = self.batch_size if batch_size is None else check_whole("batch_size", batch_size, at_least=1)
        show = hasattr(samples, "features") if progress is None else progress
        return self._answers(found, n, size, show=show)

    def logits(self, samples: Any) -> NDArray[np.float32]:
        """(N, K) of N samples, in order; float64 of a model in float64.

        Raises:
            InputError: there is no sample, or one cannot be read; of segmentation models, whose images differ in size.
        """
        if self.kind == "pixels":
            raise ArgumentError("a segmentation model has logits of pixels: call it for the answer of each image")
        found, n = in_order(self.kind, samples)
        rows = [logits.numpy() for logits, _ in self.logits_in_batches(found, n, self.batch_size, show=False)]
        if not rows:
            raise InputError("there are no samples, but at least one is needed")
        return np.concatenate(rows)

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write the model, what makes its inputs, the rule and the validation logits into a folder.

        Rule and logits that stand there go where they belong to other weights, which are overwritten.

        Raises:
            InputError: it cannot be written, or the model is one of ONNX, which is only run; or its rule and its
                validation logits are known to belong to other weights, without which it is saved then.
        """
        folder = Path(folder).expanduser()
        refuse_onnx(self.model)
        known, before = self.known_weights(), weights_sha256(folder)
        try:
            (folder / RULE_FILE).unlink(missing_ok=True)
            save_parts(self.model, self.processor, folder)
            if before not in (None, weights_sha256(folder)) and (folder / LOGITS).is_dir():
                shutil.rmtree(folder / LOGITS)
        except OSError as error:
            raise InputError(f"{str(folder)!r} cannot be written: {error.strerror or error}") from error
        known.check(folder)
        if self._validation is not None:
            write_logits(folder / LOGITS, VALIDATION, *self._validation)
        if self.rule is not None:
            self.rule = self.rule.belonging_to(folder)
            self.rule.save(folder)
        return folder

    def push_to_hub(
        self,
        name: str,
        *,
        private: bool | None = None,
        token: str | None = None,
        revision: str | None = None,
        commit_message: str = "A classifier that answers or abstains",
    ) -> str:
        """Send what `save_pretrained` writes, and a card that says how to load it, to the Hub in one commit.

        What an earlier model left there goes in the same commit: weights in other parts, its rule and its logits.

        Args:
            name: `user/model`.
            private: whether a repository that is made now is private.
            token: of the Hub; None is that of the environment.
            revision: the branch; None is `main`.
            commit_message: of the commit.

        Returns:
            The address of the commit.

        Raises:
            InputError: no token, or the Hub cannot be reached or refuses; the repository is then as it was.
        """
        with tempfile.TemporaryDirectory() as made:
            folder = self.save_pretrained(made)
            write_text(folder / "README.md", plain_card(name, self.kind, self.model, self.rule))
            sent = upload(folder, name, message=commit_message, token=token, private=private, revision=revision)
        return str(sent.commit_url)

    def known_weights(self) -> KnownWeights:
        """Those of which the rule and the validation logits speak, once the latter are read."""
        with suppress(InputError):  # none are kept
            self.validation_logits()
        has_none = self.rule is None and self._validation is None
        return KnownWeights(None if has_none else self._source, self.rule)

    def _answers(self, samples: Iterator[Any], n: int | None, size: int, *, show: bool) -> Iterator[Any]:
        for logits, sizes in self.logits_in_batches(samples, n, size, show=show):
            if self.kind == "pixels":
                pairs = zip(logits, sizes, strict=True)
                yield from (pixel_answer(of_image, shape, self.rule, self.class_names) for of_image, shape in pairs)
            else:
                yield from answers_of(logits.numpy(), self.rule, self.class_names)

    def logits_in_batches(
        self, samples: Iterator[Any], n: int | None, size: int, *, show: bool, first: int = 0
    ) -> Iterator[tuple[Tensor, list[tuple[int, int]]]]:
        """The logits of each batch of samples, on the CPU, and of images the height and width of each.

        Args:
            samples: one after another.
            n: how many there are, with those before; None where nobody knows.
            size: samples at once.
            show: a progress bar.
            first: the number of the first, where others came before.
        """
        self.model.eval()
        seen = first
        with tqdm(total=n, initial=first, desc="answers", unit=" samples", leave=False, disable=not show) as bar:
            for batch in in_batches(samples, size):
                inputs, sizes = prepare(self.kind, self.processor, batch, seen)
                yield run(self.model, inputs), sizes
                seen += len(batch)
                bar.update(len(batch))
