import pytest

import abstain


@pytest.fixture
def load(tmp_path):
    return lambda *args, **kwargs: abstain.load_metric(*args, cache_dir=str(tmp_path), **kwargs)


@pytest.fixture
def metric(load):
    return load()
