import pytest
from every_model import ALL, OURS, Case


@pytest.fixture(params=OURS)
def ours(request):
    return Case(request.param)


@pytest.fixture(params=ALL)
def each(request):
    return Case(request.param)
