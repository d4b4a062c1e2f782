"""Write `file_types.md`, a classifier that others trained on files that everybody has: Magika's, of types of files.

`python docs/file_types.py --measure` reads the files of this installation of Python, writes `file_types.json` and the
row of `models_of_others.json`, and takes about a minute without a network; it needs `pip install 'abstain[examples]'`.
Without it the page is rendered from that file. With `--check` nothing is written, and the exit status says whether the
page is out of date.
"""

from __future__ import annotations

import json
import platform
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import other_models
from file_type_names import EXTENSIONS, FOLDERS_LEFT_OUT, LEFT_OUT
from file_type_samples import (
    MOST_OF_EXTENSION,
    MOST_OF_PACKAGE,
    Samples,
    find_files,
    read_samples,
    roots,
    some_of_each,
)
from onnx_logits import logits_of
from pages import ROOT, write_or_check
from scipy.special import expit

from abstain import AbstentionRule, NoThresholdError
from abstain._files import write_json
from abstain.report import markdown_table
from abstain.scores import classification_error, msp

PAGE = ROOT / "docs" / "file_types.md"
FOUND = PAGE.with_suffix(".json")
MODEL = "Magika"
SOURCE = "[file_types.md](file_types.md)"
ADDRESS = "package `magika`"
TARGET, DELTA = 0.01, 0.05
Found = dict[str, Any]


def main() -> None:
    """Measure where that is asked for, then write or check the page."""
    if "--measure" in sys.argv:
        files = some_of_each(find_files(roots()), MOST_OF_PACKAGE, MOST_OF_EXTENSION)
        found = measure(read_samples(files))
        write_json(FOUND, found)
        other_models.keep(f"{MODEL} {found['versions']['magika']}", SOURCE, found["test"])
    write_or_check({PAGE: render(json.loads(FOUND.read_text(encoding="utf-8")))})


def model_folder() -> Path:
    """Where the package has its weights and what they were exported with."""
    import magika

    model = magika.Magika()
    return Path(magika.__file__).parent / "models" / model.get_model_name()


def measure(samples: Samples) -> Found:
    """Logits of all samples, and what is found on those of the test part."""
    folder = model_folder()
    config = json.loads((folder / "config.min.json").read_text(encoding="utf-8"))
    names = config["target_labels_space"]
    logits = logits_of(folder / "model.onnx", "bytes", samples.inputs)
    labels = np.array([names.index(label) for label in samples.labels])
    packages, of_test = np.array(samples.packages), samples.is_test
    validation, test = ((logits[rows], labels[rows]) for rows in (~of_test, of_test))
    return {
        "versions": {name: version(name) for name in ("magika", "onnxruntime")} | {"python": platform.python_version()},
        "files": len(labels),
        "duplicates": samples.n_duplicates,
        "contradictions": samples.n_contradictions,
        "packages": len(set(samples.packages)),
        "validation": len(validation[1]),
        "test": other_models.measure(validation, test, packages[of_test], packages[~of_test]),
        "rules": {
            "a guarantee": guaranteed(validation, test),
            "its own": accepted(own_rule(test, names, config), test),
        },
        "types": types(test, names),
    }


def guaranteed(validation: Any, test: Any) -> Found:
    """The threshold that the validation part guarantees and what it gives on test, or what is missing."""
    try:
        rule = AbstentionRule.fit(*validation, target_risk=TARGET, delta=DELTA)
    except NoThresholdError as error:
        return {"missing": str(error)}
    return {"told": rule.describe()} | accepted(rule.accept(test[0]), test)


def own_rule(test: Any, names: Sequence[str], config: Found) -> Any:
    """(N,) which samples Magika's default mode answers: those with a probability of at least that of their class."""
    of_class = [config["thresholds"].get(name, config["medium_confidence_threshold"]) for name in names]
    return expit(msp(test[0])) >= np.array(of_class)[test[0].argmax(axis=1)]


def accepted(accepts: Any, test: Any) -> Found:
    """Coverage and selective risk of a rule on the test samples."""
    error = classification_error(*test)[accepts]
    return {"coverage": float(accepts.mean()), "risk": float(error.mean()), "errors": int(error.sum())}


def types(test: Any, names: Sequence[str]) -> dict[str, Found]:
    """Type that a name says -> how many test samples, errors, and what they are taken for most often."""
    predicted, labels = test[0].argmax(axis=1), test[1]
    found = {}
    for label in np.unique(labels):
        taken = Counter(names[other] for other in predicted[labels == label] if other != label)
        found[names[label]] = {
            "files": int((labels == label).sum()),
            "errors": taken.total(),
            "taken for": taken.most_common(2),
        }
    return found


def render(found: Found) -> str:
    """The page."""
    measured = other_models.table([{"name": MODEL, "source": ADDRESS, **found["test"]}])
    parts = [
        header(found),
        f"## How well it abstains\n\n{other_models.ON_TEST}\n\n{measured}",
        f"## Thresholds for {100 * TARGET:g} % of errors\n\n{thresholds(found)}",
        f"## Where the errors are\n\n{errors(found['types'])}",
        NAMES,
        pairs("extension", "class", EXTENSIONS),
        "Not taken, for what is in such files is not sure, or would not be asked fairly:",
        pairs("extension", "what it may be", LEFT_OUT),
        pairs("folder", "why nothing below it is taken", FOLDERS_LEFT_OUT),
    ]
    return "\n\n".join(parts) + "\n"


def header(found: Found) -> str:
    """What was measured, and on what."""
    versions, test = found["versions"], found["test"]
    return f"""# A classifier of others: which type a file is

Magika is a model of Google's that tells the type of a file from its first and last bytes, and comes with its weights
as a package. Here {MODEL} {versions["magika"]} is asked about the files of an installation of Python
{versions["python"]}, and the ending of a file's name is taken for the truth: what is measured is how well the two
agree, and a file that is misnamed counts as an error. The {test["classes"]} logits are what goes into the last softmax
of the ONNX file (`onnx_logits.py`). How it was trained is for its authors to say, and nothing is claimed here about
that; another installation has other files, and gives other numbers.

At most {MOST_OF_PACKAGE} files of an extension are taken from a package and {MOST_OF_EXTENSION:,} in all, by a hash of
their paths; files that look the same to the model are one ({found["duplicates"]:,} left out), and none where their
names disagree ({found["contradictions"]:,} of these). What is left are {found["files"]:,} files of {found["packages"]}
packages, of which a hash of what the model sees puts {found["validation"]:,} into the validation and
{test["samples"]:,} into the test part. Files of one package are alike, so the intervals of 95 % take packages for
clusters; with few packages that hold errors there is none.

`python docs/file_types.py --measure` makes the numbers anew, without a network."""


def thresholds(found: Found) -> str:
    """A row a rule, on the test samples; then what the guarantee says, or lacks."""
    of_guarantee = found["rules"]["a guarantee"]
    rows = [["rule", "answers %", "of these wrong %", "wrong answers"]]
    for title, name in ((f"threshold for {100 * TARGET:g} %", "a guarantee"), ("Magika's own, per class", "its own")):
        if "coverage" in (rule := found["rules"][name]):
            rows.append([title, f"{100 * rule['coverage']:.1f}", f"{100 * rule['risk']:.2f}", str(rule["errors"])])
    rows.append(["every file", "100.0", f"{100 * found['test']['error']:.2f}", str(found["test"]["errors"])])
    told = of_guarantee.get("told") or f"No threshold is guaranteed: {of_guarantee['missing']}."
    return f"{told}\n\n{GUARANTEE}\n\n{markdown_table(rows, 'lrrr')}"


def errors(types: dict[str, Found]) -> str:
    """A row for each type with an error, and how many have none."""
    rows = [["type", "test files", "errors", "most often taken for"]]
    wrong = {name: of for name, of in types.items() if of["errors"]}
    for name, of in sorted(wrong.items(), key=lambda item: -item[1]["errors"]):
        taken = ", ".join(f"{other} ({count})" for other, count in of["taken for"])
        rows.append([name, f"{of['files']:,}", str(of["errors"]), taken])
    right = [of["files"] for of in types.values() if not of["errors"]]
    return f"{markdown_table(rows, 'lrrl')}\n\n{len(right)} other types, {sum(right):,} files, have no error."


def pairs(first: str, second: str, rows: dict[str, str]) -> str:
    """A table of two columns."""
    return markdown_table([[first, second], *([f"`{name}`", told] for name, told in rows.items())], "ll")


GUARANTEE = """A guarantee holds for other files of these packages, drawn as these were. For packages that are not among
them it does not: files of one package are alike, and it would take a draw of packages in place of one of files."""
NAMES = """## Which name means which type

The extensions are those to which Magika's own table gives this class alone, and of which a file of Python's
installation is sure to be what its name says."""


if __name__ == "__main__":
    main()
