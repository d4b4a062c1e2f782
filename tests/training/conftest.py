import pytest

from abstain.data.image_tensors import decode_images
from abstain.data.splits import load_data


@pytest.fixture(scope="module")
def digits():
    train = load_data("digits")["train"].select(range(96))
    return decode_images(train)
