"""The follower on a real Valkey: whatever happens to pub/sub, the log or Redis, readers end caught up and know it."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.following import MONA, Newsroom
from ticker import changes
from ticker.asking import PROBE_INTERVAL, PROBES
from ticker.entry import Entry, chain
from ticker.errors import Unavailable
from ticker.feed import WINDOW
from ticker.follow import PROBE_TIMEOUT
from ticker.freshness import PROOF_LIMIT
from ticker.journal import names
from ticker.journal.embedded import Embedded
from ticker.journal.feed_settings import FeedSettings
from ticker.turns import Turns

pytestmark = pytest.mark.anyio


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


async def test_what_comes_together_is_written_together(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    await newsroom.file("the first one, with which the script is loaded")
    await newsroom.until(lambda: len(watcher.page.lines) == 1)
    before = watcher.writes
    await asyncio.gather(*(newsroom.file(f"line {number}") for number in range(20)))
    await newsroom.until(lambda: len(watcher.page.lines) == 21)
    assert watcher.writes - before < 20
    assert newsroom.follower.filled == 0


async def test_readers_in_several_groups_get_everything_once_and_in_order(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticker.caught_up.GROUP_SIZE", 2)
    watchers = [newsroom.read() for _ in range(7)]
    await newsroom.file("the first one, with which the script is loaded")
    for _ in range(3):
        await asyncio.gather(*(newsroom.file(f"line {number}") for number in range(10)))
        watchers.append(newsroom.read())
    await newsroom.until(lambda: all(str(watcher.page.position).startswith("31-") for watcher in watchers))
    assert all(len(watcher.page.lines) == 31 for watcher in watchers[:7])
    assert not any(watcher.page.resets for watcher in watchers)
    await newsroom.until(lambda: not newsroom.hub.writing)


async def test_what_comes_together_is_taken_up_to_what_cannot_be_read(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    await newsroom.file("one")
    await newsroom.until(lambda: watcher.page.texts == ["one"])
    texts = [b'{"kind":"air","at":"","air":{"on":false}}', b'{"kind":"from the future","at":""}']
    hash, publish = newsroom.channel.feed.tail.hash, []
    for offset, text in enumerate(texts, 2):
        hash = chain(hash, text)
        publish.append(
            ("PUBLISH", newsroom.redis.channels.live("breaking"), b"%d %b %b" % (offset, hash.encode(), text))
        )
    await newsroom.redis.pipeline(*publish)
    await newsroom.until(lambda: watcher.page.resets == 1)
    kinds = [frame["type"] for frame in watcher.page.frames]
    assert "air" in kinds, "those before it are published"


async def test_who_waits_for_an_entry_is_told_when_it_is_here(newsroom: Newsroom) -> None:
    several = [asyncio.create_task(newsroom.follower.wait_for_entry("breaking", 1, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(waiting.done() for waiting in several)
    await newsroom.file("one")
    await asyncio.gather(*several)
    assert newsroom.channel.feed.tail.offset == 1
    await newsroom.follower.wait_for_entry("breaking", 1, 0)
    assert not newsroom.follower._awaited


async def test_nobody_waits_for_ever_for_an_entry_that_does_not_come(newsroom: Newsroom) -> None:
    patient, given_up = (asyncio.create_task(newsroom.follower.wait_for_entry("breaking", 1, 60)) for _ in range(2))
    await asyncio.sleep(0)
    await newsroom.follower.wait_for_entry("breaking", 1, 0)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert not patient.done()
    await newsroom.file("one")
    await patient
    assert not newsroom.follower._awaited
    await newsroom.follower.wait_for_entry("gone", 1, 60)


async def test_what_pubsub_loses_is_found_by_the_next_entry(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    await newsroom.file("one", silently=True)
    await newsroom.file("two", silently=True)
    await newsroom.file("three")
    await newsroom.until(lambda: watcher.page.texts == ["one", "two", "three"])
    assert newsroom.follower.filled == 2


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
    sessions = newsroom.follower.sessions
    original = newsroom.follower._journal.probe
    probes = 0

    async def unheard(feeds: list[str], word: bytes) -> Any:
        nonlocal probes
        probes += 1
        return await original(feeds, b"{}")

    newsroom.follower._journal.probe = unheard  # type: ignore[method-assign]
    await newsroom.pass_time(PROBE_INTERVAL)
    await newsroom.until(lambda: probes)
    await newsroom.pass_time(PROBE_TIMEOUT)
    await newsroom.until(lambda: watcher.page.frames[-1]["type"] == "delayed")
    assert not newsroom.channel.freshness.proven
    newsroom.follower._journal.probe = original  # type: ignore[method-assign]
    await newsroom.until(lambda: newsroom.follower.sessions > sessions)
    await newsroom.pass_time(PROBE_INTERVAL)
    await newsroom.until(lambda: newsroom.channel.freshness.proven)


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
    late = newsroom.read(lost)
    assert late.page.frames[-1]["type"] == "delayed", "the log may be about to bring it"
    await newsroom.proof()
    assert late.page.resets == 1
    assert late.page.texts == ["kept"]


async def test_who_comes_from_a_node_that_was_ahead_is_not_put_back(newsroom: Newsroom) -> None:
    await newsroom.file("one")
    await newsroom.until(lambda: newsroom.channel.feed.tail.offset == 1)
    await newsroom.file("two", silently=True)
    ahead = (await newsroom.journal.probe(["breaking"], b"{}")).tails["breaking"].position
    reader = newsroom.read(str(ahead))
    assert [frame["type"] for frame in reader.page.frames] == ["delayed"]
    await newsroom.proof()
    assert reader.page.frames[-1]["type"] == "beat"
    await newsroom.file("three")
    await newsroom.until(lambda: reader.page.texts == ["three"])
    assert reader.page.resets == 0


async def test_after_a_stall_newcomers_are_told_what_is_proven_then(newsroom: Newsroom) -> None:
    await newsroom.file("one", silently=True)
    before = newsroom.channel.freshness.proof
    newsroom.clock.now += 60
    reader = newsroom.read()
    assert reader.page.frames == []
    await newsroom.pass_time(0)
    await newsroom.until(lambda: len(reader.page.frames) == 2)
    snapshot, beat = reader.page.frames
    assert reader.page.texts == ["one"]
    assert snapshot["at"] == beat["at"] != before
    assert newsroom.follower.sessions == 1


async def many_feeds(newsroom: Newsroom) -> None:
    """Open other feeds, and let them all take turns, so that the first one has its turn every few seconds alone."""
    newsroom.follower._follow._asking._turns = Turns(PROBES, 1)
    for number in range(2 * PROBES):
        await newsroom.registry.open_feed(FeedSettings(f"other-{number}", "Other", "en", ""))
    await newsroom.until(lambda: len(newsroom.hub.channels) == 2 * PROBES + 1)
    await newsroom.until(lambda: all(channel.freshness.proven for channel in newsroom.hub.channels.values()))


async def test_the_first_reader_of_a_feed_has_what_was_lost_before_it_is_told_of_a_proof(newsroom: Newsroom) -> None:
    await many_feeds(newsroom)
    await newsroom.file("one", silently=True)
    before = newsroom.channel.freshness.proof
    newsroom.clock.now += PROOF_LIMIT + 0.1  # as if nobody had read it for so long; the follower is not woken by this
    newsroom.follower._follow._probe_due = newsroom.clock.now + 60
    reader = newsroom.read()
    assert reader.page.frames == []
    await newsroom.until(lambda: len(reader.page.frames) == 2)
    snapshot, beat = reader.page.frames
    assert (reader.page.texts, snapshot["at"] == beat["at"] != before) == (["one"], True)


async def test_a_hole_in_a_feed_that_nobody_reads_is_found_within_a_round(newsroom: Newsroom) -> None:
    await many_feeds(newsroom)
    await newsroom.file("one", silently=True)
    for _ in range(PROBES):
        sessions, sent = newsroom.follower.sessions, newsroom.clock.now
        await newsroom.pass_time(PROBE_INTERVAL)
        await newsroom.until(lambda: newsroom.follower._follow._probe_due > sent + PROBE_INTERVAL)  # noqa: B023
        await newsroom.until(lambda: not newsroom.follower._follow._in_flight)
        assert newsroom.follower.sessions == sessions
    assert newsroom.channel.feed.tail.offset == 1


async def test_feeds_are_compared_with_each_probe_only_while_somebody_reads_them(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many_feeds(newsroom)
    asked: list[list[str]] = []
    original = newsroom.follower._journal.probe

    async def watch(feeds: list[str], word: bytes) -> Any:
        asked.append(feeds)
        return await original(feeds, word)

    monkeypatch.setattr(newsroom.follower._journal, "probe", watch)
    reader = newsroom.read()
    for _ in range(PROBES):
        await newsroom.proof()
    assert all("breaking" in feeds for feeds in asked)
    assert max(map(len, asked)) <= 4
    newsroom.channel.leave(reader)
    newsroom.clock.now += 4  # one who polls counts as a reader for three seconds after a response
    asked.clear()
    for number in range(1, PROBES + 1):
        await newsroom.pass_time(PROBE_INTERVAL)
        await newsroom.until(lambda: len(asked) == number)  # noqa: B023
        await newsroom.until(lambda: not newsroom.follower._follow._in_flight)
    assert 1 <= sum("breaking" in feeds for feeds in asked) <= 3
    assert newsroom.hub.watched == set()


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


async def test_readers_of_all_nodes_are_counted_until_a_node_falls_silent(newsroom: Newsroom) -> None:
    newsroom.read()
    said = {"node": "another", "word": "w", "watching": {"breaking": 41}}
    await newsroom.redis("PUBLISH", newsroom.redis.channels.nodes, orjson.dumps(said))
    await newsroom.proof()
    await newsroom.proof()
    assert newsroom.channel.freshness.watching == 42
    for _ in range(6):
        await newsroom.proof()
    assert newsroom.channel.freshness.watching == 1


async def test_a_relay_that_reports_to_one_node_and_then_to_another_is_counted_once_by_both(
    newsroom: Newsroom,
) -> None:
    newsroom.read()  # the stream of the relay itself
    async with Newsroom(newsroom.server).runs() as second:
        for node, readers in ((newsroom, 41), (second, 43)):
            node.relays.came("relay-0", {"breaking": readers - 1})
            for each in (node, newsroom, second):
                await each.proof()
                await each.proof()
            assert newsroom.channel.freshness.watching == second.channel.freshness.watching == readers


async def test_a_relay_without_readers_counts_as_none_wherever_it_reports(newsroom: Newsroom) -> None:
    newsroom.read()  # its own stream
    async with Newsroom(newsroom.server).runs() as second:
        second.relays.came("relay-0", {"breaking": -1})
        for each in (second, newsroom, second):
            await each.proof()
            await each.proof()
        assert newsroom.channel.freshness.watching == second.channel.freshness.watching == 0
        second.relays.came("relay-0", {"breaking": -2})
        await second.proof()
        await second.proof()
        assert second.channel.freshness.watching == 0, "of what is not in step, nobody is shown less than none"


async def test_a_restarted_node_still_honours_old_positions(newsroom: Newsroom) -> None:
    watcher = newsroom.read()
    for number in range(5):
        await newsroom.file(f"{number}")
    await newsroom.until(lambda: len(watcher.page.lines) == 5)
    position = next(frame["position"] for frame in watcher.page.frames if frame["type"] == "dispatch")
    async with Newsroom(newsroom.server).runs() as second:
        late = second.read(position)
        assert [frame["type"] for frame in late.page.frames[:4]] == ["dispatch"] * 4


class Failing:
    """A consumer of the log that fails with its first entry, and keeps the others."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str | None]] = []
        self.calls = 0

    def publish(self, feed: str, entry: Entry, pinned: dict[str, Any] | None) -> None:
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("a bug in a consumer")
        self.taken.append((feed, entry.kind, pinned["text"] if pinned else None))


async def test_each_consumer_is_given_every_entry_once_and_in_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failing, following = Failing(), Failing()
    following.calls = 1
    async with Embedded(tmp_path) as server, Newsroom(server, failing, following).runs() as newsroom:
        watcher = newsroom.read()
        await newsroom.file("first")
        await newsroom.until(lambda: newsroom.channel.feed.dispatches)
        id = newsroom.channel.feed.dispatches[0]["id"]
        for number in range(WINDOW):
            await newsroom.file(f"{number}", silently=True)
        await newsroom.journal.append("breaking", changes.Pin(MONA, id))
        await newsroom.until(lambda: len(following.taken) == WINDOW + 2)
        assert len(watcher.page.texts) == WINDOW + 1, "what a consumer does is nothing to readers"
    assert following.taken == [("breaking", "file", None)] * (WINDOW + 1) + [("breaking", "pin", "first")]
    assert failing.taken == following.taken[1:]
    assert "Failing failed with entry 1 of breaking" in caplog.text


async def test_an_unforeseen_error_is_logged_and_the_follower_begins_again(
    newsroom: Newsroom, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher, sessions = newsroom.read(), newsroom.follower.sessions

    async def fail(feeds: list[str], word: bytes) -> Any:
        raise RuntimeError("nobody thought of this")

    with monkeypatch.context() as broken:
        broken.setattr(newsroom.follower._journal, "probe", fail)
        await newsroom.pass_time(PROBE_INTERVAL)
        await newsroom.until(lambda: watcher.page.frames[-1]["type"] == "delayed")
        assert not newsroom.follower.writable
    await newsroom.until(lambda: newsroom.follower.sessions > sessions)
    await newsroom.until(lambda: newsroom.channel.freshness.proven)
    assert "following Redis failed" in caplog.text
    assert "nobody thought of this" in caplog.text
    assert newsroom.follower.writable


async def test_a_lost_redis_is_logged_once_however_often_it_is_tried(
    newsroom: Newsroom, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticker.follower.RETRY_INTERVAL", 0.01)
    tries = 0

    async def unavailable() -> None:
        nonlocal tries
        tries += 1
        raise Unavailable("The log cannot be reached")

    with monkeypatch.context() as broken:
        broken.setattr(newsroom.follower.feeds, "set_up", unavailable)
        await newsroom.redis("CLIENT", "KILL", "TYPE", "pubsub")
        await newsroom.until(lambda: tries >= 3)
        assert len(caplog.records) == 1, "it is said once"
    await newsroom.until(lambda: newsroom.channel.freshness.proven)
    await newsroom.redis("CLIENT", "KILL", "TYPE", "pubsub")
    await newsroom.until(lambda: len(caplog.records) == 2)


async def test_an_entry_that_cannot_be_published_damages_its_feed_alone(
    newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    await newsroom.registry.open_feed(FeedSettings("other", "Other", "ar", ""))
    await newsroom.until(lambda: "other" in newsroom.hub.channels)
    tail = newsroom.hub.channels["other"].feed.tail
    text = orjson.dumps({"kind": "from the future", "at": "2096-01-01T00:00:00.000Z"})
    message = b"1 %b %b" % (chain(tail.hash, text).encode(), text)
    await newsroom.redis("HSET", names.state("other"), "offset", 1, "hash", chain(tail.hash, text))
    await newsroom.redis("XADD", names.log("other"), "1-0", "hash", chain(tail.hash, text), "entry", text)
    await newsroom.redis("PUBLISH", newsroom.redis.channels.live("other"), message)
    await newsroom.until(lambda: newsroom.hub.damaged == {"other"})
    assert newsroom.hub.channels["other"].feed.tail == tail, "what it has stays as it was"
    watcher = newsroom.read()
    await newsroom.file("on it goes")
    await newsroom.until(lambda: watcher.page.texts == ["on it goes"])
    assert newsroom.follower.sessions == 1
    assert "the log of other is damaged" in caplog.text


async def test_a_hole_in_which_something_cannot_be_read_damages_its_feed_alone(newsroom: Newsroom) -> None:
    await newsroom.registry.open_feed(FeedSettings("other", "Other", "ar", ""))
    await newsroom.until(lambda: "other" in newsroom.hub.channels)
    await newsroom.file("one", silently=True, feed="other")
    await newsroom.redis("DEL", names.log("other"))
    await newsroom.redis("XADD", names.log("other"), "1-0", "hash", "0" * 40, "entry", "nonsense")
    await newsroom.proof()
    await newsroom.until(lambda: newsroom.hub.damaged == {"other"})
    assert newsroom.hub.channels["other"].freshness.behind
    assert newsroom.channel.freshness.proven
    assert newsroom.follower.sessions == 1
