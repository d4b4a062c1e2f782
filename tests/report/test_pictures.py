from xml.etree import ElementTree

import numpy as np
import pytest

from abstain import InputError
from abstain.report.pictures import FORMATS, figure_bytes, inline_svg, new_figure, pixels_of


def line_in_black_and_orange():
    figure = new_figure(2, 1.5)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="black")
    axes.plot([0, 1], [1, 0], color="orange")
    axes.set_xlabel("coverage")
    return figure


@pytest.mark.parametrize(("name", "begin"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_the_same_figure_gives_the_same_bytes_without_a_version(name, begin):
    written = figure_bytes(line_in_black_and_orange(), name)
    assert written == figure_bytes(line_in_black_and_orange(), name) and written.startswith(begin)
    assert name == "pdf" or (b"atplotlib v" not in written and b"Software" not in written)
    assert name in FORMATS


def test_another_format_is_refused():
    with pytest.raises(InputError, match=r"unknown format 'jpg': did you mean 'png'"):
        figure_bytes(line_in_black_and_orange(), "jpg")


def test_black_is_the_colour_of_the_text_of_a_page_and_the_ground_is_its_ground():
    element = inline_svg(line_in_black_and_orange())
    ElementTree.fromstring(element)  # it is whole
    assert element.startswith("<svg ") and element == inline_svg(line_in_black_and_orange())
    assert "#000000" not in element and "#ffffff" not in element
    assert "stroke: currentColor" in element and "#ffa500" in element


def test_pixels_are_red_green_and_blue():
    pixels = pixels_of(line_in_black_and_orange())
    assert pixels.dtype == np.uint8 and pixels.shape == (150, 200, 3) and pixels[0, 0].tolist() == [255, 255, 255]
