from dataclasses import replace

import numpy as np
import pytest

from abstain import InputError
from abstain.figures import at_equal_confidence_figure, max_logit_at_equal_confidence
from abstain.report.pictures import figure_bytes


def test_each_model_has_its_means_and_their_difference(logits_and_labels):
    values = max_logit_at_equal_confidence(*logits_and_labels)
    figure = at_equal_confidence_figure({"CE": values, "LS 0.2": values})
    means, _, difference, _ = figure.axes
    right, wrong = means.get_lines()
    shown = ~np.isnan(values.right.mean)
    assert np.array_equal(right.get_xdata(), values.log_odds[shown])
    assert np.array_equal(right.get_ydata(), values.right.mean[shown])
    assert right.get_linestyle() == "-" and wrong.get_linestyle() == "--" and wrong.get_markerfacecolor() == "white"
    assert np.allclose(difference.containers[0][0].get_ydata(), values.difference()[0], equal_nan=True)
    assert means.get_title() == "CE" and means.get_ylabel() == values.quantity and len(means.collections) == 2
    assert difference.get_xlim() == means.get_xlim(), "they stand above each other"
    assert figure_bytes(figure)


def test_samples_that_depend_on_each_other_have_no_standard_error(logits_and_labels):
    values = replace(max_logit_at_equal_confidence(*logits_and_labels), independent=False)
    _, difference = at_equal_confidence_figure({"": values}).axes
    assert np.isnan(values.difference()[1]).all()
    (bars,) = difference.containers[0][2]
    assert not any(np.size(bar) for bar in bars.get_segments()), "no bar is drawn"


def test_four_models_stand_two_and_two_and_a_place_that_is_left_over_is_empty(logits_and_labels):
    values = max_logit_at_equal_confidence(*logits_and_labels)
    places = at_equal_confidence_figure({str(n): values for n in range(5)}).axes
    assert len(places) == 12 and sum(not axes.axison for axes in places) == 2
    with pytest.raises(InputError, match="nothing to draw"):
        at_equal_confidence_figure({})
