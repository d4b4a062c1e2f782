"""The page of this Space: give predictions and labels, see at which risk how much can be answered. `python app.py`."""

from __future__ import annotations

from typing import Any

import gradio as gr
from analysis import EXAMPLES, Analysis, answer, measure_example, measure_upload, operating_point, results
from presentation import as_text, describe_data, describe_gain, describe_point, draw
from uploads import LIMIT_MB, forget

KEPT_SECONDS = 3600
"""How long the measurements of an idle tab are kept, and an upload that was not measured or was refused."""
SWEPT_SECONDS = 600
INTRODUCTION = """# Selective risk
A classifier that may abstain answers only where its confidence is high enough. From its logits or probabilities, this
page shows which share of the samples it can answer (**coverage**) with how many errors among the answers (**risk**),
and whether [logit normalisation](https://arxiv.org/abs/2403.14715), fitted on other samples, puts them into a better
order than the maximum softmax probability (MSP)."""
FORMATS = """- `.csv` or `.tsv`, also `.gz`: `label` and a column a class, `logit_0`, `logit_1` and so on, or called as
  the classes
- `.parquet` or `.jsonl`: the same columns, or lists of K numbers in `logits`
- `.npz` or `.safetensors`: arrays `logits` (N, K) and `label` (N,)
- two `.npy` files at once: logits (N, K) and labels (N,)

Probabilities are taken too, as `prob_0`, `prob_1` and so on, or `probabilities`; and so is a confidence of your own,
beside `correct`, or beside `label` and `prediction`. Labels are integers from 0 to K − 1, or the classes' names.

Logit normalisation and temperature are fitted on the validation file, which holds other samples of the same kind, and
everything is measured on all of the test file. Without one, a random half of the test file is for fitting, and the
other half is measured. Both together may have at most 200 MB.

Files are deleted as soon as they are measured; one that is refused is kept for an hour, so that what it does not tell
can be told. The results are kept for this browser tab alone, for an hour."""
LEGEND = """AURC is the area under the risk–coverage curve, beside its 95 % interval: lower is better. cov@5 and cov@1
are the largest coverages with at most 5 % and 1 % errors among the answers: higher is better. NLL, Brier score and
calibration error (ECE) tell how good the probabilities are: lower is better."""
STAYS = """

What was refused stays in its field, so that what it does not tell can be told. Clear the field (×) before you give
another file in its place: it would count beside the first."""
BY_ITSELF = "as names and values tell"
KINDS = ("logits", "log-probabilities", "probabilities", "confidence")
TYPED = {
    "label_column": "Column of labels",
    "logit_columns": "Columns of values, with commas",
    "class_axis": "Axis of the classes",
    "ignore_index": "Label that does not count",
    "class_names": "Names of the classes, in the order of the values, with commas",
    "choice": "Of a sample log of lm-evaluation-harness: acc, acc_norm or acc_bytes",
}
"""What can be told of files beside their kind: its name in `read_predictions` -> the label of its field."""
CSS = """
html, body, gradio-app, .gradio-container {max-width: 100%; min-width: 0}
.gradio-container {width: 100%; max-width: 1240px !important; margin: auto}
.gradio-container .main {padding-inline: clamp(12px, 3vw, 32px) !important}
#heading, #point, #problem {overflow-wrap: anywhere}
#problem {border-left: 4px solid #d9480f; padding: 8px}
#curve img {width: 100%; max-width: 700px; margin: auto}
#table {width: 100%; overflow: hidden}
#table .prose {overflow-x: auto}
#table th, #table td {white-space: nowrap; padding: 5px 9px}
@media (max-width: 700px) {
  #score, #percent {min-width: 100% !important}
  #table th:first-child, #table td:first-child {
    position: sticky; left: 0; min-width: 8em; white-space: normal; overflow-wrap: normal;
    background: var(--background-fill-primary)}
}
"""
"""Gradio puts the rules for narrow screens into the part of the page below its `.contain`, where they must match."""


def show(analysis: Analysis | None, problem: str, advice: str = "") -> list[Any]:
    """What an analysis, or in its place the problem with advice, puts into the components `shown`."""
    if analysis is None:
        text = f"**This cannot be measured:** {as_text(problem)}{advice}"
        return [None, gr.Markdown(text, visible=True), *[gr.Column(visible=False)] * 2, *[gr.skip()] * 4]
    labels = list(results(analysis))
    return [
        analysis,
        gr.Markdown(visible=False),
        *[gr.Column(visible=True)] * 2,
        describe_data(analysis),
        gr.Radio(labels, value=labels[0]),
        analysis.report.to_markdown(),
        describe_gain(analysis),
    ]


def pick(name: str) -> list[Any]:
    """Show a released checkpoint."""
    return show(*answer(measure_example, name))


def upload(test: list[str] | None, validation: list[str] | None, kind: str, *typed: str) -> list[Any]:
    """Show what was uploaded, delete it, and empty the choice of checkpoints and the fields of files.

    Of what cannot be measured the files stay, so that more can be told of them, and what can be told is opened.
    """
    told = dict(zip(TYPED, typed, strict=True)) | ({} if kind == BY_ITSELF else {"input": kind})
    analysis, problem = answer(measure_upload, test, validation, **told)
    if analysis is None:
        return [
            *show(None, problem, STAYS if test or validation else ""),
            None,
            gr.skip(),
            gr.skip(),
            gr.Accordion(open=True),
        ]
    forget([*(test or ()), *(validation or ())])
    return [*show(analysis, ""), None, None, None, gr.skip()]


def operate(analysis: Analysis | None, score: str, percent: float) -> tuple[Any, Any]:
    """The figure and the words for one position of the slider."""
    if analysis is None:
        return gr.skip(), "The measurements were dropped after an hour: choose or upload the data again."
    if score not in results(analysis):  # the slider was moved while the data changed
        return gr.skip(), gr.skip()
    point = operating_point(analysis, score, percent)
    return draw(analysis, score, point), describe_point(analysis, score, point)


def build_told() -> list[gr.components.Component]:
    """The fields for what the names and values in a file do not tell: their kind, and what is `TYPED`."""
    kind = gr.Dropdown(
        [BY_ITSELF, *KINDS], value=BY_ITSELF, label="What the values are", info=_in_messages("input"), elem_id="input"
    )
    texts = [gr.Textbox(label=label, info=_in_messages(name), elem_id=name) for name, label in TYPED.items()]
    return [kind, *texts]


def _in_messages(name: str) -> str:
    return f"messages: --{name.replace('_', '-')}"


def build_page() -> gr.Blocks:
    """The page; each browser tab has an analysis of its own."""
    kept = (SWEPT_SECONDS, KEPT_SECONDS)
    with gr.Blocks(title="Selective risk", analytics_enabled=False, delete_cache=kept) as page:
        analysis = gr.State(time_to_live=KEPT_SECONDS)
        gr.Markdown(INTRODUCTION)
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                names = list(EXAMPLES)
                released = gr.Radio(names, value=names[-1], label="A ResNet-20 on CIFAR-10", elem_id="released")
                files = gr.File(
                    file_count="multiple", label=f"Your test file, at most {LIMIT_MB} MB", height=145, elem_id="files"
                )
                label = "Validation file (optional)"
                validation = gr.File(file_count="multiple", label=label, height=145, elem_id="validation")
                with gr.Accordion("What a file does not tell", open=False, elem_id="told") as told:
                    fields = build_told()
                measure = gr.Button("Measure", variant="primary", elem_id="measure")
                with gr.Accordion("What a file must hold", open=False):
                    gr.Markdown(FORMATS)
            with gr.Column(scale=3, min_width=280):
                problem = gr.Markdown(visible=False, elem_id="problem")
                with gr.Column(elem_id="results") as found:
                    heading = gr.Markdown(elem_id="heading")
                    with gr.Row():
                        score = gr.Radio([], label="Confidence", elem_id="score")
                        percent = gr.Slider(0.1, 100, 50, step=0.1, label="Coverage (%)", elem_id="percent")
                    words = gr.Markdown(elem_id="point")
                    plot = gr.Plot(show_label=False, elem_id="curve")
        with gr.Column(elem_id="numbers") as numbers:
            gain = gr.Markdown(elem_id="gain")
            table = gr.Markdown(elem_id="table")
            gr.Markdown(LEGEND)
        shown = [analysis, problem, found, numbers, heading, score, table, gain]
        measuring = {"api_visibility": "private", "concurrency_id": "measure", "concurrency_limit": 1}
        moving = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}
        operating = {"fn": operate, "inputs": [analysis, score, percent], "outputs": [plot, words], **moving}
        page.load(pick, released, shown, **measuring).then(**operating)
        released.input(pick, released, shown, **measuring).then(**operating)
        given = [files, validation, *fields]
        measure.click(upload, given, [*shown, released, files, validation, told], **measuring).then(**operating)
        score.input(**operating)
        percent.change(**operating)
    return page


def launch_options() -> dict[str, Any]:
    """What `launch` is given: no font or script from elsewhere, and no upload above the limit."""
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    return {"theme": theme, "css": CSS, "max_file_size": f"{LIMIT_MB}mb", "footer_links": [], "ssr_mode": False}


if __name__ == "__main__":
    build_page().launch(**launch_options())
