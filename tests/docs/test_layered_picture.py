import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

SVG = "{http://www.w3.org/2000/svg}"
LAYERS = [["floor", "alone"], ["left", "right"], ["a|b <c>"]]
ARROWS = {"floor": set(), "alone": set(), "left": {"floor"}, "right": {"floor"}, "a|b <c>": {"left", "right", "floor"}}


@pytest.fixture
def draw(program):
    return program("layered_picture").draw


def boxes_of(picture):
    """Name -> (left, right, upper, lower) of each box."""
    shapes = list(picture)
    found = {}
    for box, text in pairwise(shapes):
        if box.get("class") in ("room", "private"):
            x, y, width, height = (float(box.get(key)) for key in ("x", "y", "width", "height"))
            found[text.text] = (x, x + width, y, y + height)
    return found


def test_boxes_of_a_layer_stand_side_by_side_and_the_lowest_layer_at_the_bottom(draw):
    boxes = boxes_of(ET.fromstring(draw(LAYERS, ARROWS, "caption")))
    assert set(boxes) == {name for layer in LAYERS for name in layer}
    heights = [{boxes[name][2] for name in layer} for layer in LAYERS]
    assert [len(of_layer) for of_layer in heights] == [1, 1, 1]
    assert max(heights[2]) < max(heights[1]) < max(heights[0])
    for layer in LAYERS:
        ordered = sorted(boxes[name][:2] for name in layer)
        assert all(before[1] < after[0] for before, after in pairwise(ordered))


def test_each_arrow_goes_from_the_lower_edge_of_a_box_to_the_upper_edge_of_another(draw):
    picture = ET.fromstring(draw(LAYERS, ARROWS, "caption"))
    boxes, found = boxes_of(picture), []
    for path in picture.iter(f"{SVG}path"):
        numbers = [float(number) for number in re.findall(r"-?\d+\.\d", path.get("d"))]
        start, end = numbers[:2], numbers[-2:]
        (source,) = [name for name, box in boxes.items() if box[0] < start[0] < box[1] and start[1] == box[3]]
        (goal,) = [name for name, box in boxes.items() if box[0] < end[0] < box[1] and end[1] == box[2]]
        found.append((source, goal))
    assert sorted(found) == sorted((name, goal) for name, goals in ARROWS.items() for goal in goals)


def test_an_arrow_that_passes_a_layer_goes_around_its_boxes(draw):
    picture = ET.fromstring(draw(LAYERS, ARROWS, "caption"))
    boxes = boxes_of(picture)
    (long,) = [path.get("d") for path in picture.iter(f"{SVG}path") if "V" in path.get("d")]
    x = float(re.search(r"(-?\d+\.\d) -?\d+\.\dV", long)[1])
    assert all(not left <= x <= right for left, right, *_ in (boxes[name] for name in LAYERS[1]))


def test_everything_lies_on_the_paper_and_the_same_input_gives_the_same_text(draw):
    text = draw(LAYERS, ARROWS, "a caption that is much wider than the boxes, with < and &")
    picture = ET.fromstring(text)
    _, _, width, height = map(float, picture.get("viewBox").split())
    for left, right, upper, lower in boxes_of(picture).values():
        assert 0 < left < right < width and 0 < upper < lower < height
    assert text == draw(LAYERS, ARROWS, "a caption that is much wider than the boxes, with < and &")
    assert picture.find(f"{SVG}title").text == "a caption that is much wider than the boxes, with < and &"
