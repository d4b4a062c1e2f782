"""What models said that an audit has run, kept beside its results, for another audit or one that goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from abstain._files import write_json
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
Said = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64] | None]


class Make(Protocol):
    """Makes logits, labels and what they belong to."""

    def __call__(self, samples: Dataset, *, first: int) -> Said:
        """Of a piece of the samples, of which `first` came before."""
        ...


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

    def of(self, name: str, part: str, classifier: Any, samples: Dataset, make: Make) -> Said:
        """Logits, labels and what they belong to: as they are kept of these weights and samples, else made and kept.

        They are made piece by piece, and a piece that is whole is not made again.

        Args:
            name: of the model.
            part: of the data, such as `test`.
            classifier: that makes them.
            samples: of which they are made.
            make: makes those of a piece of the samples, of which it is told the number of the first.
        """
        path = self.of_model(name) / f"{part}.parquet"
        key = {
            "weights": weights_hash(classifier.model),
            "preparation": sha256(f"{classifier.model.config.to_dict()}{classifier.processor!r}".encode()).hexdigest(),
            "samples": data_digest(samples, samples.column_names).hexdigest(),
            "n_samples": len(samples),
        }
        told = f"{name} on {part}"
        if (kept := self._kept(path, key, told)) is not None:
            return kept
        starts = range(0, len(samples), PIECE)
        if len(starts) == 1:
            said = make(samples, first=0)
        else:
            said = _joined([self._piece(path, key, told, samples, start, make) for start in starts])
        _write(path, key, said)
        for piece in path.parent.glob(f".{part}-*"):
            piece.unlink()
        return said

    def _piece(self, whole: Path, key: dict[str, Any], told: str, samples: Dataset, start: int, make: Make) -> Said:
        path, key = whole.with_name(f".{whole.stem}-{start}.parquet"), key | {"start": start}
        if (kept := self._kept(path, key, f"{told} from sample {start:,} on")) is not None:
            return kept
        said = make(samples.select(range(start, min(start + PIECE, len(samples)))), first=start)
        _write(path, key, said)
        return said

    def _kept(self, path: Path, key: dict[str, Any], told: str) -> Said | None:
        said = _read(path, key)
        if said is not None and self.tell is not None:
            self.tell(
                f"the logits of {told} are read from {str(path)!r}, where they are kept of the same weights, "
                "preparation and samples"
            )
        return said

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


def _read(path: Path, key: dict[str, Any]) -> Said | None:
    """What is kept in a file; None where nothing is that is known to be whole and of this."""
    if _told(path.with_suffix(".json")) != key or not path.is_file():
        return None
    rows = pq.read_table(path, columns=["sample"]) if "sample" in pq.read_schema(path).names else None
    return (*read_parquet(path), None if rows is None else rows["sample"].to_numpy())


def _write(path: Path, key: dict[str, Any], said: Said) -> None:
    about = path.with_suffix(".json")
    about.unlink(missing_ok=True)
    write_parquet(path, np.asarray(said[0], np.float32), said[1], sample=said[2])
    write_json(about, key)


def _joined(pieces: list[Said]) -> Said:
    logits, labels, samples = zip(*pieces, strict=True)
    joined = None if samples[0] is None else np.concatenate(samples)
    return np.concatenate(logits), np.concatenate(labels), joined


def _told(about: Path) -> Any:
    """What is said of kept logits; None where nothing is, or nothing that can be read."""
    try:
        return json.loads(about.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
