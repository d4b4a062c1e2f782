import pytest

from abstain.data import load_data
from abstain.images import decode_images


@pytest.fixture(scope="module")
def digits():
    train = load_data("digits")["train"].select(range(96))
    return decode_images(train)
