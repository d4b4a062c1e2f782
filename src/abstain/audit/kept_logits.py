"""The logits of models that an audit has run, kept beside its results, for another audit or one that goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
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

Said = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64] | None]


@dataclass(frozen=True)
class Kept:
    """A folder with one folder a model.

    Attributes:
        folder: of them all.
    """

    folder: Path

    def of_model(self, name: str) -> Path:
        """The folder of a model."""
        return self.folder / (re.sub(r"[^\w.-]+", "_", name).strip("_.") or "model")

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
            "samples": data_digest(samples, samples.column_names).hexdigest(),
            "n_samples": len(samples),
        }
        if about.is_file() and json.loads(about.read_text(encoding="utf-8")) == key:
            return (*read_logits(folder, part), sample_of_each_row(folder, part))
        said = make()
        about.unlink(missing_ok=True)
        write_parquet(folder / f"{part}.parquet", np.asarray(said[0], np.float32), said[1], sample=said[2])
        write_json(about, key)
        return said
