"""How fresh a feed is on a node: each row of the table of transitions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from ticker.entry import Position
from ticker.freshness import PROOF_LIMIT, Freshness, Notice
from ticker.wire import BEAT_INTERVAL

HERE = Position(7, "0" * 12)
ONE, TWO, THREE = (f"2026-03-11T14:00:0{second}.000Z" for second in (1, 2, 3))
CLIENT = Path(__file__).parent.parent / "clients" / "feed" / "freshness.js"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fresh(clock: Clock) -> Freshness:
    return Freshness(clock)


def status(fresh: Freshness, position: Position = HERE) -> dict[str, Any] | None:
    frame = fresh.status(position)
    return None if frame is None else orjson.loads(frame.lines)


def beat(at: str, watching: int = 0, position: Position = HERE) -> dict[str, Any]:
    return {"type": "beat", "position": str(position), "at": at, "watching": watching}


def prove(fresh: Freshness, at: str, *, beat: bool = False, watching: int = 0) -> Notice:
    return fresh.prove(at, beat=beat, watching=watching)


def test_a_feed_that_was_opened_just_now_is_neither_proven_nor_behind(fresh: Freshness) -> None:
    assert (fresh.proven, fresh.behind, fresh.proof, fresh.delayed) == (False, False, None, None)
    assert status(fresh) is None
    assert fresh.status_seq == 0


@pytest.mark.parametrize("due", [False, True])
def test_the_first_proof_is_news(fresh: Freshness, *, due: bool) -> None:
    assert prove(fresh, ONE, beat=due, watching=12) is Notice.CHANGED
    assert (fresh.proven, fresh.behind, fresh.proof, fresh.status_seq) == (True, False, ONE, 1)
    assert status(fresh) == beat(ONE, 12)


def test_a_further_proof_is_news_only_as_a_beat_that_is_due(fresh: Freshness) -> None:
    prove(fresh, ONE)
    assert prove(fresh, TWO, watching=3) is Notice.NONE
    assert fresh.status_seq == 1
    assert status(fresh) == beat(TWO, 3), "a reader who comes now is told of the latest proof all the same"
    assert prove(fresh, THREE, beat=True) is Notice.REPEATED
    assert fresh.status_seq == 2
    assert status(fresh) == beat(THREE)


@pytest.mark.parametrize("due", [False, True])
def test_a_proof_after_a_delay_is_news(fresh: Freshness, *, due: bool) -> None:
    prove(fresh, ONE)
    fresh.delay(TWO)
    assert prove(fresh, THREE, beat=due) is Notice.CHANGED
    assert (fresh.proven, fresh.behind, fresh.status_seq) == (True, False, 3)
    assert status(fresh) == beat(THREE)


def test_a_feed_that_was_never_proven_is_delayed_since_now(fresh: Freshness) -> None:
    assert fresh.delay(ONE) is Notice.CHANGED
    assert (fresh.proven, fresh.behind, fresh.status_seq) == (False, True, 1)
    assert status(fresh) == {"type": "delayed", "since": ONE}


def test_a_proven_feed_is_delayed_since_its_last_proof(fresh: Freshness) -> None:
    prove(fresh, ONE)
    assert fresh.delay(THREE) is Notice.CHANGED
    assert (fresh.proven, fresh.behind, fresh.proof, fresh.status_seq) == (False, True, ONE, 2)
    assert status(fresh) == {"type": "delayed", "since": ONE}


def test_a_delay_is_repeated_at_intervals_with_the_same_frame_and_number(fresh: Freshness, clock: Clock) -> None:
    fresh.delay(ONE)
    frame = fresh.delayed
    for seconds, notice in [
        (0.0, Notice.NONE),
        (BEAT_INTERVAL - 0.25, Notice.NONE),
        (0.25, Notice.REPEATED),
        (BEAT_INTERVAL - 0.25, Notice.NONE),
        (0.25, Notice.REPEATED),
    ]:
        clock.now += seconds
        assert fresh.delay(TWO) is notice
    assert fresh.delayed is frame
    assert fresh.status_seq == 1, "a reader who was told once and lags is not told again"


def test_after_a_restart_nothing_is_proven(fresh: Freshness) -> None:
    fresh.restart()
    assert (fresh.proven, fresh.behind) == (False, False)
    prove(fresh, ONE)
    fresh.restart()
    assert (fresh.proven, fresh.behind, fresh.proof, status(fresh)) == (False, False, None, None)
    assert prove(fresh, TWO) is Notice.CHANGED


def test_a_restart_does_not_end_a_delay(fresh: Freshness) -> None:
    prove(fresh, ONE)
    fresh.delay(TWO)
    fresh.restart()
    assert (fresh.proven, fresh.behind, fresh.proof) == (False, True, None)
    assert status(fresh) == {"type": "delayed", "since": ONE}
    assert prove(fresh, THREE) is Notice.CHANGED


def test_a_beat_is_built_once_and_again_after_an_entry(fresh: Freshness) -> None:
    prove(fresh, ONE)
    first = fresh.status(HERE)
    assert fresh.status(HERE) is first
    fresh.entry_published()
    later = Position(8, "1" * 12)
    assert status(fresh, later) == beat(ONE, position=later)
    assert fresh.status_seq == 1


def test_beats_come_often_enough_for_the_limit_of_the_clients() -> None:
    limit = re.search(r"export const FRESH = ([0-9_]+);", CLIENT.read_text())
    assert limit is not None
    fresh_for = int(limit[1]) / 1000
    # The page takes a beat that is this old for fresh; three seconds are left for a slow path.
    assert BEAT_INTERVAL == fresh_for - 3.0 == 10.0


def test_a_proof_is_stale_once_its_probe_was_sent_too_long_ago(fresh: Freshness, clock: Clock) -> None:
    fresh.prove(ONE, beat=False, watching=0, asked=clock() - 1)
    clock.now += PROOF_LIMIT - 1
    assert (fresh.stale, status(fresh)) == (False, beat(ONE))
    clock.now += 0.1
    assert (fresh.stale, fresh.proven, fresh.proof, fresh.behind) == (True, True, ONE, False)
    assert status(fresh) is None


def test_after_a_stale_proof_the_next_one_is_news(fresh: Freshness, clock: Clock) -> None:
    prove(fresh, ONE)
    clock.now += PROOF_LIMIT + 0.1
    assert prove(fresh, TWO) is Notice.CHANGED
    assert (fresh.stale, fresh.status_seq, status(fresh)) == (False, 2, beat(TWO))
    assert prove(fresh, THREE) is Notice.NONE


def test_without_a_proof_and_while_delayed_nothing_is_stale(fresh: Freshness, clock: Clock) -> None:
    clock.now += 60
    assert not fresh.stale
    prove(fresh, ONE)
    fresh.delay(TWO)
    clock.now += 60
    assert not fresh.stale
    assert status(fresh) == {"type": "delayed", "since": ONE}


def test_who_is_ahead_is_told_that_the_node_is_delayed_since_its_last_proof(fresh: Freshness) -> None:
    def told() -> dict[str, Any] | None:
        frame = fresh.status_ahead()
        return None if frame is None else orjson.loads(frame.lines)

    assert told() is None
    prove(fresh, ONE)
    assert told() == {"type": "delayed", "since": ONE}
    assert fresh.status_ahead() is fresh.status_ahead()
    prove(fresh, TWO)
    assert told() == {"type": "delayed", "since": TWO}
    fresh.delay(THREE)
    assert fresh.status_ahead() is fresh.delayed
    fresh.restart()
    prove(fresh, THREE)
    fresh.restart()
    assert told() is None
