"""The feeds of a node on a real Valkey: opened, changed, closed, damaged, and kept from those who may not read them."""

import asyncio

import pytest

from tests.following import Newsroom, Watcher
from ticker.asking import PROBE_INTERVAL
from ticker.errors import Unavailable
from ticker.follower import Follower
from ticker.hub import Hub
from ticker.journal import names
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.redis import Redis
from ticker.lagging import STUCK_AFTER

pytestmark = pytest.mark.anyio


async def test_a_damaged_log_does_not_block_the_other_feeds(newsroom: Newsroom) -> None:
    await newsroom.registry.open_feed(FeedSettings("other", "Other", "ar", ""))
    await newsroom.until(lambda: "other" in newsroom.hub.channels)
    watcher = newsroom.read()
    for text in ("one", "two", "three"):
        await newsroom.file(text, feed="other")
    whole = await newsroom.photograph()
    await newsroom.redis("XDEL", names.log("other"), "2-0")
    hub, redis = Hub(capacity=64, limit=100, clock=newsroom.clock), Redis(newsroom.server.url)
    follower = Follower(redis, hub, clock=newsroom.clock)
    following = asyncio.create_task(follower.run())
    try:
        await newsroom.until(lambda: hub.ready and hub.channel("breaking").freshness.proven)
        with pytest.raises(Unavailable, match="damaged"):
            hub.channel("other")
        await newsroom.file("on it goes")
        await newsroom.until(lambda: watcher.page.texts == ["on it goes"])
        await newsroom.redis("RESTORE", names.log("other"), 0, whole[names.log("other").encode()], "REPLACE")
        async with asyncio.timeout(20):
            while hub.damaged:
                await newsroom.pass_time(PROBE_INTERVAL)
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
    await newsroom.until(lambda: newsroom.follower.feeds.private("breaking"))
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
    for _ in range(int(STUCK_AFTER / PROBE_INTERVAL) + 2):
        await newsroom.proof()
    assert newsroom.hub.damaged == {"other"}
    assert newsroom.follower.sessions == 1, "else another look at it would have done it"
    assert stuck.cuts == 1


async def test_a_damaged_log_is_logged_once_and_again_after_it_was_mended(
    newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    await newsroom.file("one")
    await newsroom.until(lambda: newsroom.channel.feed.tail.offset == 1)
    stored = await newsroom.photograph()
    for times in (1, 2):
        caplog.clear()
        await newsroom.redis("XDEL", names.log("breaking"), "1-0")
        for _ in range(3):
            await newsroom.follower.feeds.open("breaking")
        assert newsroom.hub.damaged == {"breaking"}
        [record] = caplog.records
        assert (record.name, record.levelname) == ("ticker.feeds", "ERROR")
        assert "the log of breaking is damaged" in record.getMessage()
        assert "see `ticker verify`" in record.getMessage()
        await newsroom.redis("RESTORE", names.log("breaking"), 0, stored[names.log("breaking").encode()], "REPLACE")
        await newsroom.follower.feeds.open("breaking")
        assert newsroom.hub.damaged == set(), times


async def test_a_fork_is_logged(newsroom: Newsroom, caplog: pytest.LogCaptureFixture) -> None:
    watcher = newsroom.read()
    await newsroom.redis("FLUSHALL")
    await newsroom.registry.ensure_breaking()
    await newsroom.file("instead")
    await newsroom.until(lambda: watcher.page.texts == ["instead"])
    assert "breaking has diverged (fork detected); its readers were reset" in caplog.text


async def test_an_emptied_log_that_is_found_out_by_a_hole_is_set_up_again(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    await newsroom.redis("FLUSHALL")
    await newsroom.follower.feeds.open("breaking")
    assert newsroom.hub.damaged == set()
    await newsroom.until(lambda: watcher.page.resets >= 1)
    await newsroom.file("instead")
    await newsroom.until(lambda: watcher.page.texts == ["instead"])
