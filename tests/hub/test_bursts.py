"""What comes together is written to each reader once, in each encoding, and nothing of it that was killed meanwhile."""

from __future__ import annotations

from typing import get_args

import pytest

from tests.hub.test_longpoll import ask, body
from tests.hub.world import PROOF, Clock, Log, Socket, joined, kinds, offsets
from ticker.changes import entry_frame
from ticker.channel import Channel
from ticker.delivery import FanOut
from ticker.entry import Entry
from ticker.feed import WINDOW
from ticker.lagging import CHUNK
from ticker.longpoll import MAX_FRAMES
from ticker.wire import Encoding


def burst(log: Log, times: int = 3, text: str = "Quake") -> list[Entry]:
    return [log.file(text) for _ in range(times)]


@pytest.mark.parametrize("encoding", get_args(Encoding))
def test_what_comes_together_is_one_write_of_whole_frames(log: Log, channel: Channel, encoding: Encoding) -> None:
    socket = Socket(encoding)
    channel.join(socket, None)
    socket.writes.clear()
    entries = burst(log)
    channel.publish(*entries)
    assert socket.writes == [b"".join(getattr(entry_frame(entry), encoding) for entry in entries)]


def test_readers_of_one_encoding_share_the_bytes(log: Log, channel: Channel) -> None:
    one, other = joined(channel), joined(channel)
    channel.publish(*burst(log))
    assert one.writes[0] is other.writes[0]


def test_a_text_that_was_killed_in_the_same_burst_is_not_sent(log: Log, channel: Channel) -> None:
    socket = joined(channel)
    entries = [
        log.file("SECRET one", id="x"),
        log.file("harmless"),
        log.file("SECRET two", id="x", revision=2),
        log.kill("x"),
        log.file("after it"),
    ]
    channel.publish(*entries)
    assert b"SECRET" not in b"".join(socket.writes)
    frames = socket.take()
    assert kinds(frames) == ["kill", "dispatch", "kill", "kill", "dispatch"]
    assert [frame["position"] for frame in frames] == [str(entry.tail.position) for entry in entries]
    assert channel.snapshot() == log.feed(len(log.entries)).snapshot()


def test_a_burst_larger_than_a_chunk_is_written_in_chunks(log: Log, channel: Channel) -> None:
    quick, slow = joined(channel), joined(channel)
    slow.slow = True
    channel.publish(*burst(log, 3, "x" * (CHUNK // 2)))
    assert [data.count(b"\n") for data in quick.writes] == [2, 1]
    assert len(slow.writes) == 1, "written to while full"
    assert offsets(quick.take()) == [4, 5, 6]
    assert offsets(slow.recover()) == [6]


def test_a_burst_longer_than_the_ring_is_published_without_a_hole(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=4)
    socket = joined(channel)
    channel.publish(*burst(log, 30))
    assert offsets(socket.take()) == [*range(4, 34)]
    assert channel.feed.tail == log.tails[-1]


def test_a_full_socket_gets_what_it_missed_of_a_burst_once(log: Log, channel: Channel) -> None:
    full, quick = joined(channel), joined(channel)
    full.slow = True
    channel.publish(*burst(log))
    assert channel.lagging_count == 1
    channel.publish(*burst(log, 2))
    assert offsets(full.recover()) == [7, 8]
    assert offsets(quick.take()) == [4, 5, 6, 7, 8]


def test_the_beat_comes_after_all_of_a_burst_and_names_its_end(log: Log, channel: Channel) -> None:
    socket = joined(channel)
    channel.publish(*burst(log))
    channel.prove(PROOF, beat=True)
    *_, newest, beat = socket.take()
    assert (beat["type"], beat["position"]) == ("beat", newest["position"])


def test_a_reader_ahead_of_this_node_gets_the_rest_of_the_burst_that_reaches_it(log: Log, channel: Channel) -> None:
    entries = burst(log, 4)
    channel.prove(PROOF, beat=True)
    ahead = Socket()
    channel.join(ahead, log.position(5))
    assert kinds(ahead.take()) == ["delayed"]
    channel.publish(*entries)
    assert offsets(ahead.take())[:2] == [6, 7]


def test_all_that_wait_get_one_response_with_the_whole_burst(log: Log, channel: Channel) -> None:
    waiting = [ask(channel, log.position(3)) for _ in range(2)]
    channel.publish(*burst(log))
    one, other = map(body, waiting)
    assert offsets(one["frames"]) == [4, 5, 6]
    assert one == other


def test_a_response_carries_as_much_of_a_burst_as_one_may(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=600)
    channel.prove(PROOF, beat=True)
    waiting = ask(channel, log.position(3))
    channel.publish(*burst(log, MAX_FRAMES + 50))
    said = body(waiting)
    assert offsets(said["frames"]) == [*range(4, 4 + MAX_FRAMES)]
    assert said["position"] == log.position(3 + MAX_FRAMES)
    assert said["at"] is None, "a client that has not got everything has not caught up"


def test_a_dispatch_that_leaves_the_list_before_its_pin_is_shown_pinned(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=64)
    known = dict(log.entries[0].content["dispatch"])
    entries = [*burst(log, WINDOW), log.write("pin", id=known["id"])]
    channel.publish(*entries, pinned={known["id"]: known})
    assert channel.snapshot()["pinned_dispatch"] == known


def test_what_comes_before_an_entry_that_cannot_be_read_is_published(log: Log, channel: Channel) -> None:
    socket = joined(channel)
    good, bad, unseen = log.file("good"), log.write("unheard-of"), log.file("unseen")
    with pytest.raises(ValueError, match="unheard-of"):
        channel.publish(good, bad, unseen)
    assert offsets(socket.take()) == [4]
    with pytest.raises(ValueError, match="unheard-of"):
        channel.publish(bad)
    assert socket.writes == []
    assert channel.feed.tail == good.tail


def test_each_dispatch_of_a_burst_is_measured_and_one_that_was_killed_in_it_reached_nobody(
    log: Log, channel: Channel, clock: Clock
) -> None:
    joined(channel)
    clock.now += 5
    channel.publish(log.file(id="a"), log.file(id="x"), log.kill("x"))
    assert channel.fan_out("a") == FanOut(1, 0, 1005.0, 1005.0)
    assert channel.fan_out("x") == FanOut(0, 0, 1005.0, 1005.0)
