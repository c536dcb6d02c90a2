"""The last frames of a feed, and what a kill takes out of them."""

from __future__ import annotations

import pytest

from tests.hub.world import AT, Clock, Log, Socket, kinds
from ticker.changes import entry_frame
from ticker.channel import Channel
from ticker.entry import Position
from ticker.feed import WINDOW
from ticker.ring import Ring


def test_a_killed_line_leaves_the_ring(log: Log, channel: Channel) -> None:
    channel.publish(log.file("SECRET one", id="x"))
    channel.publish(log.file("harmless"))
    channel.publish(log.file("SECRET two", id="x", revision=2))
    channel.publish(log.write("pin", id="x"))
    channel.publish(log.kill("x"))
    fresh, back = Socket(), Socket()
    channel.join(fresh, None)
    channel.join(back, log.position(3))
    assert b"SECRET" not in b"".join(fresh.writes + back.writes)
    assert [(frame["type"], frame["position"], frame.get("id")) for frame in back.take()] == [
        ("kill", log.position(4), "x"),
        ("dispatch", log.position(5), None),
        ("kill", log.position(6), "x"),
        ("pin", log.position(7), "x"),
        ("kill", log.position(8), "x"),
    ]


def test_a_killed_line_is_not_in_the_ring_of_a_node_that_starts_later(log: Log, clock: Clock) -> None:
    log.file("SECRET", id="x")
    log.kill("x")
    socket = Socket()
    log.channel(clock).join(socket, log.position(2))
    assert b"SECRET" not in b"".join(socket.writes)
    assert kinds(socket.take()) == ["dispatch", "kill", "kill"]


def test_a_killed_line_is_buried_under_the_ring_that_was_trimmed(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=4)
    for number in range(7):
        channel.publish(log.file(f"SECRET {number}", id=f"x{number}"))
    channel.publish(log.kill("x5"))
    back = Socket()
    channel.join(back, log.position(8))
    assert b"SECRET 5" not in b"".join(back.writes)
    assert [(frame["type"], frame["position"]) for frame in back.take()] == [
        ("kill", log.position(9)),
        ("dispatch", log.position(10)),
        ("kill", log.position(11)),
    ]


def test_the_ring_keeps_between_one_and_two_capacities_of_frames(log: Log) -> None:
    ring = Ring(log.tails[0], 4)
    for _ in range(20):
        offset = len(log.entries) - 2
        entry = log.entries[offset - 1]
        ring.add(entry, entry_frame(entry))
        log.file()
        kept = ring.after(ring.first - 1)
        assert kept is not None
        assert min(offset, 4) <= len(kept) == offset - ring.first + 1 < 8
        assert ring.after(offset) == []
        assert ring.after(ring.first - 2) is None
        held = [tail.offset for tail in log.tails if ring.holds(tail.position)]
        assert held == [*range(ring.first - 1, offset + 1)]


@pytest.mark.parametrize(("offset", "contradicts"), [(0, True), (1, True), (3, True), (4, False)])
def test_a_ring_contradicts_another_history_where_it_knows_better(
    offset: int, log: Log, channel: Channel, *, contradicts: bool
) -> None:
    log.file()
    assert channel.ring.contradicts(Position(offset, "f" * 12)) is contradicts
    assert not channel.ring.contradicts(log.tails[offset].position)


def test_what_was_read_before_a_kill_is_its_tombstone_once_this_node_knows(log: Log, channel: Channel) -> None:
    filed = log.file("SECRET", id="x")
    channel.publish(filed)
    read = dict(filed.content["dispatch"])
    assert channel.as_known(read) is read
    channel.publish(log.kill("x"))
    assert channel.as_known(read) == {
        "id": "x",
        "filed": AT,
        "updated": AT,
        "revision": 9,
        "status": "killed",
        "reason": "withdrawn",
    }
    other = log.feed(4)
    channel.restart(other, log.entries[:4], log.tails[0])
    assert channel.as_known(read) is read, "the kill is of a history that was lost"


def test_tombstones_leave_with_their_kills(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=4)
    channel.publish(log.kill("00000001"))
    for _ in range(20):
        channel.publish(log.file())
    assert channel.ring.tombstone("00000001") is None
    channel.publish(log.kill("00000002"))
    assert channel.ring.tombstone("00000002") is not None


def test_a_pinned_dispatch_that_was_read_before_its_kill_is_pinned_as_a_tombstone(log: Log, clock: Clock) -> None:
    for _ in range(WINDOW):
        log.file()
    channel = log.channel(clock, capacity=64)
    read = dict(log.entries[0].content["dispatch"])
    channel.publish(log.kill(read["id"]))
    channel.publish(log.write("pin", id=read["id"]), pinned={read["id"]: read})
    assert channel.snapshot()["pinned_dispatch"]["status"] == "killed"
