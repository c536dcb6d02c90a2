"""The task that releases held dispatches, against a real log: never early, never twice, and one blocks no other."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ticker import changes
from ticker.dispatch import rfc3339
from ticker.errors import Conflict
from ticker.feed import Feed
from ticker.hub import Hub
from ticker.journal import names
from ticker.journal.append import Receipt
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.held import Due, HeldDispatches
from ticker.journal.holder import Holder
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.release import POLL_INTERVAL, RETRY_INTERVAL, Releaser
from ticker.turns import Turns

pytestmark = pytest.mark.anyio

MONA = Holder("mona", "Mona", "correspondent", "2026-01-01T00:00:00.000Z")
FIELDS = {"text": "held", "urgency": "normal", "language": "en"}


SOON = 1_000
"""Milliseconds until a dispatch is due that a test waits for: it is held before, however busy the machine is."""


class Slept(BaseException):
    """The task would sleep for so many seconds."""


class Desk:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.journal, self.held = Journal(redis), HeldDispatches(redis)
        self.hub = Hub(capacity=64, limit=10, clock=time.monotonic)
        self.kept: list[tuple[str, str]] = []
        self.releaser = Releaser(
            self.journal,
            self.held,
            self.hub,
            on_kept=lambda feed, receipt: self.kept.append((feed, receipt.body["id"])),
            feeds_of=Registry(redis).feeds_of,
            sleep=self._sleep,
        )

    async def open(self, name: str = "breaking") -> None:
        settings = FeedSettings(name, name, "en", "")
        await Registry(self.redis).open_feed(settings)
        feed = await self.journal.read_state(settings)
        assert feed is not None
        self.hub.open(feed, [], feed.tail)

    async def now(self) -> int:
        seconds, micros = await self.redis("TIME")
        return int(seconds) * 1000 + int(micros) // 1000

    async def hold(self, after: int, feed: str = "breaking") -> Due:
        """Hold a dispatch until so many milliseconds from now; return it as if it were due by then."""
        at = await self.now() + after
        kept = await self.journal.append(feed, changes.Hold(MONA, FIELDS, at))
        return Due(feed, kept.body["id"], at)

    def _note(self, feed: str, receipt: Receipt) -> None:
        self.kept.append((feed, receipt.body["id"]))

    async def _sleep(self, seconds: float) -> None:
        raise Slept(seconds)

    async def until_it_sleeps(self) -> float:
        """Poll until nothing is due; return how many seconds it would sleep then."""
        with pytest.raises(Slept) as slept:
            await self.releaser.run()
        seconds: float = slept.value.args[0]
        return seconds

    async def feed(self) -> Feed:
        feed = await self.journal.read_state(FeedSettings("breaking", "Breaking", "en", ""))
        assert feed is not None
        return feed


@pytest.fixture
async def desk(redis: Redis) -> Desk:
    desk = Desk(redis)
    await desk.open()
    return desk


async def test_a_dispatch_is_released_once_whichever_worker_asks_again(desk: Desk) -> None:
    due = await desk.hold(60_000)
    assert await desk.releaser.release(due) is True
    assert await desk.releaser.release(due) is False, "it was released"
    [dispatch] = (await desk.feed()).dispatches
    assert dispatch["text"] == "held"
    assert desk.kept == [("breaking", dispatch["id"])], "its delivery report has when it was kept"


async def test_a_dispatch_that_was_postponed_a_moment_ago_stays_held(desk: Desk) -> None:
    due = await desk.hold(60_000)
    later = due.now + 3_600_000
    await desk.journal.append("breaking", changes.Edit(MONA, due.id, FIELDS, later))
    assert await desk.releaser.release(due) is False
    [(record, _)] = await desk.held.waiting("breaking", 9)
    assert record["release_at"] == rfc3339(datetime.fromtimestamp(later / 1000, UTC))
    assert (await desk.feed()).dispatches == []


@pytest.mark.parametrize("how", ["spiked", "released"])
async def test_a_dispatch_that_is_no_longer_held_is_left_alone(desk: Desk, how: str) -> None:
    due = await desk.hold(60_000)
    change = changes.Spike(MONA, due.id, "no") if how == "spiked" else changes.Release(MONA, due.id, FIELDS)
    await desk.journal.append("breaking", change)
    assert await desk.releaser.release(due) is False
    assert await desk.held.waiting("breaking", 9) == []
    with pytest.raises(Conflict):
        await desk.journal.append("breaking", changes.Release(MONA, due.id, FIELDS))


@pytest.mark.parametrize(("interval", "at_most"), [(POLL_INTERVAL, POLL_INTERVAL), (3600.0, 60.0)])
async def test_the_next_poll_is_when_a_dispatch_is_due_or_before(
    desk: Desk, interval: float, at_most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticker.release.POLL_INTERVAL", interval)
    await desk.hold(60_000)
    assert 0 < await desk.until_it_sleeps() <= at_most


async def test_a_damaged_dispatch_does_not_block_those_behind_it(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    damaged = await desk.hold(SOON)
    await desk.redis("HSET", names.held("breaking"), damaged.id, "nonsense")
    last = await desk.hold(SOON)
    while await desk.now() < last.now:
        pass
    await desk.until_it_sleeps()
    assert [dispatch["text"] for dispatch in (await desk.feed()).dispatches] == ["held"]
    assert damaged.id in caplog.text


async def asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The feeds that each poll asks for, from now on."""
    polls: list[list[str]] = []
    due = desk.held.due

    async def watched(feeds: list[str], beyond: Any = None) -> Any:
        polls.append(sorted(feeds))
        return await due(feeds, beyond)

    monkeypatch.setattr(desk.held, "due", watched)
    return polls


async def test_of_many_feeds_those_that_hold_dispatches_are_asked_for_and_the_others_in_turn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["breaking", "a", "b", "c"]
    for name in names[1:]:
        await desk.open(name)
    desk.releaser._turns = Turns(len(names), 1)
    polls = await asked(desk, monkeypatch)
    await desk.hold(60_000, "b")
    for _ in range(5):
        await desk.until_it_sleeps()
    assert polls == [sorted(names), ["a", "b"], ["b"], ["b", "c"], ["b", "breaking"]]
    polls.clear()
    desk.releaser.expect("c")
    await desk.until_it_sleeps()
    assert "c" in polls.pop(), "another node says that it holds one"
    for _ in range(5):
        await desk.until_it_sleeps()
    assert sum("c" in poll for poll in polls) == 1, "it holds none, or none any more"
    await desk.open("d")
    await desk.until_it_sleeps()
    assert "d" in polls[-1], "a feed that was never asked for"


async def test_after_redis_was_lost_every_feed_is_asked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.open("a")
    desk.releaser._turns = Turns(2, 1)
    polls = await asked(desk, monkeypatch)
    await desk.until_it_sleeps()
    with monkeypatch.context() as lost:
        lost.setattr(desk.held, "due", None)
        await desk.until_it_sleeps()
    await desk.until_it_sleeps()
    assert polls == [["a", "breaking"], ["a", "breaking"]]


async def test_a_feed_in_which_a_dispatch_is_held_is_published(desk: Desk) -> None:
    async with desk.redis.subscription() as subscription:
        await subscription.add(desk.redis.channels.held)
        while await subscription.next(1.0) is not None:
            pass
        await desk.hold(60_000)
        assert await subscription.next(20.0) == (desk.redis.channels.held, b"breaking")


async def test_what_is_due_is_found_by_the_clock_of_the_log(desk: Desk) -> None:
    assert await desk.held.due(["breaking"]) == ([], None)
    await desk.hold(60_000)
    found, due_in = await desk.held.due(["breaking"])
    assert found == []
    assert due_in is not None
    assert 0 < due_in <= 60
    due = await desk.hold(SOON)
    while not (found := (await desk.held.due(["breaking"]))[0]):
        pass
    [one] = found
    assert (one.id, one.now >= due.now) == (due.id, True)


async def past(desk: Desk, due: Due) -> None:
    while await desk.now() < due.now:
        pass


@pytest.mark.parametrize("content", ["nonsense", "{}", '{"status":"held","release_at":"soon"}', None])
async def test_any_number_of_damaged_ones_does_not_block_those_behind_them(
    desk: Desk, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = [await desk.hold(SOON) for _ in range(25)]
    for due in damaged:
        if content is None:
            await desk.redis("HDEL", names.held("breaking"), due.id)
        else:
            await desk.redis("HSET", names.held("breaking"), due.id, content)
    last = await desk.hold(SOON)
    await past(desk, last)
    await desk.until_it_sleeps()
    assert [dispatch["text"] for dispatch in (await desk.feed()).dispatches] == ["held"]
    said = len(caplog.records)
    assert said == (0 if content is None else 25)
    for _ in range(2 * RETRY_INTERVAL):
        await desk.until_it_sleeps()
    assert len(caplog.records) == said, "each is said once"
    again = await desk.hold(SOON)
    await past(desk, again)
    await desk.until_it_sleeps()
    assert len((await desk.feed()).dispatches) == 2


async def test_a_damaged_dispatch_that_was_mended_is_released(desk: Desk) -> None:
    due = await desk.hold(SOON)
    whole = await desk.redis("HGET", names.held("breaking"), due.id)
    await desk.redis("HSET", names.held("breaking"), due.id, "nonsense")
    await past(desk, due)
    await desk.until_it_sleeps()
    await desk.redis("HSET", names.held("breaking"), due.id, whole)
    for _ in range(RETRY_INTERVAL):
        await desk.until_it_sleeps()
    assert [dispatch["text"] for dispatch in (await desk.feed()).dispatches] == ["held"]


@pytest.mark.parametrize("name", [names.due, names.held])
async def test_a_feed_whose_held_ones_cannot_be_read_does_not_block_other_feeds(desk: Desk, name: Any) -> None:
    await desk.open("another")
    due = await desk.hold(SOON, "another")
    await desk.redis("DEL", name("another"))
    await desk.redis("SET", name("another"), "nonsense")
    mine = await desk.hold(SOON)
    await past(desk, mine)
    assert due.now <= mine.now
    await desk.until_it_sleeps()
    assert [dispatch["text"] for dispatch in (await desk.feed()).dispatches] == ["held"]


async def test_a_dispatch_whose_key_is_revoked_is_parked_and_blocks_nothing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    parked = await desk.hold(SOON)
    await desk.redis("SADD", names.revoked("breaking"), MONA.id)
    at = await desk.now() + SOON
    another = changes.Hold(replace(MONA, id="luis"), FIELDS, at)
    last = (await desk.journal.append("breaking", another)).body["id"]
    await past(desk, Due("breaking", last, at))
    await desk.until_it_sleeps()
    assert len((await desk.feed()).dispatches) == 1
    [(record, _)] = await desk.held.waiting("breaking", 9)
    assert (record["id"], "parked" in record) == (parked.id, True)
    assert (await desk.held.due(["breaking"]))[0] == [], "it is due no more"
    assert caplog.text == ""
