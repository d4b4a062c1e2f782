"""Make `evaluate.load("selective_risk")` find the metric on this machine, without a network, and undo that."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from datasets import DownloadMode
from evaluate import config, loading

from abstain._checks import InputError

NAME = "selective_risk"
HUB_NAME = f"evaluate-metric/{NAME}"
"""Where `evaluate` looks for a metric without a user's name: on the Hub, and where that fails in its cache."""
SCRIPT = '''"""Selective risk: how well a classifier knows when to abstain, as an `evaluate` metric; needs abstain."""

import evaluate  # noqa: F401 - what the loader takes for a metric's script imports it

from abstain.metric import SelectiveRisk  # noqa: F401 - the loader takes the class that it finds here
'''
"""A metric's script, whole: everything else is in `abstain.metric`."""


def register() -> Path:
    """Put the metric's script into the cache of `evaluate`, in place of one that an earlier version put there.

    Done again it changes nothing. The cache is `HF_MODULES_CACHE`, in `HF_HOME` unless set.

    Returns:
        The folder that was written.

    Raises:
        InputError: the cache cannot be written to.
    """
    folder = registered_folder()
    try:
        if [path.read_text(encoding="utf-8") for path in folder.glob(f"*/{NAME}.py")] == [SCRIPT]:
            return folder
        with tempfile.TemporaryDirectory() as source:
            script = Path(source) / f"{NAME}.py"
            script.write_text(SCRIPT, encoding="utf-8")
            loading._create_importable_file(
                local_path=str(script),
                local_imports=[],
                additional_files=[],
                dynamic_modules_path=loading.init_dynamic_modules(),
                module_namespace="metrics",
                name=HUB_NAME,
                download_mode=DownloadMode.FORCE_REDOWNLOAD,  # removes the script of an earlier version
            )
    except OSError as error:
        raise InputError(f"the cache of `evaluate` cannot be written ({error}): set HF_MODULES_CACHE") from error
    return folder


def unregister() -> Path | None:
    """Remove what `register` wrote.

    Returns:
        The folder that was removed; None if there was none.

    Raises:
        InputError: it cannot be removed.
    """
    folder = registered_folder()
    if not folder.exists():
        return None
    try:
        shutil.rmtree(folder)
        folder.with_name(f"{folder.name}.lock").unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"what was registered cannot be removed ({error}): remove {str(folder)!r}") from error
    return folder


def registered_folder() -> Path:
    """Where the metric is in the cache of `evaluate`, if it is registered."""
    modules = Path(config.HF_MODULES_CACHE) / config.MODULE_NAME_FOR_DYNAMIC_MODULES
    return modules / "metrics" / HUB_NAME.replace("/", "--")
