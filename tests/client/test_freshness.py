"""LIVE as a measurement: the golden cases, which the JavaScript client passes too, and none that was forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticker.client import freshness
from ticker.client.clock import Instant
from ticker.client.freshness import FRESH

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/freshness.json").read_text("utf-8"))
SERVER = 1_773_237_600_000  # 2026-03-11T14:00:00Z


class Reader:
    """A reader, a server with a clock of its own, and time that the test lets pass. Seconds outside, ms inside."""

    def __init__(self, ahead: float = 0) -> None:
        self.now = Instant(SERVER + round(ahead * 1000), 100)
        self.server = SERVER
        self.fresh = freshness.start(self.now)
        self.redial = False

    def do(self, act: str, *of: Any) -> None:
        match act:
            case "connect":
                self.fresh = freshness.on_loss(self.fresh, "connecting", self.now)
            case "poll":
                self.fresh = freshness.on_loss(self.fresh, "polling", self.now)
            case "lose":
                self.fresh = freshness.on_loss(self.fresh, "lost", self.now)
            case "slept":
                self.fresh = freshness.on_loss(self.fresh, "slept", self.now)
            case "delayed":
                self.fresh = freshness.on_delayed(self.fresh)
            case "pin":
                pass  # no other frame means anything to freshness
            case "beat":
                before = self.fresh
                self.fresh = freshness.on_beat(self.fresh, self.server - round(of[0] * 1000), self.now)
                self.redial = freshness.needs_new_connection(before, self.fresh)
            case "redial":
                assert self.redial is of[0]
            case "set log":
                self.server += round(of[0] * 1000)
            case "pass" | "sleep":
                passed = round(of[0] * 1000)
                self.server += passed
                self.now = Instant(self.now.wall + passed, self.now.mono + (passed if act == "pass" else 0))
            case "set clock":
                self.now = self.now._replace(wall=self.now.wall + round(of[0] * 1000))
            case "repeat":
                for _ in range(of[0]):
                    for step in of[1]:
                        self.do(*step)
            case "is" | "off air":
                name, age = freshness.measure(self.fresh, self.now, on_air=act == "is")
                assert [name, *([int(age / 1000)] if name == "delayed" else [])] == [*of]
            case _:
                raise AssertionError(act)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: str(case["name"]))
def test_the_golden_cases(case: dict[str, Any]) -> None:
    reader = Reader(case.get("ahead", 0))
    for step in case["steps"]:
        reader.do(*step)


def test_the_skew_of_the_wall_clock_is_known_and_outlives_the_connection() -> None:
    reader = Reader(3600)
    for step in (["connect"], ["beat", 0.2], ["lose"], ["connect"]):
        reader.do(*step)
    assert abs(reader.fresh.skew - 3_600_000) < 1_000


def test_clocks_that_drift_do_not_age_a_feed_that_is_followed_for_days() -> None:
    reader = Reader()
    reader.do("connect")
    reader.do("beat", 0.1)
    for _ in range(3 * 8640):
        reader.do("pass", 10)
        reader.now = Instant(reader.now.wall + 2, reader.now.mono + 2)
        reader.do("beat", 0.1)
    reader.do("pass", 9.9)
    reader.do("is", "live")


LOSSES = st.sampled_from([("connect",), ("poll",), ("lose",), ("slept",), ("pin",), ("delayed",)])
STEPS = st.lists(st.tuples(st.floats(0, 3), st.booleans(), LOSSES), max_size=40)


@settings(deadline=None)
@given(ahead=st.floats(-1e6, 1e6), before=st.lists(st.floats(0, 12), max_size=5), steps=STEPS)
def test_whatever_happens_without_a_beat_nothing_is_live_for_long(
    ahead: float, before: list[float], steps: list[tuple[float, bool, tuple[str]]]
) -> None:
    reader, silent = Reader(ahead), 0
    reader.do("connect")
    for seconds in before:
        reader.do("pass", seconds)
        reader.do("beat", 0.1)
    for seconds, asleep, act in steps:
        reader.do("sleep" if asleep else "pass", seconds)
        reader.do(*act)
        silent += round(seconds * 1000)
        if silent > FRESH:
            assert freshness.measure(reader.fresh, reader.now, on_air=True)[0] == "delayed"
