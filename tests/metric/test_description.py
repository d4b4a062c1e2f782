import inspect

from abstain.metric import SelectiveRisk
from abstain.metric.description import INPUTS_DESCRIPTION


def test_every_argument_of_compute_is_described():
    arguments = set(inspect.signature(SelectiveRisk.compute).parameters) - {"self", "unknown"}
    assert [name for name in sorted(arguments) if name not in INPUTS_DESCRIPTION] == []
