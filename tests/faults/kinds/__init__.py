"""The kinds of faults. Importing a module of this package adds its faults to FAULTS."""

from tests.faults.breaker import FAULTS
from tests.faults.kinds import clocks, failovers, paths, processes, redis, transfers

__all__ = ["FAULTS", "clocks", "failovers", "paths", "processes", "redis", "transfers"]
