"""Readers who join: where they start from, and what a frame to many of them costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest

from tests.hub.world import PROOF, Clock, Log, Socket, kinds, offsets, publish
from ticker import channel as channels
from ticker import freshness
from ticker.channel import Channel
from ticker.unplaced import UNPLACED
from ticker.wire import Encoding

EVERY_ENCODING = pytest.mark.parametrize("encoding", get_args(Encoding))


@EVERY_ENCODING
def test_a_level_reader_gets_exactly_one_write_for_each_frame(encoding: Encoding, log: Log, channel: Channel) -> None:
    sockets = [Socket(encoding) for _ in range(3)]
    for socket in sockets:
        channel.join(socket, None)
    publish(channel, log, 2)
    frames = channel.ring.after(3) or []
    assert len(frames) == 2
    for socket in sockets:
        assert socket.writes[1:] == [getattr(frame, encoding) for frame in frames]


def test_a_frame_is_built_once_and_its_bytes_are_shared_by_all_readers(
    log: Log, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []
    for home, name in ((channels, "entry_frame"), (channels, "snapshot_frame"), (freshness, "beat_frame")):
        monkeypatch.setattr(home, name, counted(getattr(home, name), built))
    sockets = [Socket() for _ in range(50)]
    for socket in sockets:
        channel.join(socket, None)
    publish(channel, log)
    channel.prove(PROOF, beat=True)
    assert built == ["snapshot_frame", "entry_frame", "beat_frame"]
    for socket in sockets:
        assert all(mine is first for mine, first in zip(socket.writes[1:], sockets[0].writes[1:], strict=True))


def counted(original: Callable[..., Any], built: list[str]) -> Callable[..., Any]:
    def build(*args: Any, **options: Any) -> Any:
        built.append(original.__name__)
        return original(*args, **options)

    return build


def test_a_fresh_reader_starts_from_a_snapshot_of_that_moment_that_resets_nothing(log: Log, channel: Channel) -> None:
    for offset in (3, 4):
        socket = Socket()
        channel.join(socket, None)
        assert socket.take() == [log.feed(offset).snapshot()]
        publish(channel, log)
        assert offsets(socket.take()) == [offset + 1]
    assert (len(channel), channel.lagging_count, len(channel.readers)) == (2, 0, 2)


@EVERY_ENCODING
def test_the_head_of_the_answer_and_the_first_frames_are_one_write(encoding: Encoding, channel: Channel) -> None:
    channel.prove(PROOF, beat=False)
    socket = Socket(encoding)
    channel.join(socket, None, head=b"HTTP/1.1 200 OK\r\n\r\n")
    [data] = socket.writes
    assert data.startswith(b"HTTP/1.1 200 OK\r\n\r\n")
    if encoding != "deflated":  # which cannot be read as it stands
        assert data.index(b'"snapshot"') < data.index(b'"beat"')


@pytest.mark.parametrize("seen", [0, 1, 2, 3])
def test_a_reader_that_comes_back_gets_what_it_missed_and_then_a_beat(seen: int, log: Log, channel: Channel) -> None:
    channel.prove(PROOF, beat=False)
    socket = Socket()
    channel.join(socket, log.position(seen))
    *missed, beat = socket.take()
    assert offsets(missed) == [*range(seen + 1, 4)]
    assert kinds(missed) == ["dispatch"] * (3 - seen)
    assert beat == {"type": "beat", "position": log.position(3), "at": PROOF, "watching": 0}


def test_a_reader_that_missed_nothing_is_told_nothing(log: Log, channel: Channel) -> None:
    socket = Socket()
    channel.join(socket, log.position(3))
    assert socket.writes == []
    publish(channel, log)
    assert offsets(socket.take()) == [4]


MALFORMED = ["", "nonsense", "2", "2-", "-1-000000000000"]
UNKNOWN = ["2-ffffffffffff", "0-ffffffffffff"]
AHEAD = ["4-000000000000", "999999999999999-000000000000"]


@pytest.mark.parametrize("after", MALFORMED + UNKNOWN)
def test_a_position_that_cannot_be_resumed_is_answered_with_a_reset(after: str, log: Log, channel: Channel) -> None:
    socket = Socket()
    channel.join(socket, after)
    assert socket.take() == [log.feed(3).snapshot(reset=True)]
    publish(channel, log)
    assert offsets(socket.take()) == [4]


@pytest.mark.parametrize("after", AHEAD)
def test_a_position_ahead_of_this_node_is_answered_with_a_reset_once_a_proof_shows_that_it_is_lost(
    after: str, log: Log, channel: Channel
) -> None:
    socket = Socket()
    channel.join(socket, after)
    assert socket.take() == []
    channel.prove(PROOF, beat=False)
    snapshot, beat = socket.take()
    assert snapshot == log.feed(3).snapshot(reset=True, at=PROOF)
    assert beat["position"] == log.position(3)
    publish(channel, log)
    assert offsets(socket.take()) == [4]


def test_the_same_offset_of_another_history_is_answered_with_a_reset(channel: Channel) -> None:
    other = Log()
    other.file("Something else")
    socket = Socket()
    channel.join(socket, other.position(1))
    assert [frame["reset"] for frame in socket.take()] == [True]


def test_a_position_that_has_left_the_ring_is_answered_with_a_reset(log: Log, clock: Clock) -> None:
    for _ in range(10):
        log.file()
    channel = log.channel(clock, capacity=4)
    for offset, expected in [(8, ["snapshot"]), (9, ["dispatch"] * 4)]:
        socket = Socket()
        channel.join(socket, log.position(offset))
        assert kinds(socket.take()) == expected


def test_readers_are_counted_by_encoding_wherever_they_are(log: Log, channel: Channel) -> None:
    channel.prove(PROOF, beat=False)
    for reader in (Socket("sse"), Socket("sse", slow=True), Socket("deflated")):
        channel.join(reader, None)
    held = Socket("websocket")
    channel.join(held, f"9-{log.position(3).partition('-')[2]}")
    assert held.cursor == UNPLACED
    assert channel.readers_by_encoding() == {"sse": 2, "deflated": 1, "websocket": 1}
    channel.leave(held)
    assert channel.readers_by_encoding()["websocket"] == 0
