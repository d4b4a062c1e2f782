import numpy as np
from matplotlib.colors import rgb_to_hsv, to_rgb

from abstain.report.style import FIRST_COLOR, looks_in_order, looks_of_recipes


def grey(look):
    return float(np.dot(to_rgb(look.color), (0.299, 0.587, 0.114)))


def test_cross_entropy_is_black_and_more_smoothing_is_darker_whatever_the_order():
    recipes = {"c": ("LS", 0.3), "a": ("LS", 0.1), "plain": ("CE", 0.0), "b": ("LS", 0.2)}
    looks = looks_of_recipes(recipes)
    assert list(looks) == list(recipes) and looks["plain"].color == FIRST_COLOR
    assert grey(looks["a"]) - grey(looks["b"]) > 0.1 < grey(looks["b"]) - grey(looks["c"])
    assert np.ptp([rgb_to_hsv(to_rgb(looks[name].color))[0] for name in "abc"]) < 0.05
    assert len({looks[name].marker for name in "abc"}) == 1


def test_recipes_have_shapes_and_hues_of_their_own():
    looks = looks_of_recipes({"ce": ("CE", 0), "ls": ("LS", 0.2), "maxsup": ("MaxSup", 0.2), "again": ("LS", 0.2)})
    assert len({look.marker for look in looks.values()}) == len({look.color for look in looks.values()}) == 3
    assert looks["again"] == looks["ls"]


def test_without_recipes_the_first_is_black():
    looks = looks_in_order(["x", "y"])
    assert looks["x"].color == FIRST_COLOR and grey(looks["y"]) > 0.3
    assert looks_in_order([]) == {}
