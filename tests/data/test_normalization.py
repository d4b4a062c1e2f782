import torch

from abstain.data.normalization import Normalization


def test_each_channel_has_its_own_mean_and_standard_deviation():
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).expand(2, 3, 1, 3)  # 0, 0.2 and 1 of full scale
    found = Normalization((0.0, 0.2, 0.5), (1.0, 0.4, 0.25))(pixels)
    wanted = torch.tensor([[0.0, 0.2, 1.0], [-0.5, 0.0, 2.0], [-2.0, -1.2, 2.0]])[:, None].expand(2, 3, 1, 3)
    assert found.dtype == torch.float32 and torch.allclose(found, wanted, atol=1e-6)
    assert torch.equal(Normalization((0, 0, 0), (1, 1, 1))(pixels), pixels / 255), "of whole numbers too"
    assert pixels.flatten()[:3].tolist() == [0, 51, 255], "is not changed"
