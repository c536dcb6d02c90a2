"""The relay on a real Valkey: whatever happens to pub/sub, to the log or to Redis, readers end level and know it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.service import Page
from ticker import changes
from ticker.errors import Unavailable
from ticker.hub import STUCK_AFTER, Channel, Hub
from ticker.journal import names
from ticker.journal.embedded import Embedded
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.registry import Holder, Registry
from ticker.reader import Reader
from ticker.relay import HEAR_WITHIN, PROBE_EVERY, Relay
from ticker.wire import Close, Dialect

pytestmark = pytest.mark.anyio

MONA = Holder("mona", "Mona", "editor", "2026-01-01T00:00:00.000Z")


class Clock:
    """Seconds that pass only when told to, for what the relay decides by the clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watcher(Reader):
    """A reader that takes everything at once into a Page, which checks law 3 at every frame."""

    dialect: Dialect = "lines"

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.dismissed = False

    def write(self, data: bytes) -> bool:
        for line in data.splitlines():
            self.page.take(orjson.loads(line))
        return True

    def cut(self) -> None:
        raise AssertionError("nobody is stuck here")

    def dismiss(self, why: Close) -> None:
        self.channel.leave(self)
        self.dismissed = True


class Newsroom:
    """A Valkey, a node's relay and hub on it, and the means to do them harm."""

    def __init__(self, server: Embedded) -> None:
        self.server = server
        self.redis = Redis(server.url)
        self.journal = Journal(self.redis)
        self.registry = Registry(self.redis)
        self.clock = Clock()
        self.hub = Hub(capacity=64, limit=100, clock=self.clock)
        self.relay = Relay(Redis(server.url), self.hub, clock=self.clock)

    async def file(self, text: str, *, silently: bool = False, feed: str = "breaking") -> None:
        """File a line; `silently` loses what pub/sub would have brought."""
        journal = Journal(self.redis)
        if silently:
            journal._append.text = journal._append.text.replace(
                b"redis.call('PUBLISH', change.channel, ", b"redis.call('ECHO', "
            )
            journal._append.digest = "0" * 40
        await journal.append(feed, changes.File(MONA, {"text": text, "urgency": "normal", "language": "en"}))

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(20):
            while not true():
                await asyncio.sleep(0.005)

    async def proof(self) -> None:
        """Let a probe go its whole way."""
        before = self.channel._proof
        await self.pass_time(PROBE_EVERY)
        await self.until(lambda: self.channel._proof != before)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and have the relay look at its clock by a message that says nothing."""
        self.clock.now += seconds
        await self.redis("PUBLISH", self.redis.channels.nodes, b"{}")

    async def photograph(self) -> dict[bytes, bytes]:
        """Remember everything in Redis."""
        names = await self.redis("KEYS", "*")
        return {name: await self.redis("DUMP", name) for name in names}

    async def bring_back(self, photograph: dict[bytes, bytes]) -> None:
        """Make Redis what it was: everything since is lost."""
        await self.redis("FLUSHALL")
        for name, content in photograph.items():
            await self.redis("RESTORE", name, 0, content)

    @property
    def channel(self) -> Channel:
        return self.hub.channels["breaking"]

    def read(self, after: str | None = None, feed: str = "breaking") -> Watcher:
        watcher = Watcher()
        self.hub.channels[feed].join(watcher, after)
        return watcher


@pytest.fixture
async def newsroom(tmp_path: Path) -> AsyncIterator[Newsroom]:
    async with Embedded(tmp_path) as server:
        room = Newsroom(server)
        following = asyncio.create_task(room.relay.run())
        await room.until(lambda: room.hub.ready and room.channel.proven)
        yield room
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        for redis in (room.redis, room.relay._redis):
            await redis.close()


async def test_entries_arrive_in_order_and_beats_prove_them(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    for number in range(20):
        await newsroom.file(f"line {number}")
    await newsroom.until(lambda: len(watcher.page.lines) == 20)
    for _ in range(11):
        await newsroom.proof()
    beats = [frame for frame in watcher.page.frames if frame["type"] == "beat"]
    assert len(beats) == 2  # one at the start, one in the ten seconds since
    assert beats[-1]["position"] == watcher.page.position
    assert beats[-1]["watching"] == 1


async def test_who_waits_for_an_entry_is_told_when_it_is_here(newsroom: Newsroom) -> None:
    several = [asyncio.create_task(newsroom.relay.heard("breaking", 1, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(waiting.done() for waiting in several)
    await newsroom.file("one")
    await asyncio.gather(*several)
    assert newsroom.channel.feed.tail.offset == 1
    await newsroom.relay.heard("breaking", 1, 0)
    assert not newsroom.relay._awaited


async def test_nobody_waits_for_ever_for_an_entry_that_does_not_come(newsroom: Newsroom) -> None:
    patient, given_up = (asyncio.create_task(newsroom.relay.heard("breaking", 1, 60)) for _ in range(2))
    await asyncio.sleep(0)
    await newsroom.relay.heard("breaking", 1, 0)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert not patient.done()
    await newsroom.file("one")
    await patient
    assert not newsroom.relay._awaited
    await newsroom.relay.heard("gone", 1, 60)


async def test_what_pubsub_loses_is_found_by_the_next_entry(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    await newsroom.file("one", silently=True)
    await newsroom.file("two", silently=True)
    await newsroom.file("three")
    await newsroom.until(lambda: watcher.page.texts == ["one", "two", "three"])
    assert newsroom.relay.filled == 2


async def test_what_pubsub_loses_is_found_by_the_next_proof(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    await newsroom.file("one", silently=True)
    await newsroom.proof()
    assert watcher.page.texts == ["one"]
    assert watcher.page.resets == 0


async def test_a_hole_longer_than_a_read_and_the_ring_is_filled(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    for number in range(600):
        await newsroom.file(f"{number}", silently=True)
    await newsroom.proof()
    assert len(watcher.page.lines) == 600
    assert watcher.page.resets == 0


async def test_a_lost_subscription_is_taken_up_where_it_ended(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    await newsroom.file("one")
    await newsroom.until(lambda: watcher.page.texts == ["one"])
    await newsroom.redis("CLIENT", "KILL", "TYPE", "pubsub")
    await newsroom.file("two", silently=True)
    await newsroom.until(lambda: watcher.page.texts == ["one", "two"])
    await newsroom.until(lambda: watcher.page.frames[-1]["type"] == "beat")
    kinds = [frame["type"] for frame in watcher.page.frames]
    assert kinds.count("delayed") == 1
    assert watcher.page.resets == 0


async def test_a_deaf_subscription_is_noticed_although_it_is_connected(newsroom: Newsroom) -> None:
    """As after a failover in which commands and subscription ended on different servers."""
    watcher = newsroom.read()
    sessions = newsroom.relay.sessions
    original = newsroom.relay._journal.probe

    async def unheard(feeds: list[str], word: bytes) -> Any:
        return await original(feeds, b"{}")

    newsroom.relay._journal.probe = unheard  # type: ignore[method-assign]
    await newsroom.pass_time(PROBE_EVERY)
    await newsroom.until(lambda: newsroom.relay._probe is not None)
    await newsroom.pass_time(HEAR_WITHIN)
    await newsroom.until(lambda: watcher.page.frames[-1]["type"] == "delayed")
    assert not newsroom.channel.proven
    newsroom.relay._journal.probe = original  # type: ignore[method-assign]
    await newsroom.until(lambda: newsroom.relay.sessions > sessions)
    await newsroom.pass_time(PROBE_EVERY)
    await newsroom.until(lambda: newsroom.channel.proven)


async def test_a_log_cut_short_starts_readers_anew(newsroom: Newsroom) -> None:
    await newsroom.file("kept")
    await newsroom.until(lambda: newsroom.channel.feed.tail.offset == 1)
    watcher = newsroom.read()
    photograph = await newsroom.photograph()
    await newsroom.file("lost")
    await newsroom.until(lambda: watcher.page.texts == ["kept", "lost"])
    lost = watcher.page.position
    await newsroom.bring_back(photograph)
    await newsroom.proof()
    assert watcher.page.texts == ["kept"]
    assert watcher.page.resets == 1
    assert newsroom.read(lost).page.resets == 1


async def test_a_log_cut_short_and_grown_again_while_redis_was_away_starts_readers_anew(newsroom: Newsroom) -> None:
    await newsroom.file("kept")
    watcher = newsroom.read()
    photograph = await newsroom.photograph()
    await newsroom.file("lost")
    await newsroom.until(lambda: watcher.page.texts[-1:] == ["lost"])
    await newsroom.bring_back(photograph)
    await newsroom.redis("CLIENT", "KILL", "TYPE", "pubsub")
    for number in range(3):
        await newsroom.file(f"instead {number}", silently=True)
    await newsroom.until(lambda: watcher.page.resets == 1)
    assert watcher.page.texts == ["kept", "instead 0", "instead 1", "instead 2"]


async def test_another_history_at_the_same_offsets_starts_readers_anew(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    for number in range(3):
        await newsroom.file(f"lost {number}")
    await newsroom.until(lambda: len(watcher.page.lines) == 3)
    position = watcher.page.position
    await newsroom.redis("FLUSHALL")
    await newsroom.registry.ensure_breaking()
    for number in range(4):
        await newsroom.file(f"instead {number}", silently=True)
    await newsroom.proof()
    await newsroom.until(lambda: watcher.page.texts == [f"instead {n}" for n in range(4)])
    assert watcher.page.resets == 1
    late = newsroom.read(position)
    assert late.page.resets == 1
    assert late.page.newest == watcher.page.newest


async def test_a_fork_is_seen_at_its_first_entry(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    await newsroom.file("lost")
    await newsroom.until(lambda: watcher.page.texts == ["lost"])
    await newsroom.redis("FLUSHALL")
    await newsroom.registry.ensure_breaking()
    await newsroom.file("instead")
    await newsroom.until(lambda: watcher.page.texts == ["instead"])
    assert watcher.page.resets == 1


async def test_a_damaged_log_keeps_no_other_feed_from_being_followed(newsroom: Newsroom) -> None:
    await newsroom.registry.open_feed(FeedSettings("other", "Other", "ar", ""))
    await newsroom.until(lambda: "other" in newsroom.hub.channels)
    watcher = newsroom.read()
    for text in ("one", "two", "three"):
        await newsroom.file(text, feed="other")
    whole = await newsroom.photograph()
    await newsroom.redis("XDEL", names.log("other"), "2-0")
    hub, redis = Hub(capacity=64, limit=100, clock=newsroom.clock), Redis(newsroom.server.url)
    relay = Relay(redis, hub, clock=newsroom.clock)
    following = asyncio.create_task(relay.run())
    try:
        await newsroom.until(lambda: hub.ready and hub.channel("breaking").proven)
        with pytest.raises(Unavailable, match="damaged"):
            hub.channel("other")
        await newsroom.file("on it goes")
        await newsroom.until(lambda: watcher.page.texts == ["on it goes"])
        await newsroom.redis("RESTORE", names.log("other"), 0, whole[names.log("other").encode()], "REPLACE")
        while hub.broken:
            await newsroom.pass_time(PROBE_EVERY)
            await asyncio.sleep(0.005)
        assert hub.channel("other").feed.tail.offset == 3
    finally:
        following.cancel()
        await asyncio.wait([following])
        await redis.close()


async def test_an_emptied_redis_closes_feeds_and_keeps_breaking(newsroom: Newsroom) -> None:
    await newsroom.registry.open_feed(FeedSettings("other", "Other", "ar", ""))
    await newsroom.until(lambda: "other" in newsroom.hub.channels)
    other, watcher = newsroom.read(feed="other"), newsroom.read()
    await newsroom.file("lost")
    await newsroom.until(lambda: watcher.page.texts == ["lost"])
    await newsroom.redis("FLUSHALL")
    await newsroom.redis("CLIENT", "KILL", "TYPE", "pubsub")
    await newsroom.until(lambda: other.dismissed)
    await newsroom.until(lambda: watcher.page.resets == 1)
    assert watcher.page.texts == []


async def test_a_feed_opened_elsewhere_is_here_at_once(newsroom: Newsroom) -> None:
    await newsroom.registry.open_feed(FeedSettings("ar", "عاجل", "ar", ""))
    await newsroom.until(lambda: "ar" in newsroom.hub.channels)
    watcher = newsroom.read(feed="ar")
    await newsroom.file("خبر", feed="ar")
    await newsroom.until(lambda: watcher.page.texts == ["خبر"])
    await newsroom.until(lambda: any(frame["type"] == "beat" for frame in watcher.page.frames))


async def test_readers_of_all_nodes_are_counted_until_a_node_falls_silent(newsroom: Newsroom) -> None:
    newsroom.read()
    said = {"node": "another", "word": "w", "watching": {"breaking": 41}}
    await newsroom.redis("PUBLISH", newsroom.redis.channels.nodes, orjson.dumps(said))
    await newsroom.until(lambda: "another" in newsroom.relay._nodes)
    await newsroom.proof()
    await newsroom.proof()
    assert newsroom.channel.watching == 42
    for _ in range(6):
        await newsroom.proof()
    assert newsroom.channel.watching == 1


async def test_a_restarted_node_still_honours_old_positions(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    for number in range(5):
        await newsroom.file(f"{number}")
    await newsroom.until(lambda: len(watcher.page.lines) == 5)
    position = next(frame["position"] for frame in watcher.page.frames if frame["type"] == "dispatch")
    second = Newsroom(newsroom.server)
    following = asyncio.create_task(second.relay.run())
    await second.until(lambda: second.hub.ready)
    late = second.read(position)
    assert [frame["type"] for frame in late.page.frames[:4]] == ["dispatch"] * 4
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    for redis in (second.redis, second.relay._redis):
        await redis.close()


async def test_a_reader_of_a_feed_that_is_closed_gets_what_pub_sub_had_not_brought_before_the_end(
    newsroom: Newsroom,
) -> None:
    watcher = newsroom.read()
    await newsroom.file("silently", silently=True)
    closed = await newsroom.registry.close("breaking")
    await newsroom.until(lambda: watcher.dismissed)
    assert watcher.page.texts == ["silently"]
    assert watcher.page.frames[-1]["closed"] == closed.closed
    assert newsroom.channel.feed.tail.offset == 1


async def test_a_closing_that_pub_sub_did_not_bring_is_noticed_when_it_is_back(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    script = newsroom.registry._closing
    script.text, script.digest = script.text.replace(b"'PUBLISH', channel, ", b"'ECHO', "), "0" * 40
    await newsroom.registry.close("breaking")
    assert not watcher.dismissed
    await newsroom.redis("CLIENT", "KILL", "TYPE", "pubsub")
    await newsroom.until(lambda: watcher.dismissed)
    assert "closed" in watcher.page.frames[-1]


async def test_a_key_that_was_revoked_unnoticed_reads_a_private_feed_until_the_next_beat_at_most(
    newsroom: Newsroom,
) -> None:
    _, holder = await newsroom.registry.issue("Mona", "editor", [])
    await newsroom.registry.edit("breaking", {"visibility": "private"})
    await newsroom.until(lambda: newsroom.relay.private("breaking"))
    watcher, stranger = Watcher(), Watcher()
    watcher.key = holder.id
    for reader in (watcher, stranger):
        newsroom.channel.join(reader, None)
    assert (watcher.dismissed, stranger.dismissed) == (False, True)
    await newsroom.redis("DEL", names.KEYS)
    for _ in range(12):
        await newsroom.proof()
    assert watcher.dismissed


class Stuck(Watcher):
    """A reader whose socket takes nothing more than its first frame."""

    cuts = 0

    def write(self, data: bytes) -> bool:
        super().write(data)
        return False

    def cut(self) -> None:
        self.cuts += 1


async def test_stuck_readers_of_a_damaged_feed_are_cut_like_others(newsroom: Newsroom) -> None:
    await newsroom.registry.open_feed(FeedSettings("other", "Other", "ar", ""))
    await newsroom.until(lambda: "other" in newsroom.hub.channels)
    stuck = Stuck()
    newsroom.hub.channels["other"].join(stuck, None)
    await newsroom.redis("DEL", names.state("other"))
    for _ in range(int(STUCK_AFTER / PROBE_EVERY) + 2):
        await newsroom.proof()
    assert newsroom.hub.broken == {"other"}
    assert newsroom.relay.sessions == 1, "else another look at it would have done it"
    assert stuck.cuts == 1
