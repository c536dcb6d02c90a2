"""A slice of the fault plans: ten, with fixed seeds, and one planted bug. `scripts/faults N` runs as many as wanted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.faults.campaign import run_all, until_caught
from tests.faults.checker import check
from tests.faults.history import History
from tests.faults.known import split
from tests.faults.plan import Plan, plan
from tests.faults.summary import verdict
from tests.faults.topology import Machine, machine

SEEDS = tuple(range(260, 270))
"""All topologies, both servers, and most faults: `test_the_slice_has_most_faults` keeps it so."""

AT_ONCE = 3

pytestmark = pytest.mark.timeout(600)  # the first test waits for all plans


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[int, tuple[Plan, History]]]:
    """The plans of the slice, run some at a time: most of their time is waiting."""
    assert shutil.which("redis-server") is not None, "redis-server is needed: apt-get install redis-server"
    here = machine()
    plans = [plan(seed, short=True, machine=here) for seed in SEEDS]
    yield {planned.seed: (planned, history) for planned, history in run_all(plans, AT_ONCE)}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_law_is_broken(seed: int, runs: dict[int, tuple[Plan, History]]) -> None:
    planned, history = runs[seed]
    violations = check(history)
    new, _ = split(violations)
    assert not new, "\n" + verdict(planned, history, violations)


def test_the_plans_were_of_use(runs: dict[int, tuple[Plan, History]]) -> None:
    """Everybody did what they are there for."""
    histories = [history for _, history in runs.values()]
    assert sum(len(history.log.entries) for history in histories) > 150
    assert {way.way for history in histories for reader in history.readers for way in reader.connections} == {
        "websocket",
        "sse",
        "poll",
    }
    assert sum(len(reader.received) for history in histories for reader in history.readers) > 1000
    assert sum(len(history.fetched) for history in histories) > 200


def test_the_slice_has_most_faults() -> None:
    plans = [plan(seed, short=True, machine=Machine(small_disk=True, clocks=True, network=True)) for seed in SEEDS]
    assert {planned.topology.kind for planned in plans} == {"embedded", "shared", "replicas"}
    assert {planned.topology.program for planned in plans} == {"valkey", "redis-server"}
    assert len(set[str]().union(*(planned.kinds for planned in plans))) >= 15


def test_a_planted_bug_is_caught() -> None:
    caught = until_caught("killed_text_left_in_the_ring", [plan(seed, short=True) for seed in range(20)], AT_ONCE)
    assert caught is not None
    _, _, _, violations = caught
    assert "kill" in {violation.law for violation in violations}
