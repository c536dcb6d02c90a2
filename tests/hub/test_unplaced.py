"""Readers that come from a node that was ahead, and readers of a node that has not run for a while."""

from __future__ import annotations

import pytest

from tests.hub.world import LATER, PROOF, Clock, Log, Socket, kinds, offsets, publish
from ticker.channel import Channel
from ticker.freshness import PROOF_LIMIT
from ticker.lagging import STUCK_AFTER
from ticker.wire import BEAT_INTERVAL, CloseCode, move_frame

SINCE_PROOF = {"type": "delayed", "since": PROOF}
FORKED = "2-ffffffffffff"
LOST = "9-ffffffffffff"


@pytest.fixture
def channel(log: Log, clock: Clock) -> Channel:
    """The channel of a node in sync, by a probe that was sent just now."""
    channel = log.channel(clock)
    channel.prove(PROOF, beat=True)
    return channel


def prove(channel: Channel, clock: Clock, at: str = LATER, *, ago: float = 0.0) -> None:
    channel.prove(at, beat=False, asked=clock() - ago)


def come(channel: Channel, after: str | None, *, slow: bool = False) -> Socket:
    socket = Socket(slow=slow)
    channel.join(socket, after)
    return socket


# A position ahead of this node


def test_who_is_ahead_is_let_in_and_told_that_this_node_is_delayed(channel: Channel, log: Log) -> None:
    log.file()
    socket = Socket("websocket")
    channel.join(socket, log.position(4), head=b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    [data] = socket.writes
    assert data.startswith(b"HTTP/1.1 101 ")
    assert data.endswith(b'{"type":"delayed","since":"%b"}' % PROOF.encode())
    assert (len(channel), channel.streaming, channel.lagging_count, channel.readers) == (1, 1, 0, [socket])


def test_once_the_log_reaches_it_it_is_resumed_and_nothing_is_sent_again(channel: Channel, log: Log) -> None:
    entries = [log.file() for _ in range(3)]
    socket = come(channel, log.position(5))
    assert socket.take() == [SINCE_PROOF]
    channel.publish(entries[0])
    assert socket.take() == []
    channel.publish(entries[1])
    assert socket.take() == [{"type": "beat", "position": log.position(5), "at": PROOF, "watching": 0}]
    channel.publish(entries[2])
    assert offsets(socket.take()) == [6]


def test_it_is_resumed_also_by_a_node_that_lost_redis_and_fills_its_gap(
    channel: Channel, log: Log, clock: Clock
) -> None:
    entries = [log.file() for _ in range(3)]
    socket = come(channel, log.position(4))
    channel.delay("now")
    for entry in entries:
        channel.publish(entry)
    assert kinds(socket.take()) == ["delayed", "delayed", "dispatch", "dispatch"]
    prove(channel, clock)
    assert kinds(socket.take()) == ["beat"]


def test_the_log_may_bring_the_offset_with_another_tag_which_resets(channel: Channel, log: Log) -> None:
    socket = come(channel, "4-ffffffffffff")
    publish(channel, log)
    delayed, snapshot, beat = socket.take()
    assert delayed == SINCE_PROOF
    assert (snapshot["position"], snapshot["reset"]) == (log.position(4), True)
    assert beat["position"] == log.position(4)


def test_a_proof_whose_probe_was_sent_after_it_came_shows_that_the_log_lost_it(channel: Channel, clock: Clock) -> None:
    clock.now += 1
    socket = come(channel, LOST)
    assert kinds(socket.take()) == ["delayed"]
    prove(channel, clock, ago=0.5)
    assert socket.take() == [], "what it has may have been filed after that probe looked"
    clock.now += 1
    prove(channel, clock, ago=0.5)
    snapshot, beat = socket.take()
    assert (snapshot["type"], snapshot["reset"], snapshot["at"]) == ("snapshot", True, LATER)
    assert (beat["type"], beat["at"]) == ("beat", LATER)


def test_while_redis_is_lost_it_is_told_so_as_often_as_the_others(channel: Channel, log: Log, clock: Clock) -> None:
    channel.delay("now")
    log.file()
    socket = come(channel, log.position(4))
    assert socket.take() == [SINCE_PROOF]
    for _ in range(3):
        clock.now += BEAT_INTERVAL
        channel.delay("now")
        assert socket.take() == [SINCE_PROOF]
    publish_missed(channel, log)
    prove(channel, clock)
    assert socket.take() == [{"type": "beat", "position": log.position(4), "at": LATER, "watching": 0}]


def publish_missed(channel: Channel, log: Log) -> None:
    for entry in log.entries[channel.feed.tail.offset :]:
        channel.publish(entry)


def test_a_killed_text_that_it_saw_killed_is_not_shown_to_it(channel: Channel, log: Log, clock: Clock) -> None:
    publish(channel, log, text="SECRET")
    log.kill(f"{4:08}")
    for delayed in (False, True):
        if delayed:
            channel.delay("now")
        socket = come(channel, log.position(5))
        clock.now += 1
        channel.delay("now")
        assert b"SECRET" not in b"".join(socket.writes)
        assert set(kinds(socket.take())) == {"delayed"}
        channel.leave(socket)


def test_before_the_first_proof_it_is_told_nothing(log: Log, clock: Clock) -> None:
    channel = log.channel(clock)
    socket = come(channel, LOST)
    assert socket.writes == []
    channel.delay(LATER)
    assert socket.take() == [{"type": "delayed", "since": LATER}]
    prove(channel, clock)
    assert kinds(socket.take()) == ["snapshot", "beat"]


def test_another_history_may_be_the_one_that_it_knows(channel: Channel, log: Log, clock: Clock) -> None:
    other = Log("1" * 40)
    for _ in range(7):
        other.file()
    knows, ahead, lost = (come(channel, position) for position in (other.position(5), other.position(7), LOST))
    for socket in (knows, ahead, lost):
        socket.take()
    channel.restart(other.feed(6), other.entries[:6], other.tails[0])
    assert offsets(knows.take()) == [6]
    assert ahead.take() == lost.take() == []
    channel.publish(other.entries[6])
    prove(channel, clock)
    assert kinds(knows.take()) == ["dispatch", "beat"]
    assert kinds(ahead.take()) == ["beat"]
    assert kinds(lost.take()) == ["snapshot", "beat"]


# A position that this node contradicts


def test_a_node_in_sync_resets_at_once_who_is_of_another_history(channel: Channel) -> None:
    assert [frame.get("reset") for frame in come(channel, FORKED).take()] == [True, None]


def test_a_node_that_lost_redis_does_not_know_whose_history_is_lost(channel: Channel, log: Log, clock: Clock) -> None:
    channel.delay("now")
    socket = come(channel, FORKED)
    assert socket.take() == [SINCE_PROOF]
    publish(channel, log)
    assert socket.take() == []
    prove(channel, clock)
    assert [frame.get("reset") for frame in socket.take()] == [True, None]


# A proof that is too old


@pytest.mark.parametrize("after", [None, "nonsense", "0-ffffffffffff", FORKED])
def test_after_a_stall_nobody_is_given_what_the_node_knew_before(
    after: str | None, channel: Channel, log: Log, clock: Clock
) -> None:
    clock.now += PROOF_LIMIT
    assert kinds(come(channel, None).take()) == ["snapshot", "beat"]
    clock.now += 0.1
    socket = come(channel, after)
    assert [kind for kind in kinds(socket.take()) if kind != "delayed"] == []
    publish(channel, log)
    assert socket.take() == []
    prove(channel, clock)
    snapshot, beat = socket.take()
    assert (snapshot["position"], snapshot["at"], snapshot["reset"]) == (log.position(4), LATER, after is not None)
    assert (beat["position"], beat["at"]) == (log.position(4), LATER)


def test_after_a_stall_who_resumes_gets_its_entries_and_the_beat_with_the_next_proof(
    channel: Channel, log: Log, clock: Clock
) -> None:
    stayed = come(channel, None)
    stayed.take()
    clock.now += PROOF_LIMIT + 0.1
    socket = come(channel, log.position(2))
    assert offsets(socket.take()) == [3]
    prove(channel, clock)
    assert kinds(socket.take()) == kinds(stayed.take()) == ["beat"]
    prove(channel, clock)
    assert socket.take() == [], "the node runs again"


def test_a_proof_that_took_too_long_itself_is_given_to_nobody(channel: Channel, clock: Clock) -> None:
    clock.now += 10
    prove(channel, clock, ago=PROOF_LIMIT + 0.1)
    socket = come(channel, None)
    assert socket.take() == []
    prove(channel, clock)
    assert kinds(socket.take()) == ["snapshot", "beat"]


def test_if_redis_turns_out_to_be_lost_newcomers_get_what_there_is(channel: Channel, clock: Clock) -> None:
    clock.now += PROOF_LIMIT + 0.1
    socket = come(channel, None)
    channel.delay("now")
    snapshot, delayed = socket.take()
    assert (snapshot["type"], snapshot["reset"], snapshot["at"]) == ("snapshot", False, PROOF)
    assert delayed == SINCE_PROOF


def test_who_waits_for_its_first_frame_is_sent_nothing_before_it(channel: Channel, clock: Clock) -> None:
    clock.now += PROOF_LIMIT + 0.1
    socket = come(channel, None)
    channel.announce(move_frame(1000))
    assert socket.writes == []


# Slow sockets, and the end


def test_a_held_reader_whose_socket_is_full_goes_on_when_it_has_room(channel: Channel, log: Log, clock: Clock) -> None:
    entry = log.file()
    placed_first, drained_first = (come(channel, log.position(4), slow=True) for _ in range(2))
    assert channel.lagging_count == 2
    drained_first.drain()
    assert channel.lagging_count == 1
    assert kinds(drained_first.take()) == ["delayed"]
    channel.publish(entry)
    prove(channel, clock)
    assert kinds(drained_first.recover()) == []
    assert kinds(placed_first.take()) == ["delayed"]
    assert kinds(placed_first.recover()) == ["beat"]
    assert channel.lagging_count == 0


def test_a_held_reader_that_drains_as_its_first_frames_come_misses_nothing(channel: Channel, log: Log) -> None:
    entries = [log.file() for _ in range(2)]
    socket = come(channel, log.position(4), slow=True)
    socket.drain()
    socket.take()
    for entry in entries:
        channel.publish(entry)
    assert kinds(socket.take()) == ["beat"]
    assert kinds(socket.recover()) == ["dispatch"]


def test_a_held_reader_is_asked_to_move_too_and_may_be_answered_a_ping(channel: Channel, clock: Clock) -> None:
    socket = come(channel, LOST, slow=True)
    socket.drain()
    socket.take()
    channel.announce(move_frame(1000))
    assert kinds(socket.take()) == ["move"]
    channel.announce(move_frame(1000))  # its socket is full
    socket.drain()
    assert socket.writes == []
    channel.stalled(socket)
    channel.stalled(socket)
    assert channel.lagging_count == 1
    clock.now += STUCK_AFTER + 1
    channel.sweep()
    assert (socket.is_cut, len(channel), channel.readers) == (True, 0, [])


def test_a_held_reader_that_leaves_is_forgotten(channel: Channel, log: Log, clock: Clock) -> None:
    socket, other = come(channel, LOST), come(channel, LOST)
    channel.leave(socket)
    channel.dismiss(other, CloseCode.GOING_AWAY)
    channel.leave(socket)
    assert (len(channel), channel.readers) == (0, [])
    socket.take()
    prove(channel, clock)
    publish(channel, log)
    assert socket.writes == []


def test_when_the_feed_is_closed_a_held_reader_gets_its_end_as_soon_as_it_is_placed(
    channel: Channel, log: Log, clock: Clock
) -> None:
    """A feed is closed at the end of its log; but a kill may follow that, and another node may have it already."""
    entry = log.file()
    knows, lost = come(channel, log.position(4)), come(channel, LOST)
    channel.update_settings(closed=LATER)
    for socket in (knows, lost):
        assert kinds(socket.take()) == ["delayed"]
        assert socket.dismissed is None
    channel.publish(entry)
    prove(channel, clock)
    for socket, reset in ((knows, False), (lost, True)):
        [last] = socket.take()
        assert (last["position"], last["reset"], last["closed"]) == (log.position(4), reset, LATER)
        assert socket.dismissed is CloseCode.GOING_AWAY
    assert len(channel) == 0


def test_a_held_reader_counts_as_set_aside_in_the_report_of_a_delivery(channel: Channel, log: Log) -> None:
    come(channel, None)
    come(channel, LOST)
    come(channel, LOST, slow=True)
    publish(channel, log)
    fan_out = channel.fan_out("any")
    assert fan_out is not None
    assert (fan_out.readers, fan_out.lagging) == (1, 2)
