import numpy as np
import pytest
import torch
from scipy import stats
from timm.data import mixup as of_timm

from abstain.data.mixing import Mixes, Mixing, cut_box, mix_inputs, weighted


def mixes_of(*rows):
    """(partner, share, middle or None) of each sample."""
    partner, share, middle = zip(*rows, strict=True)
    cuts = np.array([one is not None for one in middle])
    return Mixes(np.array(partner), np.array(share), cuts, np.array([one or (0.0, 0.0) for one in middle]))


def test_the_draws_of_an_epoch_are_those_of_the_generator_in_the_documented_order():
    """So that results of one version can be had again with the next."""
    generator = np.random.default_rng((7, 2, 0, 1))
    partner, cuts = generator.integers(50, size=50), generator.random(50) < 0.5
    share, middle = generator.beta(*[np.where(cuts, 1.0, 0.2)] * 2), generator.random((50, 2))
    found = Mixing(0.2, 1.0, seed=7).draw(50, epoch=2)
    for name, expected in {"partner": partner, "cuts": cuts, "share": share, "middle": middle}.items():
        assert np.array_equal(getattr(found, name), expected)
    for other in (Mixing(0.2, 1.0, seed=8).draw(50, epoch=2), Mixing(0.2, 1.0, seed=7).draw(50, epoch=3)):
        assert not np.array_equal(other.partner, partner)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
@pytest.mark.parametrize("name", ["mixup_alpha", "cutmix_alpha"])
def test_shares_are_of_the_beta_distribution_and_partners_any_sample(name, alpha):
    found = Mixing(**{name: alpha}).draw(20_000, epoch=0)
    assert stats.kstest(found.share, stats.beta(alpha, alpha).cdf).pvalue > 1e-3
    assert stats.kstest(found.partner / 20_000, stats.uniform.cdf).pvalue > 1e-3
    assert found.cuts.all() == found.cuts.any() == (name == "cutmix_alpha")


def test_with_both_each_has_half_of_the_samples():
    found = Mixing(0.2, 1.0).draw(20_000, epoch=0)
    assert abs(found.cuts.mean() - 0.5) < 0.014  # four standard deviations
    for cuts, alpha in ((False, 0.2), (True, 1.0)):
        assert stats.kstest(found.share[found.cuts == cuts], stats.beta(alpha, alpha).cdf).pvalue > 1e-3


def test_mixup_as_worked_by_hand():
    first, second = torch.tensor([[1.0, 2.0], [5.0, 5.0]]), torch.tensor([[3.0, 0.0], [1.0, 9.0]])
    mixed, shares = mix_inputs(first, second, mixes_of((0, 0.75, None), (0, 0.0, None)))
    torch.testing.assert_close(mixed, torch.tensor([[1.5, 1.5], [1.0, 9.0]]))
    assert shares.tolist() == [0.75, 0.0]
    targets = weighted(torch.eye(3)[[0, 1]], torch.eye(3)[[2, 2]], shares)
    assert targets.tolist() == [[0.75, 0.0, 0.25], [0.0, 0.0, 1.0]] and targets.dtype == torch.float32
    assert first.tolist() == [[1.0, 2.0], [5.0, 5.0]], "the data set's own memory"


def test_cutmix_as_worked_by_hand():
    first, second = torch.zeros(2, 3, 8, 8), torch.ones(2, 3, 8, 8)
    # a quarter of the area is a box of 4x4; around the corner a quarter of that is left
    mixed, shares = mix_inputs(first, second, mixes_of((1, 0.75, (0.5, 0.5)), (1, 0.75, (0.0, 0.0))))
    assert shares.tolist() == [1 - 16 / 64, 1 - 4 / 64]
    inside = torch.zeros(8, 8)
    inside[2:6, 2:6] = 1
    assert torch.equal(mixed[0], inside.expand(3, 8, 8))
    corner = torch.zeros(8, 8)
    corner[:2, :2] = 1
    assert torch.equal(mixed[1], corner.expand(3, 8, 8)) and not first.any()


def test_one_batch_may_hold_both():
    first, second = torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4)
    mixed, shares = mix_inputs(first, second, mixes_of((1, 0.25, None), (1, 0.75, (0.5, 0.5))))
    assert torch.equal(mixed[0], torch.full((1, 4, 4), 0.75)) and mixed[1].sum() == 4
    assert shares.tolist() == [0.25, 0.75]


def test_boxes_are_those_of_timm_around_the_same_middle(monkeypatch):
    generator = np.random.default_rng(0)
    for share, *middle in generator.random((200, 3)):
        height, width = generator.integers(1, 40, size=2).tolist()
        points = iter((int(middle[0] * height), int(middle[1] * width)))
        monkeypatch.setattr(np.random, "randint", lambda *args, points=points, **kwargs: next(points))
        top, bottom, left, right = of_timm.rand_bbox((3, height, width), share)
        box = cut_box(share, middle, height=height, width=width)
        assert (box.top, box.top + box.height, box.left, box.left + box.width) == (top, bottom, left, right)


def test_a_sample_is_the_same_to_the_last_bit_wherever_in_a_batch_it_stands():
    torch.manual_seed(0)
    first, second = torch.randn(2, 67, 5, 7).split(1)
    mixes = Mixing(0.2).draw(67, epoch=0)
    whole, _ = mix_inputs(first[0][:, None], second[0][:, None], mixes)
    for row in range(67):
        one, _ = mix_inputs(first[0][row : row + 1, None], second[0][row : row + 1, None], mixes.of([row]))
        assert torch.equal(one[0], whole[row])
