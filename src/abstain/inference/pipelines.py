"""Pipelines of transformers that say beside their scores whether to answer, by the rule of a classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import ImageClassificationPipeline, Pipeline, TextClassificationPipeline
from transformers.pipelines import PIPELINE_REGISTRY

from abstain._checks import ArgumentError, nearest, shown
from abstain.inference.answers import confidence_of
from abstain.inference.classifier import SelectiveClassifier
from abstain.inference.plain_card import TASKS
from abstain.inference.preparing import logits_of


class SelectivePipeline(Pipeline):
    """What a rule says of each sample, beside what a pipeline of transformers says of its classes.

    Each dictionary of a sample has two keys more, alike in all of them: `accepted`, whether the classifier answers,
    which is by the first of the classes, and `confidence`, on the scale of the rule's threshold. The scores are those
    of transformers. Where one logit stands for two classes there is a dictionary for either, and not one alone.

    Args:
        classifier: whose model, processor and rule it is.
        task: as transformers calls it.
        device: None leaves the model where it is.
        **options: of the pipeline of transformers: `batch_size`, `num_workers`, `top_k`, ….
    """

    def __init__(self, classifier: SelectiveClassifier, *, task: str, device: Any = None, **options: Any) -> None:
        self.rule, self.class_names = classifier.rule, classifier.class_names
        model = classifier.model.eval()
        of_model = [model.config.id2label[index] for index in range(int(model.config.num_labels))]
        self.names = dict(zip(of_model, self.class_names[-len(of_model) :], strict=True))
        maker = {"tokenizer" if classifier.kind == "texts" else "image_processor": classifier.processor}
        device = model.device if device is None else device
        super().__init__(model=model, task=task, device=device, **maker, **options)

    def check_model_type(self, supported_models: Any) -> None:
        """Whether the model suits the task is known of the classifier; transformers knows its own classes alone."""

    def _forward(self, *batch: Any, **options: Any) -> Any:
        """The logits of a batch and what the rule says of them, all rows at once."""
        outputs = super()._forward(*batch, **options)  # type: ignore[safe-super]
        confidence, accepted = confidence_of(logits_of(outputs).numpy(), self.rule)
        says = {"confidence": torch.from_numpy(confidence), "accepted": torch.from_numpy(accepted)}
        return {"logits": outputs["logits"], **says}

    def postprocess(self, model_outputs: Any, *_: Any, **options: Any) -> Any:
        """The dictionaries of one sample, or the one of its most probable class."""
        says = {name: model_outputs[name][0].item() for name in ("accepted", "confidence")}
        is_pair = len(model_outputs["logits"][0]) == 1
        found = self._both(model_outputs, options) if is_pair else self._scored(model_outputs, options)
        return {**found, **says} if isinstance(found, dict) else [{**of_class, **says} for of_class in found]

    def _scored(self, outputs: Any, options: dict[str, Any]) -> Any:
        """What transformers says, with the names by which the classifier calls the classes: a model may have none."""
        found = super().postprocess(outputs, **options)  # type: ignore[safe-super]
        for of_class in [found] if isinstance(found, dict) else found:
            of_class["label"] = self.names[of_class["label"]]
        return found

    def _both(self, outputs: Any, options: dict[str, Any]) -> Any:
        """Of one logit the classes that it stands for, the more probable first; of equal ones class 0."""
        if str(getattr(options.get("function_to_apply"), "value", "sigmoid")) != "sigmoid":
            raise ArgumentError("one logit stands for two classes, whose scores sigmoid gives: leave function_to_apply")
        logits = outputs["logits"]
        found = [self._scored({"logits": of_class}, options) for of_class in (-logits, logits)]
        both = [one for of_class in found for one in (of_class if isinstance(of_class, list) else [of_class])]
        both[0]["label"] = self.class_names[0]
        both.sort(key=lambda of_class: -of_class["score"])
        return both[: options.get("top_k", 2)] if isinstance(found[0], list) else both[0]


class SelectiveImageClassificationPipeline(SelectivePipeline, ImageClassificationPipeline):
    """transformers' `ImageClassificationPipeline`, with what the rule says."""


class SelectiveTextClassificationPipeline(SelectivePipeline, TextClassificationPipeline):
    """transformers' `TextClassificationPipeline`, with what the rule says; long texts are cut unless told otherwise.

    So they were when the rule was fitted: without the cut a model may refuse them, or give other logits.
    """

    def __init__(self, classifier: SelectiveClassifier, *, truncation: bool = True, **options: Any) -> None:
        super().__init__(classifier, truncation=truncation, **options)


PIPELINES: dict[str, type[SelectivePipeline]] = {
    "images": SelectiveImageClassificationPipeline,
    "texts": SelectiveTextClassificationPipeline,
}
"""What is classified -> its pipeline.

Tables have none, since transformers has none for them; nor have pixels, since transformers' masks are of logits that
are interpolated first, of which a rule that was fitted before the interpolation says nothing.
"""


def pipeline(
    task: str | None,
    model: str | Path | SelectiveClassifier,
    *,
    target_risk: float | None = None,
    delta: float | None = None,
    revision: str | None = None,
    device: Any = None,
    dtype: torch.dtype | str | None = None,
    **options: Any,
) -> SelectivePipeline:
    """As `transformers.pipeline`, of a model that may abstain: each result says too whether to answer.

    Nothing is registered with transformers: its `pipeline` finds a task by a name that a program has registered in the
    same process, or by code in the model's repository, which it runs; a stranger has neither.

    Args:
        task: `image-classification` or `text-classification`; None is that of the model.
        model: a folder or a name on the Hub; or a `SelectiveClassifier`.
        target_risk: as `SelectiveClassifier.from_pretrained`, a fraction in (0, 1).
        delta: as `SelectiveClassifier.from_pretrained`.
        revision: of a name on the Hub.
        device: None is the accelerator if there is one; of a classifier that is given, where its model is.
        dtype: of the weights; None is the one that they are stored in.
        **options: of the pipeline of transformers, such as `batch_size` and `top_k`.

    Returns:
        What takes and gives the same as transformers' pipeline: one sample, a list, a generator, or a data set such as
        `KeyDataset`, of which a sample has one dictionary or a list of them.

    Raises:
        ArgumentError: a task that the model is not made for, or that has no pipeline.
        InputError: as `SelectiveClassifier.from_pretrained`.
    """
    if isinstance(model, SelectiveClassifier):
        given = {"target_risk": target_risk, "delta": delta, "revision": revision, "dtype": dtype}
        for name in (name for name, value in given.items() if value is not None):
            raise ArgumentError(f"{name} is given, but the model is a SelectiveClassifier, which has its own: leave it")
        return _of_classifier(task, model, device, options)
    if not isinstance(model, str | Path):
        raise ArgumentError(
            f"the model is {shown(model)}, but must be a folder, a name on the Hub, or a SelectiveClassifier made of a "
            "model, its processor and a rule"
        )
    asked: dict[str, Any] = {"target_risk": target_risk, "delta": delta, "revision": revision, "device": device}
    loaded = SelectiveClassifier.from_pretrained(model, dtype=dtype, **asked)
    return _of_classifier(task, loaded, None, options)


def _of_classifier(
    task: str | None, classifier: SelectiveClassifier, device: Any, options: dict[str, Any]
) -> SelectivePipeline:
    wanted = TASKS[classifier.kind]
    task = wanted if task is None else PIPELINE_REGISTRY.task_aliases.get(task, task)
    if task not in TASKS.values():
        raise ArgumentError(f"unknown task {shown(task)}: {nearest(str(task), TASKS.values())}")
    if task != wanted:
        raise ArgumentError(f"the task is {task!r}, but the model classifies {classifier.kind}: take {wanted!r}")
    if classifier.kind not in PIPELINES:
        raise ArgumentError(
            f"there is no pipeline for {task!r} whose results a rule speaks of: take SelectiveClassifier, which "
            f"answers for {classifier.kind}"
        )
    return PIPELINES[classifier.kind](classifier, task=task, device=device, **options)
