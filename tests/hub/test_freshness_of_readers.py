"""What readers hear of how fresh their feed is: beats, and that it is delayed."""

from __future__ import annotations

import pytest

from tests.hub.world import LATER, PROOF, Clock, Log, Socket, joined, kinds, publish
from ticker.channel import Channel
from ticker.wire import BEAT_INTERVAL, move_frame


def test_the_first_proof_is_news_and_the_next_waits_for_its_beat(channel: Channel, log: Log) -> None:
    socket = joined(channel)
    assert (channel.freshness.proven, channel.freshness.behind) == (False, False)
    channel.prove(PROOF, beat=False, watching=12)
    assert (channel.freshness.proven, channel.freshness.behind) == (True, False)
    assert socket.take() == [{"type": "beat", "position": log.position(3), "at": PROOF, "watching": 12}]
    channel.prove(LATER, beat=False)
    assert socket.writes == []
    channel.prove(LATER, beat=True)
    assert [frame["at"] for frame in socket.take()] == [LATER]


def test_a_lost_redis_is_told_at_once_with_the_time_of_the_last_proof_and_its_return_too(channel: Channel) -> None:
    socket = joined(channel)
    channel.prove(PROOF, beat=True)
    socket.writes.clear()
    channel.delay(LATER)
    assert (channel.freshness.proven, channel.freshness.behind) == (False, True)
    assert socket.take() == [{"type": "delayed", "since": PROOF}]
    channel.prove(LATER, beat=False)
    assert (channel.freshness.proven, channel.freshness.behind) == (True, False)
    assert [(frame["type"], frame["at"]) for frame in socket.take()] == [("beat", LATER)]


def test_a_lost_redis_is_told_again_each_beat_lest_silence_seem_a_dead_line(channel: Channel, clock: Clock) -> None:
    socket = joined(channel)
    channel.prove(PROOF, beat=True)
    socket.writes.clear()
    for seconds, told in [(0, 1), (0.25, 0), (BEAT_INTERVAL - 0.5, 0), (0.25, 1), (BEAT_INTERVAL - 0.25, 0), (0.25, 1)]:
        clock.now += seconds
        channel.delay(LATER)
        assert socket.take() == [{"type": "delayed", "since": PROOF}] * told
    channel.prove(LATER, beat=True)
    channel.delay(LATER)
    assert socket.take()[-1] == {"type": "delayed", "since": LATER}


def test_a_node_that_never_had_proof_is_delayed_since_now(channel: Channel) -> None:
    socket = joined(channel)
    channel.delay(LATER)
    assert socket.take() == [{"type": "delayed", "since": LATER}]


@pytest.mark.parametrize(
    ("words", "told"), [("", []), ("p", ["beat"]), ("d", ["delayed"]), ("pd", ["delayed"]), ("pdp", ["beat"])]
)
def test_a_new_reader_is_told_last_how_fresh_its_snapshot_is(words: str, told: list[str], channel: Channel) -> None:
    for word in words:
        if word == "p":
            channel.prove(PROOF, beat=False)
        else:
            channel.delay(LATER)
    socket = Socket()
    channel.join(socket, None)
    assert kinds(socket.take()) == ["snapshot", *told]


def test_the_beat_that_a_new_reader_hears_is_of_where_it_stands(log: Log, channel: Channel) -> None:
    for offset in (3, 4, 2):
        if offset == 4:
            publish(channel, log)
        elif offset == 2:
            channel.restart(log.feed(2), log.entries[:2], log.tails[0])
        channel.prove(PROOF, beat=False)
        socket = Socket(slow=True)
        channel.join(socket, None)
        assert [(frame["type"], frame["position"]) for frame in socket.take()] == [
            ("snapshot", log.position(offset)),
            ("beat", log.position(offset)),
        ]
        assert socket.recover() == []
        channel.leave(socket)


def test_a_reader_set_aside_hears_the_last_word_alone(channel: Channel) -> None:
    socket = joined(channel)
    channel.stalled(socket)
    channel.prove(PROOF, beat=True)
    channel.delay(PROOF)
    channel.prove(LATER, beat=True)
    assert [frame["at"] for frame in socket.recover()] == [LATER]


def test_a_word_that_was_heard_is_not_repeated_after_the_drain(channel: Channel, log: Log) -> None:
    socket = joined(channel)
    channel.prove(PROOF, beat=True)
    assert kinds(socket.take()) == ["beat"]
    socket.slow = True
    publish(channel, log)
    socket.drain()
    assert kinds(socket.take()) == ["dispatch"]
    channel.prove(LATER, beat=True)  # stalls on the beat itself
    socket.drain()
    assert kinds(socket.take()) == ["beat"]


def test_what_is_of_the_moment_goes_to_level_readers_alone(channel: Channel) -> None:
    level, aside = joined(channel), joined(channel)
    channel.stalled(aside)
    channel.announce(move_frame(30_000))
    assert level.take() == [{"type": "move", "within": 30_000}]
    aside.drain()
    assert aside.writes == []
