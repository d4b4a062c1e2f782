"""A picture of boxes in layers with arrows that lead down, as SVG: the same layers and arrows give the same text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

ROW, BOX, GAP, MARGIN = 68, 30, 26, 24
"""Pixels: from layer to layer, height of a box, between two boxes of a layer, and around the picture."""
LETTER, LANE = 8.4, 8
"""Pixels: width of a letter of a name, and of an arrow on its way past a layer."""
SWEEPS = 24
STYLE = """
  text { font: 14px system-ui, sans-serif; text-anchor: middle; fill: #1f2328 }
  .caption { font-size: 12px; fill: #59636e }
  .paper { fill: #ffffff }
  .band { fill: #f6f8fa }
  .room { fill: #e6f1fb; stroke: #5a8fc2 }
  .private { fill: #f1f2f4; stroke: #9aa3ad }
  .arrow { fill: none; stroke: #6b7683; stroke-width: 1.3 }
  .head { fill: #6b7683 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .caption { fill: #a3adb8 }
    .paper { fill: #0d1117 }
    .band { fill: #151b23 }
    .room { fill: #16304a; stroke: #5a8fc2 }
    .private { fill: #22272e; stroke: #6b7683 }
    .arrow { stroke: #8d97a3 }
    .head { fill: #8d97a3 }
  }
"""


@dataclass(eq=False)
class Place:
    """A box, or without a name the place where an arrow passes a layer."""

    layer: int
    name: str = ""
    x: float = 0.0
    above: list[Place] = field(default_factory=list)
    below: list[Place] = field(default_factory=list)

    @property
    def width(self) -> float:
        """What it takes of its layer."""
        return LETTER * len(self.name) + 26 if self.name else LANE


def draw(layers: Sequence[Sequence[str]], arrows: Mapping[str, set[str]], caption: str) -> str:
    """The picture.

    Args:
        layers: names of boxes, the lowest layer first.
        arrows: name -> the names in lower layers that its arrows lead to.
        caption: below the picture.
    """
    rows, ways = _lay_out(layers, arrows)
    for sweep in range(SWEEPS):
        _arrange(rows, look_down=sweep % 2 == 0)
    left = min(place.x - place.width / 2 for row in rows for place in row) - MARGIN
    for place in (place for row in rows for place in row):
        place.x -= left
    width = max(place.x + place.width / 2 for row in rows for place in row) + MARGIN
    width = max(width, 6.2 * len(caption) + 2 * MARGIN)
    shapes = [_band(number, width) for number in range(len(rows))]
    shapes += [_arrow(way, len(rows)) for way in ways]
    shapes += [_box(place, len(rows)) for row in rows for place in row if place.name]
    return _svg(width, ROW * len(rows) + 2 * MARGIN, shapes, caption)


def _lay_out(
    layers: Sequence[Sequence[str]], arrows: Mapping[str, set[str]]
) -> tuple[list[list[Place]], list[list[Place]]]:
    """The places of each layer, and the way of each arrow from place to place."""
    rows = [[Place(number, name) for name in layer] for number, layer in enumerate(layers)]
    boxes = {place.name: place for row in rows for place in row}
    ways = []
    for name, place in boxes.items():
        for goal in (boxes[other] for other in boxes if other in arrows[name]):
            passed = [Place(number) for number in range(place.layer - 1, goal.layer, -1)]
            for between in passed:
                rows[between.layer].append(between)
            ways.append([place, *passed, goal])
    for upper, lower in (pair for way in ways for pair in pairwise(way)):
        upper.below.append(lower)
        lower.above.append(upper)
    for row in rows:
        _spread(row)
    return rows, ways


def _arrange(rows: list[list[Place]], *, look_down: bool) -> None:
    """Draw each place towards the places that it is joined to in the layers on one side, in their order."""
    for row in rows if look_down else reversed(rows):
        for place in row:
            joined = place.below if look_down else place.above
            if joined:
                place.x = sum(other.x for other in joined) / len(joined)
        row.sort(key=lambda place: place.x)
        _spread(row)


def _spread(row: list[Place]) -> None:
    """Push places apart that overlap, and keep the middle of the row where it was."""
    middle = sum(place.x for place in row) / len(row)
    for before, place in pairwise(row):
        place.x = max(place.x, before.x + (before.width + place.width) / 2 + GAP)
    shift = middle - sum(place.x for place in row) / len(row)
    for place in row:
        place.x += shift


def _middle(place: Place, n_layers: int) -> float:
    """The height of a layer: the lowest is at the bottom."""
    return MARGIN + BOX / 2 + ROW * (n_layers - 1 - place.layer)


def _band(number: int, width: float) -> str:
    y = MARGIN + ROW * number - 4
    return f'<rect class="band" x="{MARGIN / 2}" y="{y}" width="{width - MARGIN:.1f}" height="{BOX + 8}" rx="6"/>'


def _box(place: Place, n_layers: int) -> str:
    kind = "private" if place.name.startswith("_") else "room"
    y = _middle(place, n_layers)
    return (
        f'<rect class="{kind}" x="{place.x - place.width / 2:.1f}" y="{y - BOX / 2:.1f}" width="{place.width:.1f}" '
        f'height="{BOX}" rx="6"/><text x="{place.x:.1f}" y="{y + 5:.1f}">{escape(place.name)}</text>'
    )


def _arrow(way: list[Place], n_layers: int) -> str:
    """A line that swings from layer to layer, and its head on the last box."""
    first, *passed, last = way
    x = _port(first, first.below, way[1])
    path = f"M{x:.1f} {_middle(first, n_layers) + BOX / 2:.1f}"
    for place in passed:
        path += _swing(x, place.x, _middle(place, n_layers)) + f"V{_middle(place, n_layers) + BOX / 2:.1f}"
        x = place.x
    goal = _port(last, last.above, way[-2])
    path += _swing(x, goal, _middle(last, n_layers))
    tip = _middle(last, n_layers) - BOX / 2
    head = f"{goal:.1f},{tip:.1f} {goal - 4:.1f},{tip - 8:.1f} {goal + 4:.1f},{tip - 8:.1f}"
    return f'<path class="arrow" d="{path}"/><polygon class="head" points="{head}"/>'


def _swing(start: float, end: float, middle: float) -> str:
    """From the lower edge of one layer to the upper edge of the next, whose middle is given."""
    top = middle - BOX / 2
    half = top - (ROW - BOX) / 2
    return f"C{start:.1f} {half:.1f} {end:.1f} {half:.1f} {end:.1f} {top:.1f}"


def _port(place: Place, joined: list[Place], other: Place) -> float:
    """Where on the edge of a box an arrow starts or ends: side by side, in the order of the other ends."""
    order = sorted(joined, key=lambda end: end.x).index(other)
    return place.x + (order - (len(joined) - 1) / 2) * min(14.0, place.width / (len(joined) + 1))


def _svg(width: float, height: float, shapes: list[str], caption: str) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img">',
            f"<title>{escape(caption)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="paper" width="{width:.0f}" height="{height:.0f}" rx="8"/>',
            *shapes,
            f'<text class="caption" x="{width / 2:.1f}" y="{height - MARGIN:.1f}">{escape(caption)}</text>',
            "</svg>\n",
        ]
    )
