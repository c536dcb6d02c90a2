"""A channel whose feed is edited: who may not read any more is turned away, and on closing everybody gets the end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hub.world import AT, Clock, Log, Socket, joined, kinds, offsets, publish
from ticker.channel import Channel
from ticker.errors import Closed, NotFound
from ticker.hub import Hub
from ticker.wire import CloseCode


@pytest.fixture
def log() -> Log:
    log = Log()
    for number in range(3):
        log.file(f"line {number}")
    return log


@pytest.fixture
def channel(log: Log) -> Channel:
    return log.channel(Clock())


def last(frames: list[dict[str, Any]], log: Log) -> None:
    """Check that the last of some frames is the end, and that nothing of the log is missing from it."""
    assert frames[-1]["type"] == "snapshot"
    assert frames[-1]["closed"] == AT
    assert frames[-1]["reset"] is False
    assert frames[-1]["position"] == log.position(len(log.entries))


def test_on_closing_a_level_reader_gets_a_last_snapshot_and_is_dismissed(log: Log, channel: Channel) -> None:
    readers = [joined(channel) for _ in range(3)]
    channel.update_settings(closed=AT)
    for reader in readers:
        frames = reader.take()
        assert kinds(frames) == ["snapshot"]
        last(frames, log)
        assert reader.dismissed is CloseCode.GOING_AWAY
    assert len(channel) == 0


def test_a_reader_set_aside_gets_what_it_missed_and_then_the_end(log: Log, channel: Channel) -> None:
    reader = joined(channel, slow=True)
    publish(channel, log, 2)
    channel.update_settings(closed=AT)
    assert reader.dismissed is None, "it has not taken what it was given"
    assert len(channel) == 1
    frames = reader.recover()
    assert kinds(frames) == ["dispatch", "dispatch", "snapshot"]
    last(frames, log)
    assert reader.dismissed is CloseCode.GOING_AWAY
    assert len(channel) == 0


def test_a_reader_whose_socket_takes_a_part_of_the_end_is_dismissed_when_it_took_the_rest(
    log: Log, channel: Channel
) -> None:
    reader = joined(channel)
    reader.slow = True
    channel.update_settings(closed=AT)
    assert (len(reader.writes), reader.dismissed) == (1, None)
    last(reader.take(), log)
    reader.drain()
    assert (reader.writes, reader.dismissed) == ([], CloseCode.GOING_AWAY)


def test_a_lagging_reader_whose_socket_fills_again_gets_the_end_later(log: Log, channel: Channel) -> None:
    reader = joined(channel, slow=True)
    publish(channel, log, 2)
    channel.update_settings(closed=AT)
    reader.drain()
    frames = reader.take()
    assert (offsets(frames), reader.dismissed) == ([4, 5], None), "what it missed filled the socket again"
    frames += reader.recover()
    last(frames, log)
    assert reader.dismissed is CloseCode.GOING_AWAY


def test_a_restart_leaves_a_reader_alone_to_whom_the_end_was_written(log: Log, channel: Channel) -> None:
    reader = joined(channel)
    reader.slow = True
    channel.update_settings(closed=AT)
    other = Log("1" * 40)
    other.file("another history")
    channel.restart(other.feed(1), other.entries, other.tails[0])
    last(reader.take(), log)
    reader.drain()
    assert (reader.writes, reader.dismissed) == ([], CloseCode.GOING_AWAY)


def test_a_reader_who_never_drains_is_cut_in_time() -> None:
    clock = Clock()
    channel = Log().channel(clock)
    reader = joined(channel, slow=True)
    channel.update_settings(closed=AT)
    clock.now += 31
    channel.sweep()
    assert (reader.is_cut, len(channel)) == (True, 0)


def test_who_was_let_in_before_and_joins_after_gets_the_end_once(log: Log, channel: Channel) -> None:
    channel.update_settings(closed=AT)
    for after in (None, log.position(1), log.position(3)):
        reader = Socket()
        channel.join(reader, after)
        frames = reader.take()
        last(frames, log)
        assert kinds(frames).count("snapshot") == 1
        assert reader.dismissed is CloseCode.GOING_AWAY
    assert len(channel) == 0


def test_opened_again_readers_join_as_before_and_the_snapshot_says_nothing_of_it(log: Log, channel: Channel) -> None:
    channel.update_settings(closed=AT)
    channel.update_settings(closed=None)
    reader = Socket()
    channel.join(reader, None)
    assert "closed" not in reader.take()[0]
    publish(channel, log)
    assert kinds(reader.take()) == ["dispatch"]
    assert reader.dismissed is None


def test_a_feed_that_becomes_private_is_gone_for_those_without_a_key(channel: Channel) -> None:
    anybody, slow, holder = joined(channel), joined(channel, slow=True), Socket()
    holder.key = "5f2c9a0b71d4"
    channel.join(holder, None)
    holder.writes.clear()
    channel.update_settings(visibility="private")
    assert (anybody.dismissed, slow.dismissed, holder.dismissed) == (CloseCode.GOING_AWAY, CloseCode.GOING_AWAY, None)
    assert anybody.take() == []
    late = Socket()
    channel.join(late, None)
    assert (late.dismissed, late.writes) == (CloseCode.GOING_AWAY, []), "it was let in a moment too early"
    assert len(channel) == 1


def test_a_page_whose_origin_is_withdrawn_is_dismissed_and_no_other_reader(channel: Channel) -> None:
    readers = {origin: Socket() for origin in (None, "https://a.example", "https://b.example")}
    for origin, reader in readers.items():
        reader.origin = origin
        channel.join(reader, None)
    channel.update_settings(origins=("https://a.example",))
    assert {origin: reader.dismissed for origin, reader in readers.items()} == {
        None: None,
        "https://a.example": None,
        "https://b.example": CloseCode.POLICY_VIOLATION,
    }
    channel.update_settings(origins=None)  # the service's, which are all
    late = Socket()
    late.origin = "https://b.example"
    channel.join(late, None)
    assert late.dismissed is None


def test_a_hub_admits_nobody_to_a_closed_feed(log: Log) -> None:
    hub = Hub(capacity=8, limit=10, clock=Clock())
    log.open_in(hub)
    hub.retain(["breaking"])
    assert hub.admit("breaking") is hub.channels["breaking"]
    hub.channels["breaking"].update_settings(closed=AT)
    with pytest.raises(Closed) as refused:
        hub.admit("breaking")
    assert refused.value.extra() == {"closed": AT}
    with pytest.raises(NotFound):
        hub.admit("another")
