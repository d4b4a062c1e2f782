"""Models of rows of numbers that are one file: scikit-learn's as skops keeps them, and ONNX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm.auto import tqdm

from abstain._checks import ArgumentError, InputError, first_line, shown
from abstain.audit.columns_by_place import check_order_is_told, matrix_of
from abstain.data.columns import find_column

if TYPE_CHECKING:
    from datasets import Dataset

ROWS_AT_ONCE = 4096
MODEL_FILES = SKOPS, ONNX = ".skops", ".onnx"
"""How models that are one file end."""


@dataclass(frozen=True)
class TableModel:
    """A file that was read.

    Attributes:
        kind: what it gives, `"logits"` or `"probabilities"`; None where that is to be told by the values.
        class_names: in the order of what it gives; None where the file does not know them.
        features: the columns that it takes, in their order; None: all but that of the labels, by their place.
        values: of a frame of n rows gives (n, K).
    """

    kind: str | None
    class_names: tuple[str, ...] | None
    features: tuple[str, ...] | None
    values: Callable[[pd.DataFrame], NDArray[Any]]


def read_skops(path: Path, trusted_types: Sequence[str] = ()) -> TableModel:
    """A classifier of scikit-learn that `skops.io.dump` wrote; what is not trusted is not read.

    Of one without probabilities, such as `LinearSVC`, the decision values are taken for logits.

    Args:
        path: of the file.
        trusted_types: names of types that are trusted beside those which skops itself trusts.

    Raises:
        InputError: skops is not installed, the file holds other types, or is damaged, or no classifier with
            probabilities or one decision value a class. `values` raises it where the answers of `predict` are not the
            classes of the largest value: of an `SVC` they are on votes of pairs, unless it has `break_ties`.
    """
    if find_spec("skops") is None:
        raise InputError("a file of skops needs skops, which is not installed: pip install 'abstain[skops]'")
    import skops.io

    try:
        unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(trusted_types))
        if unknown:
            raise InputError(
                f"{str(path)!r} holds objects of types that skops does not trust ({', '.join(unknown)}): if you trust "
                "who made the file, name each in trusted_types="
            )
        model = skops.io.load(path, trusted=list(trusted_types))
    except InputError:
        raise
    except Exception as error:  # of zip files, JSON, and what skops makes of them
        raise InputError(f"{str(path)!r} cannot be read as a file of skops ({first_line(error)})") from error
    kind = "probabilities" if hasattr(model, "predict_proba") else "logits"
    says = getattr(model, "predict_proba", None) or getattr(model, "decision_function", None)
    if says is None or not hasattr(model, "classes_"):
        raise InputError(
            f"{str(path)!r} holds a {type(model).__name__}, but must hold a classifier with predict_proba or "
            "decision_function: write its predictions to a file and audit that"
        )
    if len(model.classes_) < 2:
        raise InputError(
            f"{str(path)!r} holds a {type(model).__name__} of one class, but must tell two or more: train it on all"
        )
    if kind == "logits" and _decides_between_pairs(model):
        raise InputError(
            f"{str(path)!r} holds a {type(model).__name__} whose decision values are of pairs of classes, but those of "
            "the classes are needed: set decision_function_shape='ovr' and write it anew"
        )
    names = getattr(model, "feature_names_in_", None)

    def values(frame: pd.DataFrame) -> NDArray[Any]:
        rows = frame if names is not None else matrix_of(frame)
        found = _in_columns(says(rows))
        _check_answers(path, model, found, model.predict(rows), kind)
        return found

    return TableModel(
        kind,
        tuple(map(str, np.asarray(model.classes_).tolist())),
        None if names is None else tuple(map(str, names)),
        values,
    )


def _decides_between_pairs(model: Any) -> bool:
    """Of three classes there are as many pairs as classes, so that the number of values does not tell."""
    told = model.get_params() if hasattr(model, "get_params") else {}
    return len(model.classes_) > 2 and any(
        name.endswith("decision_function_shape") and value == "ovo" for name, value in told.items()
    )


def _in_columns(values: Any) -> Any:
    """Decision values of two classes are one number a row."""
    return values[:, None] if isinstance(values, np.ndarray) and values.ndim == 1 else values


ROUNDING = 1e-12
"""Of the largest value: what another order of adding up may change, as threads of a forest take another each time."""


def _check_answers(path: Path, model: Any, values: Any, answers: NDArray[Any], kind: str) -> None:
    """Refuse values of which another class is the largest than the model answers: its errors would be others."""
    classes = np.asarray(model.classes_)
    if not isinstance(values, np.ndarray) or values.shape not in ((len(answers), 1), (len(answers), len(classes))):
        return  # which is told where values are read
    both = np.hstack([np.zeros_like(values), values]) if values.shape[1] == 1 else values
    largest = both.max(axis=1)
    answered = np.where(classes == np.asarray(answers)[:, None], both, -np.inf).max(axis=1)
    gap = largest - answered
    differs = (classes[both.argmax(axis=1)] != answers) & (gap > ROUNDING * np.abs(largest))
    if differs.any():
        breaks = kind == "logits" and any(name.endswith("break_ties") for name in model.get_params())
        instead = "set break_ties=True of the SVC and write it anew" if breaks else "audit a file of its answers"
        of = "decision values" if kind == "logits" else kind
        raise InputError(
            f"{str(path)!r} holds a {type(model).__name__} whose predict gives {100 * differs.mean():.2g} % of "
            f"{len(differs):,} rows another class than that of the largest of its {of}, by which the errors are told: "
            f"{instead}"
        )


def read_onnx(path: Path) -> TableModel:
    """A file of ONNX that takes rows of numbers (n, F), as the data hold them, and gives one row of values for each.

    Raises:
        InputError: onnxruntime is not installed, the file cannot be run, or takes something else, whose preparation
            nobody here can know; or it is out of a folder of `SelectiveClassifier.export_onnx`, which alone tells it.
    """
    from abstain.inference.onnx_model import PROVIDERS, need_packages, takes_prepared_samples

    need_packages("onnxruntime")
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(path), providers=list(PROVIDERS))
    except Exception as error:  # its errors have no class in common but this one
        raise InputError(f"{str(path)!r} cannot be run ({first_line(error)}): export the model anew") from error
    if takes_prepared_samples(path, session.get_modelmeta().custom_metadata_map):
        raise InputError(
            f"{str(path)!r} takes samples prepared as the folder says that it was exported to, but it lies elsewhere: "
            "give that folder, which SelectiveClassifier.export_onnx wrote"
        )
    given, made = session.get_inputs(), _outputs(session)
    if len(given) != 1 or len(given[0].shape) != 2 or given[0].type not in ("tensor(float)", "tensor(double)"):
        takes = ", ".join(f"{one.name} {one.type} {one.shape}" for one in given)
        raise InputError(
            f"{str(path)!r} takes {takes}, but only a file that takes rows of numbers can be run here, since nothing "
            "says how other inputs are prepared: give a folder that SelectiveClassifier.export_onnx wrote, or a file "
            "of logits"
        )
    if len(made) != 1:
        raise InputError(
            f"{str(path)!r} gives {', '.join(made) or 'no tensor of floats'}, but must give one tensor, of values of "
            "the classes: export it without the others, and of skl2onnx with zipmap off"
        )
    dtype = np.float64 if given[0].type == "tensor(double)" else np.float32

    def values(frame: pd.DataFrame) -> NDArray[Any]:
        (found,) = session.run(made, {given[0].name: matrix_of(frame).astype(dtype)})
        return np.asarray(found)

    return TableModel(_said_by_name(made[0]), None, None, values)


def _outputs(session: Any) -> list[str]:
    """The names of the outputs that are floats; predicted labels are not."""
    return [one.name for one in session.get_outputs() if one.type in ("tensor(float)", "tensor(double)")]


def _said_by_name(name: str) -> str | None:
    return next((kind for kind in ("logits", "probabilities") if kind in name.lower()), None)


def said_of_rows(model: TableModel, data: Dataset, label_column: str | None) -> dict[str, Any]:
    """Values and labels of all rows, as `read_predictions` takes them.

    Raises:
        InputError: a feature is missing or no number, the order of the columns is not told, a label is no class, or the
            model refuses the rows.
    """
    column = find_column(data, label_column, "label")
    left = [name for name in data.column_names if name != column]
    missing = [name for name in model.features or () if name not in left]
    if missing:
        raise InputError(
            f"the model takes the columns {', '.join(missing)}, which the data lack: they have {', '.join(left)}"
        )
    rows = data.select_columns(list(model.features or left))
    if model.features is None:
        check_order_is_told(rows)
    try:
        values = np.concatenate(list(_in_pieces(model, rows)))
    except InputError:
        raise
    except Exception as error:  # of whichever library the model is
        raise InputError(
            f"the model does not take these rows ({first_line(error)}): give those it was made for"
        ) from error
    return {"values": values, "label": _labels(data, column, model.class_names)}


def _in_pieces(model: TableModel, data: Dataset) -> Iterator[NDArray[Any]]:
    with tqdm(total=len(data), desc="answers", unit=" samples", leave=False, disable=None) as bar:
        for piece in data.with_format("pandas").iter(batch_size=ROWS_AT_ONCE):
            yield model.values(piece)
            bar.update(len(piece))


def _labels(data: Dataset, column: str, names: tuple[str, ...] | None) -> NDArray[Any]:
    """As places among the values; where these have names, by name."""
    given = data.select_columns([column])[:][column]
    texts = getattr(data.features[column], "names", None)
    if names is None:
        wrong = [one for one in given if not isinstance(one, int)]
        if wrong:
            raise ArgumentError(
                f"a label is {shown(wrong[0])}, but the file does not name its classes: give labels from 0 on, in the "
                "order of its values"
            )
        return np.asarray(given, np.int64)
    as_numbers, as_names = [str(one) for one in given], [_named(one, texts) for one in given] if texts else []
    fits = [called for called in (as_names, as_numbers) if called and set(called) <= set(names)]
    if len(fits) == 2 and fits[0] != fits[1]:
        raise ArgumentError(
            f"the labels in the column {column!r} are classes of the model both by their numbers and by their names, "
            "which differ: give labels that are texts, or numbers without names"
        )
    if not fits:
        unknown = sorted(set(as_names or as_numbers) - set(names))
        raise ArgumentError(f"a label is {unknown[0]!r}, but the model has the classes {', '.join(names)}")
    return np.array(fits[0])


def _named(label: int | None, texts: Sequence[str]) -> str:
    """-1 stands for no label, and is not the last of the names."""
    return str(label) if label is None or label < 0 else str(texts[label])
