"""Which confidence to ask for, and what is guaranteed of those accepted."""

from abstain.threshold.groups import GroupPoint, operating_point_by_group
from abstain.threshold.select import OperatingPoint, select_threshold

__all__ = [
    "GroupPoint",
    "OperatingPoint",
    "operating_point_by_group",
    "select_threshold",
]
