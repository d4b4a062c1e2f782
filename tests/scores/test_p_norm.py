import numpy as np
import pytest
import torch

from abstain.scores.p_norm import PNorms

ROWS = np.array([[3.0, -4.0, 1.0], [0.0, 0.0, 0.0], [5.0, 5.0, 5.0], [-1.0, -2.0, -3.0]])


@pytest.mark.parametrize("grid", [(1, 2, 5), (1.5, 3), (70,), (2, 2)])
@pytest.mark.parametrize("center", [True, False])
def test_every_p_at_once_is_the_formula(grid, center):
    found = PNorms(grid, center=center)(torch.tensor(ROWS))
    centred = ROWS - ROWS.mean(axis=1, keepdims=True) if center else ROWS
    for p, of_p in zip(grid, found.numpy(), strict=True):
        norms = (np.abs(centred) ** p).sum(axis=1) ** (1 / p)
        expected = [top / norm if norm else -1 for top, norm in zip(centred.max(axis=1), norms, strict=True)]
        assert of_p == pytest.approx(expected)


def test_a_smaller_block_after_a_larger_one_uses_its_memory_again():
    norms = PNorms([1, 2], center=False)
    norms(torch.tensor(ROWS))
    assert norms(torch.tensor(ROWS[:1])).numpy() == pytest.approx(np.array([[3 / 8], [3 / 26**0.5]]))
