"""Write `segmentation.md`, what abstaining is worth for pixels and for whole images of CamVid.

`python docs/segmentation.py` renders the page from `segmentation.json`. With `--measure CE LS`, the folders of two runs
of the recipe `deeplabv3plus_camvid_small.yaml`, it is measured first, in a few minutes on one processor. With `--check`
nothing is written, and the exit status says whether the page is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pages import ROOT, write_or_check

from abstain import aurc_difference, read_predictions
from abstain._files import write_text
from abstain.audit.images_of_pixels import HALF, Images, OfImages, images_of_report, table
from abstain.curve import Difference
from abstain.report import SelectiveReport, markdown_table
from abstain.report.predictions import evaluate_predictions

PAGE = ROOT / "docs" / "segmentation.md"
RAW = PAGE.with_suffix(".json")
TITLES = {"CE": "cross-entropy", "LS": "label smoothing"}
LEVEL = 0.95
Row = dict[str, Any]


def main() -> None:
    """Measure if asked to, render the page, and write or check it."""
    if "--measure" in sys.argv:
        folders = map(Path, sys.argv[sys.argv.index("--measure") + 1 :][:2])
        write_text(RAW, json.dumps(measured(dict(zip(TITLES, folders, strict=True))), indent=1) + "\n")
    write_or_check({PAGE: render(json.loads(RAW.read_text(encoding="utf-8")))})


def measured(folders: dict[str, Path]) -> Row:
    """All numbers of the page."""
    reports = {name: report_of(folder) for name, folder in folders.items()}
    return {
        "models": {name: of_model(folders[name], report) for name, report in reports.items()},
        "differences": between_models(reports["LS"], reports["CE"]),
    }


def report_of(folder: Path) -> SelectiveReport:
    """Of all labelled test pixels that a run kept."""
    test, validation = (read_predictions(str(folder / "logits"), split=split) for split in ("test", "validation"))
    return evaluate_predictions(test, validation, level=LEVEL)


def of_model(folder: Path, report: SelectiveReport) -> Row:
    """What stands in the recipe of the run, and what pixels and images show."""
    training = json.loads((folder / "run.json").read_text(encoding="utf-8"))["training"]
    images = images_of_report(report)
    assert images is not None and report.repaired is not None and report.clusters is not None
    clusters = report.clusters.of_sample
    gain = aurc_difference(
        report.msp.confidence, report.error, report.repaired.confidence, report.error, level=LEVEL, clusters=clusters
    )
    return {
        "smoothing": training["label_smoothing_factor"],
        "n_pixels": report.n_samples,
        "scores": {one.label: one.metrics for one in (report.msp, report.repaired)},
        "gain": asdict(gain),
        "images": images.to_dict(),
    }


def between_models(ls: SelectiveReport, ce: SelectiveReport) -> Row:
    """LS minus CE on the same pixels, and on the same images by the mean of MSP."""
    assert ls.clusters is not None and ce.clusters is not None
    clusters = ls.clusters.of_sample
    of_ls, of_ce = images_of_report(ls), images_of_report(ce)
    assert of_ls is not None and of_ce is not None and np.array_equal(clusters, ce.clusters.of_sample)
    told: dict[str, Any] = {"level": LEVEL}
    first = [(of.found[0].confidence, of.error) for of in (of_ls, of_ce)]
    return {
        "pixels": asdict(aurc_difference(*msp(ls), *msp(ce), clusters=clusters, **told)),
        "pixels, repaired": asdict(aurc_difference(*repaired(ls), *repaired(ce), clusters=clusters, **told)),
        "images, mean of MSP": asdict(aurc_difference(*first[0], *first[1], **told)),
    }


def msp(report: SelectiveReport) -> tuple[Any, Any]:
    """Confidence and error."""
    return report.msp.confidence, report.error


def repaired(report: SelectiveReport) -> tuple[Any, Any]:
    """The same after the repair."""
    assert report.repaired is not None
    return report.repaired.confidence, report.error


def render(found: Row) -> str:
    """segmentation.md."""
    models = found["models"]
    n_images = models["CE"]["images"]["n_images"]
    return f"""# Abstaining from pixels, and from whole images

Made by `python docs/segmentation.py` from `segmentation.json`; `--measure` makes it anew. A small DeepLabV3+ was
trained on CamVid with cross-entropy and with label smoothing (α = {models["LS"]["smoothing"]:g}), one seed each, by
`training_scripts/recipes/deeplabv3plus_camvid_small.yaml`. What is measured are {models["CE"]["n_pixels"]:,} labelled
pixels of {n_images} test images, the same for both; the repair is fitted on the validation images. Intervals, at
{LEVEL:.0%}, are over the draw of the images, whose pixels depend on each other. The images are frames of a few drives,
so those that follow each other are alike too, which these intervals do not know: the true ones are wider.

## Pixels

{table_of_pixels(models)}

{chr(10).join(f"- {line}" for line in differences_in_words(found["differences"]))}

## Whole images

An image is answered or left to a person as a whole; its error is the share of its wrong pixels. Its confidence is the
mean (of MSP: of the probability) or a quantile of those of its pixels: by a quantile of 5 % an image is as sure as its
pixel that 5 % of its pixels do not exceed. `at half` is the error of the most confident {HALF:.0%} of the images; the
gain is that over the mean of MSP, its p-value after Holm's correction for the table.

{"".join(section(name, models[name]["images"]) for name in TITLES)}
`abstain audit RUN` makes these tables of any run whose logits keep the `sample` of each pixel, and
`abstain.audit.whole_images` those of arrays.
"""


def table_of_pixels(models: Row) -> str:
    """A row a model and confidence."""
    rows = [["model", "confidence", "error %", "AURC %", "interval", "coverage % at 5 %", "gain, points", "interval"]]
    for name, model in models.items():
        for place, (label, one) in enumerate(model["scores"].items()):
            own = "–" if one["aurc_low"] is None else f"[{100 * one['aurc_low']:.2f}, {100 * one['aurc_high']:.2f}]"
            gain = [points(model["gain"]["estimate"]), between(model["gain"])] if place else ["", ""]
            numbers = [f"{100 * one[key]:.2f}" for key in ("risk", "aurc")]
            rows.append([TITLES[name], label, *numbers, own, f"{100 * one['cov@5']:.1f}", *gain])
    return markdown_table(rows, "llrrrrrr")


def differences_in_words(differences: Row) -> Iterator[str]:
    """Whether label smoothing is worse, on pixels and on images."""
    for what, one in differences.items():
        low = one["low"]
        verdict = "cannot be told" if low is None else "worse" if low > 0 else "better" if one["high"] < 0 else ""
        verdict = verdict or "not told apart"
        yield f"Label smoothing beside cross-entropy, {what}: {points(one['estimate'])} {between(one)}, {verdict}."


def section(name: str, images: Row) -> str:
    """What the confidences of whole images are worth."""
    return f"""### {TITLES[name].capitalize()}

{in_words(images["confidences"])} The mean error of all images is {100 * images["error"]:.2f} %.

{table(Images(np.empty(0), tuple(read_back(one) for one in images["confidences"])))}

"""


def read_back(one: Row) -> OfImages:
    """What `to_dict` made, without the numbers of each image."""
    gain = None if one["gain"] is None else Difference(**one["gain"])
    return OfImages(**{**one, "gain": gain}, confidence=np.empty(0))


def in_words(confidences: list[Row]) -> str:
    """Which confidences are better, and which worse, than the mean of MSP beyond chance."""
    sure = [one for one in confidences[1:] if one["adjusted_p"] is not None and one["adjusted_p"] <= 1 - LEVEL]
    better = [f"the {one['summary']} of {one['pixels']}" for one in sure if one["gain"]["estimate"] > 0]
    worse = [f"the {one['summary']} of {one['pixels']}" for one in sure if one["gain"]["estimate"] < 0]
    told = [f"{title}: {', '.join(names)}" for title, names in (("better", better), ("worse", worse)) if names]
    return f"Beside the mean of MSP, beyond chance, {'; '.join(told) or 'none is better or worse'}."


def points(fraction: float) -> str:
    """A difference in percentage points."""
    return f"{100 * fraction:+.2f}"


def between(one: Row) -> str:
    """Its interval."""
    ends: Iterable[float | None] = (one["low"], one["high"])
    return "–" if one["low"] is None else f"[{', '.join(points(end or 0.0) for end in ends)}]"


if __name__ == "__main__":
    main()
