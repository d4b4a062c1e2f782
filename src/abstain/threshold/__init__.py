"""Which confidence to ask for, and what is guaranteed of those accepted."""

from abstain._lazy import lazy_names
from abstain.threshold.cost import select_threshold_for_cost
from abstain.threshold.decimals import shortest_between
from abstain.threshold.groups import GroupPoint, operating_point_by_group
from abstain.threshold.operating_point import METHODS, ExpectedCost, OperatingPoint
from abstain.threshold.per_group import GroupThresholds
from abstain.threshold.planning import samples_needed
from abstain.threshold.select import select_threshold, select_threshold_for_coverage

TYPE_CHECKING = False  # as type checkers know it
if TYPE_CHECKING:
    from abstain.threshold.monitor import RiskMonitor

__all__ = [
    "METHODS",
    "ExpectedCost",
    "GroupPoint",
    "GroupThresholds",
    "OperatingPoint",
    "RiskMonitor",
    "operating_point_by_group",
    "samples_needed",
    "select_threshold",
    "select_threshold_for_cost",
    "select_threshold_for_coverage",
    "shortest_between",
]

__getattr__ = lazy_names(__name__, {"monitor": ["RiskMonitor"]})  # which knows where old names went, too
