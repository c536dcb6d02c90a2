"""A log that went on otherwise: everything readers show is void."""

from __future__ import annotations

from tests.hub.world import LATER, PROOF, Clock, Log, Socket, joined, kinds, offsets, publish
from ticker.channel import Channel
from ticker.lagging import STUCK_AFTER


def test_a_restart_resets_everyone_and_waits_for_those_set_aside(channel: Channel, log: Log) -> None:
    level, aside = joined(channel), joined(channel)
    aside.slow = True
    publish(channel, log)
    for socket in (level, aside):
        socket.writes.clear()
    other = Log("1" * 40)
    other.file("Another history")
    channel.restart(other.feed(1), other.entries, other.tails[0])
    assert level.take() == [other.feed(1).snapshot(reset=True)]
    assert aside.writes == []
    assert aside.recover() == [other.feed(1).snapshot(reset=True)]
    assert (channel.lagging_count, len(channel)) == (0, 2)
    publish(channel, other)
    assert offsets(level.take()) == offsets(aside.take()) == [2]


def test_after_a_restart_positions_of_the_lost_history_are_not_honoured(channel: Channel, log: Log) -> None:
    other = Log("1" * 40)
    for _ in range(5):
        other.file()
    channel.restart(other.feed(5), other.entries, other.tails[0])
    for position, reset in [(log.position(2), [True]), (other.position(5), [])]:
        socket = Socket()
        channel.join(socket, position)
        assert [frame["reset"] for frame in socket.take()] == reset


def test_a_stuck_reader_gets_no_more_time_from_a_restart(channel: Channel, clock: Clock, log: Log) -> None:
    stuck = joined(channel, slow=True)
    clock.now += STUCK_AFTER - 1
    channel.restart(log.feed(2), log.entries[:2], log.tails[0])
    clock.now += 2
    channel.sweep()
    assert stuck.is_cut


def test_a_restart_does_not_repeat_the_last_word_to_level_readers(channel: Channel, log: Log) -> None:
    socket = joined(channel)
    channel.prove(PROOF, beat=True)
    assert kinds(socket.take()) == ["beat"]
    channel.restart(log.feed(2), log.entries[:2], log.tails[0])
    assert kinds(socket.take()) == ["snapshot"]


def test_after_a_restart_the_proof_of_the_lost_history_is_told_to_nobody(channel: Channel, log: Log) -> None:
    level = joined(channel)
    channel.prove(PROOF, beat=True)
    channel.restart(log.feed(2), log.entries[:2], log.tails[0])
    newcomer = joined(channel)
    assert kinds(newcomer.take()) == []
    level.take()
    channel.prove(LATER, beat=False)
    assert kinds(level.take()) == kinds(newcomer.take()) == ["beat"]
