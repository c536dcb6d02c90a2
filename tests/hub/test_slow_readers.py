"""Readers whose sockets are full: set aside, caught up, or cut."""

from __future__ import annotations

import pytest

from tests.hub.world import LONGEST_FRAME, PROOF, Clock, Log, Socket, joined, offsets, publish
from ticker.channel import Channel
from ticker.lagging import CHUNK, STUCK_AFTER, chunks
from ticker.wire import Frame, move_frame


@pytest.mark.parametrize(("frames", "sizes"), [(1, [1]), (2, [2]), (3, [2, 1]), (4, [2, 2])])
def test_frames_are_written_in_chunks_of_just_over_the_limit(frames: int, sizes: list[int]) -> None:
    all_frames = [Frame({"type": "x", "text": "a" * (CHUNK // 2)}) for _ in range(frames)]
    written = list(chunks(all_frames))
    assert [len(chunk) for chunk in written] == sizes
    assert [frame for chunk in written for frame in chunk] == all_frames


def test_a_full_socket_is_set_aside_and_delays_nobody(log: Log, channel: Channel) -> None:
    quick, slow = joined(channel), joined(channel)
    slow.slow = True
    publish(channel, log, 3)
    assert offsets(quick.take()) == [4, 5, 6]
    assert (channel.lagging_count, len(channel)) == (1, 2)
    assert offsets(slow.recover()) == [5, 6]  # the first was in its socket already
    assert channel.lagging_count == 0
    publish(channel, log)
    assert offsets(slow.take()) == offsets(quick.take()) == [7]


def test_a_reader_whose_socket_drains_with_nothing_missed_is_level_without_a_word(log: Log, channel: Channel) -> None:
    socket = joined(channel)
    socket.slow = True
    publish(channel, log)
    assert (socket.recover(), channel.lagging_count) == ([], 0)


def test_a_reader_far_behind_catches_up_in_chunks(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=256)
    socket = joined(channel)
    socket.slow = True
    publish(channel, log, 200, "x" * 1000)
    socket.writes.clear()
    while channel.lagging_count:
        socket.drain()
        if len(socket.writes) == 2:
            publish(channel, log, text="while it catches up")
    assert len(socket.writes) > 3
    assert all(CHUNK <= len(chunk) <= CHUNK + LONGEST_FRAME for chunk in socket.writes[:-1])
    assert offsets(socket.take()) == [*range(5, 205)]


def test_a_quick_reader_that_resumes_far_behind_gets_all_chunks_at_once(log: Log, clock: Clock) -> None:
    for _ in range(200):
        log.file("x" * 1000)
    channel = log.channel(clock, capacity=256)
    socket = Socket()
    channel.join(socket, log.position(1))
    assert len(socket.writes) > 3
    assert channel.lagging_count == 0
    assert offsets(socket.take()) == [*range(2, 204)]


def test_the_last_frame_may_just_fill_a_chunk(log: Log, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.lagging.CHUNK", sum(len(frame.lines) for frame in channel.ring.after(1) or []))
    socket = Socket()
    channel.join(socket, log.position(1))
    assert (len(socket.writes), channel.lagging_count) == (1, 0)
    assert offsets(socket.take()) == [2, 3]


def test_a_reader_too_far_behind_gets_a_fresh_snapshot_that_resets(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=4)
    socket = joined(channel)
    socket.slow = True
    publish(channel, log, 12)
    assert socket.recover() == [log.feed(15).snapshot(reset=True)]
    publish(channel, log)
    assert offsets(socket.take()) == [16]


def test_a_reader_that_stalls_on_its_first_snapshot_goes_on_from_there(log: Log, channel: Channel) -> None:
    socket = Socket(slow=True)
    channel.join(socket, None)
    assert offsets(socket.take()) == [3]
    publish(channel, log)
    assert offsets(socket.recover()) == [4]


def test_a_reader_set_aside_by_what_is_not_the_channels_misses_nothing(log: Log, channel: Channel) -> None:
    socket = joined(channel)
    channel.stalled(socket)
    channel.stalled(socket)
    assert channel.lagging_count == 1
    publish(channel, log)
    assert socket.writes == []
    assert offsets(socket.recover()) == [4]


@pytest.mark.parametrize("slow", [False, True])
def test_a_reader_that_has_left_hears_nothing_more(log: Log, channel: Channel, *, slow: bool) -> None:
    socket = joined(channel, slow=slow)
    socket.drain()
    assert channel.lagging_count == 0
    channel.stalled(socket)
    assert channel.lagging_count == 1
    for _ in range(2):
        channel.leave(socket)
        channel.stalled(socket)
        socket.drain()
        publish(channel, log)
    assert (socket.writes, len(channel)) == ([], 0)


def test_a_stuck_reader_is_cut_and_only_that(channel: Channel, clock: Clock) -> None:
    level, slow, stuck = joined(channel), joined(channel, slow=True), joined(channel, slow=True)
    channel.announce(move_frame(1))
    channel.stalled(level)
    clock.now += STUCK_AFTER
    level.drain()
    channel.sweep()
    assert channel.cut_readers == 0
    clock.now += 0.1
    channel.prove(PROOF, beat=True)
    slow.drain()  # takes the beat, and is set aside anew
    channel.sweep()
    assert [reader.is_cut for reader in (level, slow, stuck)] == [False, False, True]
    assert (channel.cut_readers, channel.lagging_count, len(channel)) == (1, 1, 2)


def test_a_reader_who_takes_a_little_now_and_then_is_slow_and_not_stuck(channel: Channel, clock: Clock) -> None:
    slow = joined(channel, slow=True)
    channel.announce(move_frame(1))
    for _ in range(3):
        clock.now += STUCK_AFTER
        channel.made_progress(slow)
        channel.sweep()
    assert not slow.is_cut
    clock.now += STUCK_AFTER + 0.1
    channel.sweep()
    assert slow.is_cut
