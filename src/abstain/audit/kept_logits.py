"""What models said that an audit has run, kept beside its results, for another audit or one that goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from transformers import TimmWrapperImageProcessor

from abstain._checks import InputError
from abstain.data.fingerprint import data_digest
from abstain.logits.dataset import read_parquet, write_parquet
from abstain.logits.forward import weights_hash

if TYPE_CHECKING:
    from datasets import Dataset

    from abstain.logits.predictions import Predictions

PIECE = 4096
"""Samples whose logits are made, and kept, at once."""
MOST_LETTERS = 120
"""Of the name of a folder, of which systems take 255 bytes."""
KEY = "abstain.made_of"
"""The metadata of a file of logits: of what they were made."""
Said = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64] | None]


@dataclass(frozen=True)
class Kept:
    """A folder with one folder a model.

    Attributes:
        folder: of them all.
        tell: is told in a sentence what is read instead of made; None: nobody is.
    """

    folder: Path
    tell: Callable[[str], object] | None = None

    def of_model(self, name: str) -> Path:
        """The folder of a model, its own also where another name differs only in what a folder cannot be called."""
        plain = re.sub(r"[^\w.-]+", "_", name).strip("_.")
        apart = "" if plain == name else f"-{sha256(name.encode()).hexdigest()[:8]}"
        return self.folder / f"{plain[-MOST_LETTERS:]}{apart}"

    def of(self, name: str, part: str, made_of: dict[str, Any], n_samples: int, make: Callable[[range], Said]) -> Said:
        """Logits, labels and what they belong to: as they are kept of the same weights and samples, else made and kept.

        They are made piece by piece, and a piece that is whole is not made again.

        Args:
            name: of the model.
            part: of the data, such as `test`.
            made_of: what `made_by` says of the model, and `made_of` of the samples.
            n_samples: how many these are.
            make: makes those of some of the samples.
        """
        path = self.of_model(name) / f"{part}.parquet"
        rows = [range(start, min(start + PIECE, n_samples)) for start in range(0, n_samples, PIECE)] or [range(0)]
        pieces = [path.with_name(f".{part}-{some.start}.parquet") for some in rows] if len(rows) > 1 else []
        said = _read(path, made_of)
        if said is not None:
            self._tell(name, part, n_samples, n_samples)
        else:
            found = {some.start: _read(piece, made_of) for piece, some in zip(pieces, rows, strict=False)}
            if n_read := sum(len(one[1]) for one in found.values() if one is not None):
                self._tell(name, part, n_read, n_samples)
            for piece, some in zip(pieces, rows, strict=False):
                if found[some.start] is None:
                    found[some.start] = made = make(some)
                    _write(piece, made_of, made)
            said = _joined([one for one in found.values() if one is not None]) if pieces else make(rows[0])
            _write(path, made_of, said)
        for piece in pieces:
            piece.unlink(missing_ok=True)
        return said

    def _tell(self, name: str, part: str, n_read: int, n_samples: int) -> None:
        if self.tell is not None:
            self.tell(
                f"the logits of {name} on {n_read:,} of {n_samples:,} samples of {part} are read from "
                f"{str(self.of_model(name))!r}, where they are kept of the same weights, preparation and samples"
            )

    def write(self, name: str, part: str, said: Predictions) -> None:
        """Keep what a model said of a part of the data, of a kind of model that is always run anew."""
        values = said.of_classes()
        write_parquet(
            self.of_model(name) / f"{part}.parquet",
            values.rows.cpu().numpy(),
            values.labels,
            sample=said.sample,
            column=str(said.input).replace("-", "_"),
        )

    def leave_only(self, name: str, parts: Iterable[str]) -> None:
        """Remove what is kept of other parts, which are of other data."""
        for path in self.of_model(name).glob("[!.]*.parquet"):
            if path.stem not in {*parts}:
                path.unlink(missing_ok=True)


def made_by(classifier: Any) -> dict[str, Any]:
    """What of a classifier logits and labels follow from: its weights, its configuration, and its preparation."""
    config = {name: value for name, value in classifier.model.config.to_dict().items() if name != "_name_or_path"}
    return {
        "weights": weights_hash(classifier.model),
        "config": sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest(),
        "processor": _hash_of_processor(classifier.processor),
    }


def made_of(samples: Dataset) -> dict[str, Any]:
    """What of the samples they follow from: every cell, and the names and types of the columns."""
    return {
        "samples": data_digest(samples, samples.column_names, whole=samples.column_names).hexdigest(),
        "columns": str(samples.features),
    }


def _hash_of_processor(processor: Any) -> str:
    """Of the files that it is saved as: what a tokenizer shows of itself leaves out its words."""
    digest = sha256(type(processor).__name__.encode())
    if isinstance(processor, TimmWrapperImageProcessor):  # which is only saved with its model
        digest.update(repr(processor).encode())
        return digest.hexdigest()
    with TemporaryDirectory() as folder:
        processor.save_pretrained(folder)
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _read(path: Path, made_of: dict[str, Any]) -> Said | None:
    """What is kept in a file; None where nothing is that is known to be whole and of this."""
    try:
        schema = pq.read_schema(path)
        told = (schema.metadata or {}).get(KEY.encode())
        if told is None or json.loads(told) != made_of:
            return None
        rows = pq.read_table(path, columns=["sample"]) if "sample" in schema.names else None
        return (*read_parquet(path), None if rows is None else rows["sample"].to_numpy())
    except (OSError, ValueError, pa.ArrowException, InputError):
        return None


def _write(path: Path, made_of: dict[str, Any], said: Said) -> None:
    logits, labels, sample = said
    write_parquet(path, np.asarray(logits, np.float32), labels, sample=sample, metadata={KEY: json.dumps(made_of)})


def _joined(pieces: list[Said]) -> Said:
    logits, labels, samples = zip(*pieces, strict=True)
    joined = None if samples[0] is None else np.concatenate(samples)
    return np.concatenate(logits), np.concatenate(labels), joined
