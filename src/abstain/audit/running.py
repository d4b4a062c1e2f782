"""What a model says of a data set: a folder or a name on the Hub, of timm too, an ONNX file, or one of skops."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets import DatasetDict

from abstain._checks import ArgumentError, InputError
from abstain._files import as_path
from abstain.audit.kept_logits import Kept, Said, made_by, made_of
from abstain.audit.table_models import MODEL_FILES, ONNX, SKOPS, TableModel, read_onnx, read_skops, said_of_rows
from abstain.data.splits import limit_samples, load_data, pick_split
from abstain.logits.files import READERS
from abstain.logits.groups import column_of_rows
from abstain.logits.predictions import Predictions, read_predictions
from abstain.logits.sources import open_source

if TYPE_CHECKING:
    from datasets import Dataset

    from abstain.inference.classifier import SelectiveClassifier

TEST, VALIDATION = "test", "validation"


@dataclass(frozen=True, kw_only=True)
class Data:
    """Which samples a model is run on.

    Attributes:
        name: of the data set, as `data.load_data` takes it.
        split: that is measured; None is `test`.
        validation_split: that is fitted on; None is `validation` where there is one.
        label_column: None is the only column of classes, or `label`.
        max_samples: of each split at most so many, drawn at random, the same for every model; None: all.
    """

    name: str
    split: str | None = None
    validation_split: str | None = None
    label_column: str | None = None
    max_samples: int | None = None

    def read(self) -> dict[str, Dataset]:
        """The samples by what they are for, `test` and where there are any `validation`.

        Raises:
            InputError: as `load_data`; a split that does not exist, or one for both.
        """
        data, test = load_data(self.name), self.split or TEST
        if test == self.validation_split:
            raise ArgumentError("the validation samples are the test samples: give another validation_split")
        parts = DatasetDict({TEST: pick_split(data, test)})
        if self.validation_split is not None or (VALIDATION in data and test != VALIDATION):
            parts[VALIDATION] = pick_split(data, self.validation_split or VALIDATION)
        return {**limit_samples(parts, self.max_samples, seed=0)}  # files of data often stand class by class


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a model is run.

    Attributes:
        batch_size: samples at once; None is 32.
        device: of torch; None is the accelerator if there is one.
        revision: of a model on the Hub.
        trusted_types: in a file of skops.
        kept: where what models say is kept, and logits of classifiers are taken from; None: nowhere.
    """

    batch_size: int | None = None
    device: str | None = None
    revision: str | None = None
    trusted_types: Sequence[str] = ()
    kept: Kept | None = None

    def refuse(self, model: str, *names: str) -> None:
        """Refuse options that a model of another kind has no use for.

        Raises:
            ArgumentError: one of these was given.
        """
        for name in names:
            if getattr(self, name):
                raise ArgumentError(f"{name}= is given, which says nothing of {model!r}: leave it out")


BATCH_SIZE = 32


def run_model(
    name: str, data: dict[str, Dataset], label_column: str | None, run: Run, source_column: str | None = None
) -> dict[str, Predictions]:
    """The predictions of a model on each part of the data.

    Args:
        name: of the model.
        data: the parts.
        label_column: of them all; None is the only one of classes, or `label`.
        run: how.
        source_column: that tells where each test sample comes from, which no model gets to see; None: nothing does.

    Raises:
        InputError: the model cannot be had, or does not fit the data; there is no such column.
    """
    if source_column is None:
        return _run(name, data, label_column, run)
    sources = column_of_rows(open_source(data[TEST], split=None), source_column)
    seen = {part: samples.remove_columns(_held(samples, source_column)) for part, samples in data.items()}
    found = _run(name, seen, label_column, run)
    of_rows = found[TEST].sample  # of pixels the number of their image
    found[TEST] = replace(found[TEST], source=sources if of_rows is None else sources[of_rows])
    return found


def _held(samples: Dataset, column: str) -> list[str]:
    return [column] if column in samples.column_names else []


def _run(name: str, data: dict[str, Dataset], label_column: str | None, run: Run) -> dict[str, Predictions]:
    path = as_path(name, "the model")
    _refuse_predictions(name, path)
    is_file = path.suffix.lower() in MODEL_FILES and not path.is_dir()
    said = (_of_file if is_file else _of_classifier)(name, data, label_column, run)
    if run.kept is not None:
        if is_file or _is_exported(path):
            for part, predictions in said.items():
                run.kept.write(name, part, predictions)
        run.kept.leave_only(name, data)  # not before there is something in its place
    return said


def _of_file(name: str, data: dict[str, Dataset], label_column: str | None, run: Run) -> dict[str, Predictions]:
    path = as_path(name, "the model")
    ending = path.suffix.lower()
    if not path.is_file():
        raise ArgumentError(f"there is no file {name!r}: give the path of a model that exists")
    if ending == ONNX and _is_of_its_folder(path):
        return _of_classifier(str(path.parent), data, label_column, run)
    run.refuse(name, "batch_size", "device", "revision", *(["trusted_types"] if ending == ONNX else []))
    model = read_skops(path, run.trusted_types) if ending == SKOPS else read_onnx(path)
    return {part: _of_rows(model, samples, label_column) for part, samples in data.items()}


def _is_exported(folder: Path) -> bool:
    from abstain.inference.onnx_file import ONNX_FILE

    return (folder / ONNX_FILE).is_file()


def _refuse_predictions(name: str, path: Path) -> None:
    if path.is_file() and path.name.lower().endswith(tuple(READERS)):
        raise ArgumentError(
            f"{name!r} is a file of predictions or a table, but data= asks to run models: leave out data= to audit "
            "predictions, or give a model"
        )


def _is_of_its_folder(path: Path) -> bool:
    """Whether an ONNX file is the model of an exported folder, which tells how its inputs are made.

    Raises:
        InputError: it lies in such a folder and is not its model, so that both may be meant.
    """
    from abstain.data.tables import ENCODER_FILE
    from abstain.inference.onnx_file import ONNX_FILE
    from abstain.inference.onnx_model import MODEL

    beside = next((name for name in (ONNX_FILE, ENCODER_FILE) if (path.parent / name).is_file()), None)
    if beside == ONNX_FILE and path.name == MODEL:
        return True
    if beside is not None:
        raise InputError(
            f"{str(path)!r} lies beside {beside}, so that rows may have to be prepared as it says, or be given as the "
            f"data hold them: give a folder that SelectiveClassifier.export_onnx wrote with its {MODEL} for the "
            "former, or move the file to a folder of its own for the latter"
        )
    return False


def _of_rows(model: TableModel, samples: Dataset, label_column: str | None) -> Predictions:
    said = said_of_rows(model, samples, label_column)
    return read_predictions((said["values"], said["label"]), input=model.kind, class_names=model.class_names)


def _by_rows(classifier: SelectiveClassifier, samples: Dataset, part: str) -> Callable[[range], Said]:
    """What gives logits, labels and what they belong to of some of the samples, whose labels are read all at once.

    Raises:
        InputError: as `inference.validation.labelled`.
    """
    from abstain.inference.validation import labelled, said_of_samples

    n, show = len(samples), sys.stderr.isatty()
    labels = None
    if classifier.kind != "pixels":  # of which each image has a mask of its own
        of_model = (classifier.processor, classifier.class_names)
        _, labels = labelled(classifier.kind, samples, *of_model, split=part)

    def make(rows: range) -> Said:
        piece = samples.select(rows)
        data = piece if labels is None else (piece, labels[rows.start : rows.stop])
        return said_of_samples(classifier, data, show=show, first=rows.start, n_all=n)

    return make


def _of_classifier(name: str, data: dict[str, Dataset], label_column: str | None, run: Run) -> dict[str, Predictions]:
    """Of a model of transformers, timm or this package, also one that was exported to a folder of ONNX."""
    from abstain.inference.classifier import SelectiveClassifier
    from abstain.inference.loading import load_parts

    size = run.batch_size or BATCH_SIZE
    run.refuse(name, "trusted_types")
    is_exported = _is_exported(Path(name).expanduser())
    kept = None if is_exported else run.kept  # the weights of ONNX are not known
    if is_exported:
        run.refuse(name, "device", "revision")
        classifier = SelectiveClassifier.from_onnx(name, batch_size=size)
    else:
        how: dict[str, Any] = {"revision": run.revision, "device": run.device, "dtype": None}
        _, model, processor, _ = load_parts(name, needs_rule=False, **how)
        classifier = SelectiveClassifier(model, processor, batch_size=size)
    by = None if kept is None else made_by(classifier)
    found = {}
    for part, samples in data.items():
        called = samples if label_column in (None, "label") else samples.rename_column(label_column, "label")
        make = _by_rows(classifier, called, part)
        if kept is None or by is None:
            logits, labels, sample = make(range(len(called)))
        else:
            logits, labels, sample = kept.of(name, part, by | made_of(called), len(called), make)
        columns = {"logits": logits, "label": labels} | ({} if sample is None else {"sample": sample})
        found[part] = read_predictions(columns, input="logits", class_names=classifier.class_names)
    return found
