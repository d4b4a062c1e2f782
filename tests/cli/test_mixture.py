import pytest

from abstain import InputError
from abstain.cli.mixture import Mixture


def test_what_is_told_is_what_was_given():
    assert Mixture().told() == {} == Mixture(source="site").told()
    told = Mixture(source="site", coverage=0.2, out_of_distribution=["noise"]).told()
    assert told == {"coverage": 0.2, "out_of_distribution": ["noise"]}


@pytest.mark.parametrize("told", [{"coverage": 0.2}, {"out_of_distribution": ["noise"]}])
def test_of_sources_nothing_can_be_asked_where_nothing_tells_them_apart(told):
    with pytest.raises(InputError, match="nothing tells them apart"):
        Mixture(**told).told()
