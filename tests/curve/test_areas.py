import numpy as np

import abstain
from abstain.curve.areas import CurveAreas, ends_of_blocks, frozen


def test_a_curve_is_its_areas_and_how_uncertain_they_are():
    assert issubclass(abstain.RiskCoverageCurve, CurveAreas)
    assert not hasattr(CurveAreas, "aurc_interval")


def test_a_tie_block_ends_where_the_confidence_changes():
    assert ends_of_blocks(np.array([3.0, 2.0, 2.0, 0.0, -0.0])).tolist() == [1, 3, 5]


def test_what_is_frozen_is_the_array_itself():
    array = np.zeros(2)
    assert frozen(array) is array and not array.flags.writeable
