import pytest

from abstain import InputError
from abstain.figures.panels import columns_for, panels_of


def test_at_most_three_panels_stand_in_a_row():
    assert [columns_for(n) for n in (1, 2, 3, 4, 5, 9)] == [1, 2, 3, 2, 3, 3]
    figure, panels = panels_of(5, width=2, height=1)
    assert len(panels) == 5 and tuple(figure.get_size_inches()) == (6, 2)
    assert [axes.axison for axes in figure.axes] == [True] * 5 + [False]


def test_no_panel_is_refused():
    with pytest.raises(InputError, match="nothing to draw"):
        panels_of(0)
