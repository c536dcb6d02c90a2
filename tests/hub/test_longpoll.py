"""What requests for changes are told and when: the rules of a live stream, one response at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import orjson
import pytest

from tests.hub.world import LATER, PROOF, Clock, Log, kinds, offsets, publish
from ticker import longpoll
from ticker.channel import Channel
from ticker.freshness import PROOF_LIMIT
from ticker.hub import Hub
from ticker.longpoll import MAX_BYTES, MAX_FRAMES
from ticker.waiting import AHEAD_TIMEOUT, RETURN_TIMEOUT, STEP, PollResponse, Waiter
from ticker.wire import Frame

ELSEWHERE = "1-ffffffffffff"
DELAYED = {"type": "delayed", "since": PROOF}


class Asked(Waiter):
    """A request that keeps its response."""

    calls = 0

    def __init__(self) -> None:
        super().__init__()
        self.told: PollResponse | None = None

    @classmethod
    def respond_to_all(cls, waiters: Iterable[Self], response: PollResponse) -> None:
        Asked.calls += 1
        for waiter in waiters:
            assert waiter.told is None, "told twice"
            assert waiter.bucket is None, "told while it still waits"
            waiter.told = response


def ask(channel: Channel, after: str | None, wait: float = 10) -> Asked:
    """Ask, and keep what is told at once."""
    asked = Asked()
    asked.told = channel.polls.ask(asked, after, wait)
    return asked


def body(asked: Asked) -> dict[str, Any]:
    """What a 200 says."""
    assert asked.told is not None, "it still waits"
    assert asked.told.body is not None, "it was told 204"
    said: dict[str, Any] = orjson.loads(asked.told.body)
    assert said.keys() == {"frames", "position", "at"}
    assert said["at"] == asked.told.at
    return said


def is_204(asked: Asked) -> bool:
    return asked.told is not None and asked.told.body is None


@pytest.fixture
def channel(log: Log, clock: Clock) -> Channel:
    channel = log.channel(clock)
    channel.prove(PROOF, beat=False)
    return channel


def test_without_a_position_it_is_the_snapshot_at_once(channel: Channel, log: Log) -> None:
    said = body(ask(channel, None))
    assert said["frames"] == [log.feed(3).snapshot(at=PROOF)]
    assert (said["position"], said["at"]) == (log.position(3), PROOF)


def test_after_a_position_it_is_what_followed_as_in_a_live_stream(channel: Channel, log: Log) -> None:
    said = body(ask(channel, log.position(1)))
    assert offsets(said["frames"]) == [2, 3]
    assert [frame["dispatch"] for frame in said["frames"]] == [entry.content["dispatch"] for entry in log.entries[1:3]]
    assert (said["position"], said["at"]) == (log.position(3), PROOF)


@pytest.mark.parametrize("after", ["", "nonsense", ELSEWHERE, "-1", "1" * 500])
def test_a_position_that_cannot_be_resumed_gets_a_reset(channel: Channel, after: str) -> None:
    [snapshot] = body(ask(channel, after))["frames"]
    assert (snapshot["type"], snapshot["reset"]) == ("snapshot", True)


def test_a_position_that_has_left_the_ring_gets_a_reset(channel: Channel, log: Log) -> None:
    publish(channel, log, times=20)
    [snapshot] = body(ask(channel, log.position(3)))["frames"]
    assert (snapshot["type"], snapshot["reset"], snapshot["position"]) == ("snapshot", True, log.position(23))


def test_all_who_wait_get_the_same_response_when_something_comes(channel: Channel, log: Log) -> None:
    waiters = [ask(channel, log.position(3), wait) for wait in (1, 10, 10, 30)]
    assert all(waiter.told is None for waiter in waiters)
    Asked.calls = 0
    publish(channel, log)
    assert Asked.calls == 1
    assert len({id(waiter.told) for waiter in waiters}) == 1
    said = body(waiters[0])
    assert (offsets(said["frames"]), said["position"], said["at"]) == ([4], log.position(4), PROOF)
    publish(channel, log)
    assert channel.polls.waiting.count == 0


def test_a_wait_ends_with_204_at_its_end_and_not_before(channel: Channel, log: Log, clock: Clock) -> None:
    short, long = ask(channel, log.position(3), 1), ask(channel, log.position(3), 10)
    clock.now += 1 - STEP
    channel.polls.expire()
    assert (short.told, long.told) == (None, None)
    clock.now += 2 * STEP
    channel.polls.expire()
    assert is_204(short)
    assert short.told is not None
    assert short.told.at == PROOF
    assert long.told is None
    clock.now += 9
    channel.polls.expire()
    assert is_204(long)


def test_the_wait_of_one_can_be_ended_before_its_time(channel: Channel, log: Log) -> None:
    leaves, stays = ask(channel, log.position(3)), ask(channel, log.position(3))
    channel.polls.end_wait(leaves)
    assert is_204(leaves)
    assert leaves.told is not None
    assert (leaves.told.at, leaves.told.leaving) == (PROOF, False)
    assert stays.told is None


def test_who_does_not_wait_is_told_204_at_once(channel: Channel, log: Log) -> None:
    assert is_204(ask(channel, log.position(3), 0))
    assert channel.polls.waiting.count == 0


def test_a_beat_does_not_end_a_wait_and_the_next_response_has_the_later_proof(channel: Channel, log: Log) -> None:
    waiter = ask(channel, log.position(3))
    channel.prove(LATER, beat=True)
    assert waiter.told is None
    publish(channel, log)
    assert body(waiter)["at"] == LATER


def test_who_waits_is_told_at_once_that_the_log_is_lost_and_once_that_it_is_back(channel: Channel, log: Log) -> None:
    waiter = ask(channel, log.position(3))
    channel.delay("now")
    said = body(waiter)
    assert said["frames"] == [{"type": "delayed", "since": PROOF}]
    assert (said["position"], said["at"]) == (log.position(3), PROOF)
    later = ask(channel, log.position(3))
    channel.delay("now")
    assert later.told is None, "who asks while the node is delayed waits"
    channel.prove(LATER, beat=False)
    assert is_204(later)
    assert later.told is not None
    assert later.told.at == LATER


def test_on_a_delayed_node_a_wait_ends_with_that_and_not_with_204(channel: Channel, log: Log, clock: Clock) -> None:
    channel.delay("now")
    waiter = ask(channel, log.position(3), 1)
    clock.now += 2
    channel.polls.expire()
    assert kinds(body(waiter)["frames"]) == ["delayed"]
    assert kinds(body(ask(channel, log.position(3), 0))["frames"]) == ["delayed"]


def test_what_a_delayed_node_still_has_is_followed_by_that(channel: Channel, log: Log) -> None:
    channel.delay("now")
    assert kinds(body(ask(channel, log.position(1)))["frames"]) == ["dispatch", "dispatch", "delayed"]
    assert kinds(body(ask(channel, None))["frames"]) == ["snapshot", "delayed"]


def test_before_the_first_proof_there_is_none_and_the_first_one_ends_a_wait(log: Log, clock: Clock) -> None:
    channel = log.channel(clock)
    assert body(ask(channel, None))["at"] is None
    waiter = ask(channel, log.position(3))
    channel.prove(PROOF, beat=False)
    assert is_204(waiter)


def test_who_knows_the_history_that_this_node_turns_out_to_lack_is_not_put_back(channel: Channel, log: Log) -> None:
    level, ahead = ask(channel, log.position(3)), ask(channel, "4-ffffffffffff")
    other = Log("1" * 40)
    other.file("another")
    knows = ask(channel, f"1-{other.tails[1].hash[:12]}")
    assert body(knows)["frames"][0]["reset"] is True, "this node was in sync, and has another history"
    channel.delay("now")
    knows = ask(channel, other.position(1))
    assert knows.told is None, "this node may be the one whose history is lost"
    channel.restart(other.feed(1), other.entries, other.tails[0])
    assert knows.told is None, "it is at the end of the log"
    assert ahead.told is not None
    assert (body(ahead)["frames"], body(ahead)["position"]) == ([DELAYED], "4-ffffffffffff")
    channel.prove(LATER, beat=False)
    assert is_204(knows)
    assert body(level)["frames"] == [DELAYED]


def test_another_history_is_told_with_a_reset_to_all_who_had_the_one_before(
    channel: Channel, log: Log, clock: Clock
) -> None:
    level, ahead = ask(channel, log.position(3)), ask(channel, "4-ffffffffffff")
    other = Log("1" * 40)
    other.file("another")
    channel.restart(other.feed(1), other.entries, other.tails[0])
    assert ahead.told is None, "it may be of this history, and its entry under way"
    channel.prove(LATER, beat=False)
    for waiter, at in ((level, None), (ahead, LATER)):
        said = body(waiter)
        assert [(frame["type"], frame["reset"]) for frame in said["frames"]] == [("snapshot", True)]
        assert (said["position"], said["at"]) == (other.position(1), at)


def test_a_killed_text_is_in_no_response_after_the_kill(channel: Channel, log: Log) -> None:
    publish(channel, log, text="SECRET")
    waiter = ask(channel, log.position(4))
    channel.publish(log.kill(f"{4:08}"))
    for asked in (waiter, ask(channel, log.position(3)), ask(channel, None), ask(channel, "x")):
        assert asked.told is not None
        assert b"SECRET" not in (asked.told.body or b"")
    assert kinds(body(ask(channel, log.position(3)))["frames"]) == ["kill", "kill"]


@pytest.mark.parametrize("length", [10, 2000])
def test_a_response_is_bounded_and_the_next_goes_on_without_a_hole(clock: Clock, length: int) -> None:
    log = Log()
    channel = log.channel(clock, capacity=1000)
    channel.prove(PROOF, beat=False)
    publish(channel, log, times=600, text="x" * length)
    after, seen, responses = log.position(0), list[int](), 0
    while True:
        asked = ask(channel, after, 0)
        if is_204(asked):
            break
        said = body(asked)
        assert asked.told is not None
        assert asked.told.body is not None
        assert len(asked.told.body) < MAX_BYTES + 4096
        assert len(said["frames"]) <= MAX_FRAMES
        seen += offsets(said["frames"])
        assert said["position"] == said["frames"][-1]["position"]
        # Who has not got everything is not level, so nothing is proven to it.
        assert said["at"] == (PROOF if seen[-1] == 600 else None)
        after, responses = said["position"], responses + 1
    assert seen == list(range(1, 601))
    assert responses == {10: 3, 2000: 21}[length]


def test_one_frame_longer_than_a_response_still_goes_out() -> None:
    frame = Frame({"type": "dispatch", "text": "x" * MAX_BYTES})
    assert longpoll.portion([frame, frame]) == [frame]


def test_who_is_ahead_of_this_node_waits_for_it_and_loses_nothing(channel: Channel, log: Log) -> None:
    entries = [log.file() for _ in range(3)]
    waiter, first = ask(channel, log.position(5), 10), ask(channel, log.position(4), 0)
    assert waiter.told is first.told is None, "it is waited for, even by who does not wait"
    channel.publish(entries[0])
    assert waiter.told is None
    channel.publish(entries[1])
    assert offsets(body(first)["frames"]) == [5]
    assert waiter.told is None, "this node has what it has, and it goes on waiting"
    channel.publish(entries[2])
    assert offsets(body(waiter)["frames"]) == [6]


def test_who_was_ahead_waits_no_longer_than_it_asked_to(channel: Channel, log: Log, clock: Clock) -> None:
    entry = log.file()
    waiter = ask(channel, log.position(4), 10)
    clock.now += 1
    channel.publish(entry)
    clock.now += AHEAD_TIMEOUT
    channel.polls.expire()
    assert waiter.told is None
    clock.now += 10 - 1 - AHEAD_TIMEOUT + STEP
    channel.polls.expire()
    assert is_204(waiter)


def test_a_position_that_the_log_lost_gets_a_reset_with_the_next_proof(channel: Channel, clock: Clock) -> None:
    clock.now += 1
    waiter = ask(channel, "9-ffffffffffff", 30)
    channel.prove(LATER, beat=False, asked=clock() - 0.5)
    assert waiter.told is None, "it may have been filed after that probe looked"
    clock.now += 1
    channel.prove(LATER, beat=False, asked=clock() - 0.5)
    assert [(frame["type"], frame["reset"]) for frame in body(waiter)["frames"]] == [("snapshot", True)]
    assert body(waiter)["at"] == LATER


@pytest.mark.parametrize("wait", [0, 1, 30])
def test_without_a_proof_a_position_ahead_of_this_node_keeps_its_place(
    wait: int, channel: Channel, clock: Clock
) -> None:
    waiter, far = ask(channel, "4-ffffffffffff", wait), ask(channel, "9-ffffffffffff", wait)
    clock.now += AHEAD_TIMEOUT - STEP
    channel.polls.expire()
    assert waiter.told is far.told is None
    clock.now += 2 * STEP
    channel.polls.expire()
    for asked, position in ((waiter, "4-ffffffffffff"), (far, "9-ffffffffffff")):
        said = body(asked)
        assert (said["frames"], said["position"], said["at"]) == ([DELAYED], position, None)


def test_a_node_that_loses_the_log_tells_who_is_ahead_of_it_at_once(channel: Channel, log: Log) -> None:
    log.file()
    waiter = ask(channel, log.position(4))
    channel.delay("now")
    said = body(waiter)
    assert (said["frames"], said["position"], said["at"]) == ([DELAYED], log.position(4), None)


def test_before_the_first_proof_there_is_nothing_to_tell_to_who_is_ahead(log: Log, clock: Clock) -> None:
    channel = log.channel(clock)
    waiter = ask(channel, "9-ffffffffffff")
    clock.now += AHEAD_TIMEOUT + STEP
    channel.polls.expire()
    assert is_204(waiter)
    assert waiter.told is not None
    assert waiter.told.at is None


def test_who_is_ahead_and_let_go_is_told_no_proof(channel: Channel) -> None:
    for let_go in (channel.polls.dismiss, lambda: channel.polls.leave(channel.polls.waiting.waiters)):
        waiter = ask(channel, "9-ffffffffffff")
        let_go()
        assert is_204(waiter)
        assert waiter.told is not None
        assert waiter.told.at is None


def test_another_history_that_holds_it_lets_who_is_ahead_wait_with_the_others(channel: Channel, log: Log) -> None:
    log.file()
    waiter = ask(channel, log.position(4))
    channel.restart(log.feed(4), log.entries, log.tails[0])
    assert waiter.told is None
    channel.prove(LATER, beat=False)
    assert is_204(waiter), "as all who wait are told that this node is in sync again"


def test_a_stale_proof_is_in_no_response(channel: Channel, log: Log, clock: Clock) -> None:
    clock.now += PROOF_LIMIT + 0.1
    said = body(ask(channel, None))
    assert (said["at"], said["frames"][0]["at"]) == (None, PROOF)
    quick = ask(channel, log.position(3), 0)
    assert is_204(quick)
    assert quick.told is not None
    assert quick.told.at is None
    channel.prove(LATER, beat=False)
    assert body(ask(channel, None))["at"] == LATER


def test_a_position_that_arrives_by_another_history_gets_a_reset(channel: Channel, log: Log) -> None:
    waiter = ask(channel, "4-ffffffffffff", 30)
    publish(channel, log)
    assert body(waiter)["frames"][0]["reset"] is True


def test_who_goes_is_forgotten(channel: Channel, log: Log) -> None:
    waiter, ahead = ask(channel, log.position(3)), ask(channel, "9-ffffffffffff")
    for one in (waiter, ahead, waiter):
        channel.polls.waiting.leave(one)
    publish(channel, log)
    assert waiter.told is ahead.told is None
    assert (channel.polls.waiting.count, channel.audience) == (0, 0)


def test_a_closed_feed_tells_all_who_wait_with_its_last_frame(channel: Channel, log: Log) -> None:
    waiters = [ask(channel, log.position(3)), ask(channel, "9-ffffffffffff")]
    channel.polls.end(Frame({"type": "snapshot", "closed": "now"}))
    assert [body(waiter)["frames"] for waiter in waiters] == [[{"type": "snapshot", "closed": "now"}]] * 2


def test_those_who_wait_fill_a_node_as_readers_do(log: Log, clock: Clock) -> None:
    hub = Hub(capacity=8, limit=3, clock=clock)
    channel = log.open_in(hub)
    for _ in range(2):
        ask(channel, log.position(3))
    assert (len(hub), len(channel), channel.streaming) == (2, 2, 0)
    publish(channel, log)
    assert len(hub) == 0


def test_who_polls_counts_as_one_reader_from_request_to_request(channel: Channel, log: Log, clock: Clock) -> None:
    for _ in range(50):
        ask(channel, log.position(3))
    for number in range(4, 30):
        publish(channel, log)
        assert channel.audience == 50, "they are about to ask again"
        clock.now += RETURN_TIMEOUT / 2
        for _ in range(50):
            ask(channel, log.position(number))
        assert (channel.audience, channel.polls.waiting.count) == (50, 50)
    publish(channel, log)
    clock.now += RETURN_TIMEOUT + STEP
    assert channel.audience == 0, "they did not come back"


def test_a_snapshot_says_when_the_node_was_last_proven_level(channel: Channel) -> None:
    assert channel.snapshot()["at"] == PROOF
    assert b'"at":"%b"' % PROOF.encode() in channel.snapshot_frame(reset=True).lines
    channel.prove(LATER, beat=False)
    assert channel.snapshot()["at"] == LATER
    assert b'"at":"%b"' % LATER.encode() in channel.snapshot_frame(reset=True).lines
    channel.delay("now")
    assert channel.snapshot()["at"] == LATER


def test_a_herd_that_joins_between_two_proofs_shares_one_snapshot_frame(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    real = Frame.__init__

    def count(frame: Frame, content: dict[str, Any]) -> None:
        made.append(content["type"])
        real(frame, content)

    monkeypatch.setattr(Frame, "__init__", count)
    for _ in range(3):
        made.clear()
        channel.prove(LATER, beat=False)
        for _ in range(100):
            ask(channel, None)
            channel.snapshot_frame(reset=False)
        assert made.count("snapshot") == 1


def test_a_request_that_got_its_response_has_no_time_left(log: Log, channel: Channel) -> None:
    waiter = ask(channel, log.position(3))
    assert channel.polls.waiting.seconds_left(waiter) > 0
    publish(channel, log)
    assert channel.polls.waiting.seconds_left(waiter) == 0
