"""A figure as a file, as bytes, as a part of an HTML page, or as pixels; the same figure is always the same bytes."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import check_choice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 150
_UNDATED: dict[str, dict[str, Any]] = {
    "png": {"metadata": {"Software": None}},  # which names a version
    "pdf": {"metadata": {"CreationDate": None, "Producer": None}},
    "svg": {"metadata": {"Date": None, "Creator": None}},
}
FORMATS = tuple(_UNDATED)
"""What a figure can be written as."""
_SVG_IDS: Any = {"svg.hashsalt": "abstain"}
"""Or else they are drawn at random."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches that belongs to no window; nothing in it overlaps."""
    from matplotlib.figure import Figure  # not pyplot, which would keep the figure and choose a window system

    return Figure(figsize=(width, height), layout="constrained")


def figure_bytes(figure: Figure, format: str = "png") -> bytes:
    """A figure as the content of a file.

    Args:
        figure: of matplotlib.
        format: `"png"`, `"pdf"` or `"svg"`.

    Raises:
        InputError: another format.
    """
    from matplotlib import rc_context

    check_choice("format", format, FORMATS)
    buffer = io.BytesIO()
    with rc_context(_SVG_IDS):
        figure.savefig(buffer, format=format, dpi=DOTS_PER_INCH, **_UNDATED[format])
    return buffer.getvalue()


def inline_svg(figure: Figure) -> str:
    """A figure as an `<svg>` element that stands in an HTML page, on dark and on light ground.

    Its ground is that of the page, and what is black in the figure has the colour of the page's text.
    """
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context(_SVG_IDS):
        figure.savefig(buffer, format="svg", transparent=True, **_UNDATED["svg"])
    element = buffer.getvalue()[buffer.getvalue().index("<svg") :]
    element = re.sub(r"#000000\b|(?<=[: ])black\b", "currentColor", element)
    return element.replace("<svg ", '<svg fill="currentColor" ', 1)  # text is black where nothing is said


def pixels_of(figure: Figure) -> NDArray[np.uint8]:
    """A figure as (H, W, 3) uint8, as trackers of experiments take pictures."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
