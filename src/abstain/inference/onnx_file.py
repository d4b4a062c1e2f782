"""`onnx.json`: to which weights and files an exported model belongs, so that its rule is met by no other."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from abstain._checks import ArgumentError, InputError, check_keys, first_line, shown
from abstain._files import write_json
from abstain.inference.onnx_model import MODEL, data_files
from abstain.inference.rule_file import SHA256
from abstain.inference.weights import sha256_of

ONNX_FILE = "onnx.json"
FORMAT = 1
MOST_BYTES = 2**16


@dataclass(frozen=True)
class Exported:
    """What is known of an exported model.

    Attributes:
        onnx_sha256: of `model.onnx`, and of `model.onnx.data` after it where there is one.
        weights_sha256: of the safetensors of the model that was exported, as its rule knows it.
        format: of the file.
    """

    onnx_sha256: str
    weights_sha256: str
    format: int = FORMAT

    @classmethod
    def of(cls, folder: Path, weights_sha256: str) -> Self:
        """Of the files that have been written into a folder."""
        return cls(sha256_of(data_files(folder)), weights_sha256)

    def save(self, folder: Path) -> None:
        """Write `onnx.json`, which says that all beside it is whole."""
        write_json(folder / ONNX_FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, if the files beside it are those that it was written for.

        Raises:
            ArgumentError: the folder holds none.
            InputError: it is damaged, or the files are others.
        """
        path = folder / ONNX_FILE
        if not path.is_file():
            raise ArgumentError(
                f"there is no {ONNX_FILE} in {str(folder)!r}: give a folder that SelectiveClassifier.export_onnx wrote"
            )
        found = cls(**_checked(path))
        if sha256_of(data_files(folder)) != found.onnx_sha256:
            raise InputError(
                f"{str(folder / MODEL)!r} is not the file that {ONNX_FILE} was written for: export it anew"
            )
        return found


def _checked(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"it has {path.stat().st_size:,} bytes")
        names = set(Exported.__dataclass_fields__)
        values = check_keys(ONNX_FILE, json.loads(path.read_text(encoding="utf-8")), known=names, needed=names)
        if type(values["format"]) is not int or values["format"] != FORMAT:
            raise ValueError(f"format is {shown(values['format'])}, but must be {FORMAT}")
        for name in sorted(names - {"format"}):
            if not isinstance(values[name], str) or not SHA256.fullmatch(values[name]):
                raise ValueError(f"{name} is {shown(values[name])}, but must be 64 hexadecimal digits")
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{str(path)!r} is damaged ({first_line(error)}): export the model anew") from error
    return values
