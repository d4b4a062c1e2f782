"""What models said that an audit has run, kept beside its results, for another audit or one that goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abstain._files import write_json
from abstain.data.fingerprint import data_digest
from abstain.logits.dataset import read_logits, sample_of_each_row, write_parquet
from abstain.logits.forward import weights_hash

if TYPE_CHECKING:
    from datasets import Dataset

    from abstain.logits.predictions import Predictions

MOST_LETTERS = 120
"""Of the name of a folder, of which systems take 255 bytes."""
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

    def of(self, name: str, part: str, classifier: Any, samples: Dataset, make: Callable[[], Said]) -> Said:
        """Logits, labels and what they belong to: as they are kept of these weights and samples, else made and kept.

        Args:
            name: of the model.
            part: of the data, such as `test`.
            classifier: that makes them.
            samples: of which they are made.
            make: makes them.
        """
        folder = self.of_model(name)
        about = folder / f"{part}.json"
        key = {
            "weights": weights_hash(classifier.model),
            "preparation": sha256(f"{classifier.model.config.to_dict()}{classifier.processor!r}".encode()).hexdigest(),
            "samples": data_digest(samples, samples.column_names).hexdigest(),
            "n_samples": len(samples),
        }
        if _told(about) == key:
            if self.tell is not None:
                self.tell(
                    f"the logits of {name} on {part} ({len(samples):,} samples) are read from {str(folder)!r}, where "
                    "they are kept of the same weights, preparation and samples"
                )
            return (*read_logits(folder, part), sample_of_each_row(folder, part))
        said = make()
        about.unlink(missing_ok=True)
        write_parquet(folder / f"{part}.parquet", np.asarray(said[0], np.float32), said[1], sample=said[2])
        write_json(about, key)
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


def _told(about: Path) -> Any:
    """What is said of kept logits; None where nothing is, or nothing that can be read."""
    try:
        return json.loads(about.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
