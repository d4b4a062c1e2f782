"""The page of this Space: give logits and labels, see at which risk how much can be answered. `python app.py`."""

from __future__ import annotations

from typing import Any

import gradio as gr
from analysis import (
    EXAMPLES,
    LIMIT_MB,
    Analysis,
    answer,
    curves,
    forget,
    measure_example,
    measure_upload,
    operating_point,
)
from presentation import describe_gain, describe_point, draw

KEPT_SECONDS = 3600
"""How long the measurements of an idle tab are kept, and an upload that was never asked about."""
INTRODUCTION = """# Selective risk
A classifier that may abstain answers only where its confidence is high enough. From its logits, this page shows which
share of the samples it can answer (**coverage**) with how many errors among the answers (**risk**), and whether
[logit normalisation](https://arxiv.org/abs/2403.14715), fitted on other samples, puts them into a better order than the
maximum softmax probability (MSP)."""
FORMATS = """- `.csv` or `.tsv`: `label` and a column a class, `logit_0`, `logit_1` and so on or called as the classes
- `.parquet` or `.jsonl`: the same columns, or lists of K numbers in `logits`
- `.npz` or `.safetensors`: arrays `logits` (N, K) and `label` (N,)
- two `.npy` files at once: logits (N, K) and labels (N,)

Probabilities are taken too, as `prob_0`, `prob_1` and so on, or `probabilities`; labels are integers from 0 to K − 1,
or the classes' names. Files are deleted as soon as they are read, and the results are kept for this browser tab alone,
for an hour."""
LEGEND = """AURC is the area under the risk–coverage curve: lower is better. cov@5 and cov@1 are the shares that can be
answered with at most 5 % and 1 % errors: higher is better. NLL, Brier score and calibration error (ECE) tell how good
the probabilities are: lower is better."""
CSS = """
.gradio-container {max-width: 1240px !important; margin: auto}
#problem {border-left: 4px solid #d9480f; padding: 8px}
#table th, #table td {white-space: nowrap; padding: 5px 9px}
"""


def show(analysis: Analysis | None, problem: str) -> list[Any]:
    """What an analysis, or in its place the problem, puts into the components `shown`."""
    if analysis is None:
        text = f"**This cannot be measured:** {problem}"
        return [None, gr.Markdown(text, visible=True), gr.Column(visible=False), *[gr.skip()] * 4]
    labels = list(curves(analysis))
    return [
        analysis,
        gr.Markdown(analysis.warning, visible=bool(analysis.warning)),
        gr.Column(visible=True),
        f"## {analysis.name}\n{analysis.split}",
        gr.Radio(labels, value=labels[0]),
        f"{analysis.report.to_markdown()}\n\n{LEGEND}",
        describe_gain(analysis),
    ]


def pick(name: str) -> list[Any]:
    """Show a released checkpoint."""
    return show(*answer(measure_example, name))


def upload(paths: list[str]) -> list[Any]:
    """Show what was uploaded, delete it, and empty the choice of checkpoints and the field of files."""
    try:
        return [*show(*answer(measure_upload, paths)), None, None]
    finally:
        forget(paths)


def operate(analysis: Analysis | None, score: str, percent: float) -> tuple[Any, Any]:
    """The figure and the words for one position of the slider."""
    if analysis is None:
        return gr.skip(), "The measurements were dropped after an hour: choose or upload the data again."
    if score not in curves(analysis):  # the slider was moved while the data changed
        return gr.skip(), gr.skip()
    point = operating_point(analysis, score, percent)
    return draw(analysis, score, point), describe_point(analysis, score, point)


def build_page() -> gr.Blocks:
    """The page; each browser tab has an analysis of its own."""
    with gr.Blocks(title="Selective risk", analytics_enabled=False, delete_cache=(KEPT_SECONDS, KEPT_SECONDS)) as page:
        analysis = gr.State(time_to_live=KEPT_SECONDS)
        gr.Markdown(INTRODUCTION)
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                names = list(EXAMPLES)
                released = gr.Radio(names, value=names[-1], label="A ResNet-20 on CIFAR-10", elem_id="released")
                label = f"Your own file, at most {LIMIT_MB} MB"
                files = gr.File(file_count="multiple", label=label, height=150, elem_id="files")
                problem = gr.Markdown(visible=False, elem_id="problem")
                with gr.Accordion("What a file must hold", open=False):
                    gr.Markdown(FORMATS)
            with gr.Column(scale=3, elem_id="results") as results:
                heading = gr.Markdown(elem_id="heading")
                with gr.Row():
                    score = gr.Radio([], label="Confidence", elem_id="score")
                    label = "Threshold: share to answer (%)"
                    percent = gr.Slider(0.1, 100, 50, step=0.1, label=label, elem_id="percent")
                words = gr.Markdown(elem_id="point")
                plot = gr.Plot(show_label=False, elem_id="curve")
                gain = gr.Markdown(elem_id="gain")
                table = gr.Markdown(elem_id="table")
        shown = [analysis, problem, results, heading, score, table, gain]
        measuring = {"api_visibility": "private", "concurrency_id": "measure", "concurrency_limit": 1}
        moving = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}
        operating = {"fn": operate, "inputs": [analysis, score, percent], "outputs": [plot, words], **moving}
        page.load(pick, released, shown, **measuring).then(**operating)
        released.input(pick, released, shown, **measuring).then(**operating)
        files.upload(upload, files, [*shown, released, files], **measuring).then(**operating)
        score.input(**operating)
        percent.change(**operating)
    return page


def launch_options() -> dict[str, Any]:
    """What `launch` is given: no font or script from elsewhere, and no upload above the limit."""
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    return {"theme": theme, "css": CSS, "max_file_size": f"{LIMIT_MB}mb", "footer_links": [], "ssr_mode": False}


if __name__ == "__main__":
    build_page().launch(**launch_options())
