import numpy as np
from matplotlib.colors import rgb_to_hsv, to_rgb

from abstain.report.style import FIRST_COLOR, looks_in_order, looks_of_models, looks_of_recipes


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


def test_of_models_only_cross_entropy_is_black_where_it_is_known():
    looks = looks_of_models({"ls": ("LS", 0.2), "mine": None, "CE": None, "plain": ("CE", 0.0)})
    assert [name for name, look in looks.items() if look.color == FIRST_COLOR] == ["plain"], "a name is no knowledge"
    assert len({look.marker for look in looks.values()}) == len({look.color for look in looks.values()}) == 4


def test_models_of_which_nothing_is_known_have_a_colour_and_a_shape_each():
    looks = looks_of_models(dict.fromkeys("abcdef"))
    assert looks["a"].color == FIRST_COLOR
    assert len({look.marker for look in looks.values()}) == len({look.color for look in looks.values()}) == 6
    assert looks_of_models({}) == {}


def test_models_of_one_recipe_differ_in_shape_alone():
    looks = looks_of_models({"a": ("CE", 0), "b": ("CE", 0), "c": ("LS", 0.1), "d": ("LS", 0.1), "e": ("CE", 0)})
    assert len({look.marker for look in looks.values()}) == 5 and len({look.color for look in looks.values()}) == 2
