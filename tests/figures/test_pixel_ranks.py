import numpy as np
import pytest

from abstain import InputError, LogitNorm
from abstain.figures import rank_maps, rank_maps_figure
from abstain.report.pictures import figure_bytes
from abstain.scores import SoftmaxScore

IMAGE = np.zeros((2, 2, 3), np.uint8)
LABELS = np.array([[0, 0], [0, 255]])
LOGITS = np.array([[[3.0, 1.0], [0.0, 9.0]], [[0.0, 0.0], [2.0, 0.0]]])  # of classes 0 and 1


def test_ranks_are_shares_of_the_labelled_pixels_that_are_less_confident():
    # log-odds 3, 1 and 2, the last of a wrong pixel: ranks 2.5 / 3, 0.5 / 3 and 1.5 / 3
    maps = rank_maps(IMAGE, LOGITS, LABELS, {"MSP": SoftmaxScore()})
    assert maps.wrong.tolist() == [[False, False], [True, False]] and maps.counted.sum() == 3
    assert np.allclose(maps.ranks["MSP"], [[2.5 / 3, 0.5 / 3], [0.5, np.nan]], equal_nan=True)
    assert maps.mean_rank_of_wrong("MSP") == pytest.approx(0.5)
    assert maps.to_dict() == {"error": 1 / 3, "mean_rank_of_wrong": {"MSP": 0.5}}


def test_coarse_logits_are_those_of_the_cell_of_each_pixel():
    logits = np.array([[[1.0, 0.0]], [[0.0, 2.0]]])  # one row of two cells
    maps = rank_maps(np.zeros((4, 4, 3), np.uint8), logits, np.zeros((4, 4), int), {"MSP": SoftmaxScore()})
    assert maps.wrong[:, 2:].all() and not maps.wrong[:, :2].any()
    assert np.unique(maps.ranks["MSP"]).tolist() == [0.25, 0.75], "ties count half"


def test_pictures_show_the_wrong_pixels_alone_and_say_the_mean_that_is_returned():
    logits = np.random.default_rng(0).normal(size=(4, 6, 6))
    labels = np.zeros((6, 6), int)
    both = {"MSP": SoftmaxScore(), "p-norm, p = 2": LogitNorm(p=2)}
    maps = rank_maps(np.zeros((6, 6, 3), np.uint8), logits, labels, both)
    alone = rank_maps(np.zeros((6, 6, 3), np.uint8), logits, labels, {"MSP": SoftmaxScore()})
    figure = rank_maps_figure({"CE": [alone], "LS": [maps]})
    *_, shown = figure.axes[5].images
    assert np.array_equal(np.isnan(np.ma.filled(shown.get_array(), np.nan)), ~maps.wrong)
    mean = maps.mean_rank_of_wrong("p-norm, p = 2")
    assert figure.axes[5].get_title() == f"p-norm, p = 2: mean rank {100 * mean:.1f} %"
    assert figure.axes[0].get_title() == f"CE: {100 * alone.error_rate:.1f} % of pixels wrong"
    assert not figure.axes[2].axison and figure_bytes(figure)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="not equal"):
        rank_maps(IMAGE[:1], LOGITS, LABELS, {"MSP": SoftmaxScore()})
    with pytest.raises(InputError, match="every label of the image is 255"):
        rank_maps(IMAGE, LOGITS, np.full((2, 2), 255), {"MSP": SoftmaxScore()})
    with pytest.raises(InputError, match="no confidence is given"):
        rank_maps(IMAGE, LOGITS, LABELS, {})
    with pytest.raises(InputError, match="no image to show"):
        rank_maps_figure({"CE": []})


def test_a_faultless_image_has_no_mean():
    maps = rank_maps(IMAGE, LOGITS, np.array([[0, 0], [1, 0]]), {"MSP": SoftmaxScore()})
    assert maps.mean_rank_of_wrong("MSP") is None
    assert rank_maps_figure({"": [maps]}).axes[1].get_title() == "MSP: no pixel is wrong"
