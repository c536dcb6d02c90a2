"""Between two groups of readers anything may happen, and each reader still gets everything once and in order."""

from __future__ import annotations

import pytest

from tests.hub.world import AT, LATER, PROOF, Clock, Log, Socket, joined, kinds, offsets
from ticker.channel import Channel
from ticker.delivery import FanOut
from ticker.wire import CloseCode, move_frame


@pytest.fixture(autouse=True)
def single_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.caught_up.GROUP_SIZE", 1)


@pytest.fixture
def readers(channel: Channel) -> list[Socket]:
    """Three readers, each in a group of its own."""
    return [joined(channel) for _ in range(3)]


def test_one_group_is_written_at_once_and_the_others_in_turn(log: Log, channel: Channel, readers: list[Socket]) -> None:
    assert channel.take(log.file())
    assert [len(reader.writes) for reader in readers] == [1, 0, 0]
    assert channel.write_on()
    assert not channel.write_on()
    assert [len(reader.writes) for reader in readers] == [1, 1, 1]
    assert not channel.write_on()


def test_what_comes_meanwhile_leaves_in_the_same_write(log: Log, channel: Channel, readers: list[Socket]) -> None:
    channel.take(log.file())
    channel.take(log.file())
    channel.finish()
    assert [len(reader.writes) for reader in readers] == [2, 1, 1]
    assert [offsets(reader.take()) for reader in readers] == [[4, 5]] * 3


def test_a_text_that_is_killed_meanwhile_reaches_no_other_group(
    log: Log, channel: Channel, readers: list[Socket]
) -> None:
    channel.take(log.file("SECRET", id="x"))
    channel.take(log.kill("x"))
    channel.finish()
    assert [b"SECRET" in b"".join(reader.writes) for reader in readers] == [True, False, False]
    assert [kinds(reader.take()) for reader in readers] == [["dispatch", "kill"], ["kill", "kill"], ["kill", "kill"]]


def test_who_joins_meanwhile_gets_nothing_twice(log: Log, channel: Channel, readers: list[Socket]) -> None:
    channel.take(log.file())
    fresh, back = Socket(), Socket()
    channel.join(fresh, None)
    channel.join(back, log.position(2))
    channel.take(log.file())
    channel.finish()
    assert kinds(fresh.take()) == ["snapshot", "dispatch"]
    assert offsets(back.take()) == [3, 4, 5]
    assert [offsets(reader.take()) for reader in readers] == [[4, 5]] * 3


def test_who_leaves_meanwhile_is_not_written_to(log: Log, channel: Channel, readers: list[Socket]) -> None:
    channel.take(log.file())
    channel.leave(readers[1])
    channel.finish()
    assert [len(reader.writes) for reader in readers] == [1, 0, 1]


def test_whose_socket_fills_meanwhile_goes_on_where_it_was(log: Log, channel: Channel, readers: list[Socket]) -> None:
    channel.take(log.file())
    channel.stalled(readers[0])
    channel.stalled(readers[2])
    channel.finish()
    assert offsets(readers[2].recover()) == [4]
    channel.publish(log.file())
    assert offsets(readers[2].take()) == [5]
    assert offsets(readers[0].recover()) == [5]


def test_a_beat_comes_after_the_entries_it_speaks_for(log: Log, channel: Channel, readers: list[Socket]) -> None:
    channel.take(log.file())
    channel.prove(PROOF, beat=True)
    assert [kinds(reader.take()) for reader in readers] == [["dispatch", "beat"]] * 3


def test_so_do_the_loss_of_redis_and_the_request_to_move(log: Log, channel: Channel, readers: list[Socket]) -> None:
    channel.take(log.file())
    channel.delay(AT)
    channel.take(log.file())
    channel.announce(move_frame(1))
    assert [kinds(reader.take()) for reader in readers] == [["dispatch", "delayed", "dispatch", "move"]] * 3


def test_a_closing_feed_ends_with_all_its_entries(log: Log, channel: Channel, readers: list[Socket]) -> None:
    channel.take(log.file())
    channel.update_settings(closed=LATER)
    assert [kinds(reader.take()) for reader in readers] == [["dispatch", "snapshot"]] * 3
    assert {reader.dismissed for reader in readers} == {CloseCode.GOING_AWAY}


def test_another_history_is_a_fresh_start_for_every_group(log: Log, channel: Channel, readers: list[Socket]) -> None:
    channel.take(log.file())
    other = Log("1" * 40)
    entry = other.file()
    channel.restart(other.feed(1), [entry], other.tails[0])
    for reader in readers:
        assert kinds(reader.take())[-1] == "snapshot"
    channel.publish(other.file())
    assert [offsets(reader.take()) for reader in readers] == [[2]] * 3
    assert not channel.write_on()


def test_no_group_falls_so_far_behind_that_the_ring_has_lost_what_it_lacks(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=4)
    readers = [joined(channel) for _ in range(3)]
    for _ in range(30):
        channel.take(log.file())
        channel.take(log.file(), log.file())
    channel.finish()
    assert [offsets(reader.take()) for reader in readers] == [[*range(4, 94)]] * 3
    assert channel.lagging_count == 0


def test_a_delivery_ends_with_the_last_group(log: Log, channel: Channel, readers: list[Socket], clock: Clock) -> None:
    channel.take(log.file(id="a"))
    first = channel.fan_out("a")
    clock.now += 1
    channel.take(log.file(id="b"))
    second = channel.fan_out("b")
    assert (first, second) == (FanOut(3, 0, 1000.0), FanOut(3, 0, 1001.0))
    clock.now += 1
    channel.write_on()
    assert first == FanOut(3, 0, 1000.0, 1002.0), "all have the first one; one group still lacks the second"
    clock.now += 1
    channel.finish()
    assert second == FanOut(3, 0, 1001.0, 1003.0)
    assert len(readers) == 3


@pytest.mark.parametrize("proof", [False, True])
def test_who_lags_before_it_could_be_told_how_fresh_that_is_is_told_once_it_drains(
    log: Log, channel: Channel, readers: list[Socket], *, proof: bool
) -> None:
    last = readers[-1]
    last.slow = True
    channel.take(log.file())
    if proof:
        channel.prove(LATER, beat=True)
    else:
        channel.delay(LATER)
    assert kinds(last.take()) == ["dispatch"], "its socket took no more"
    assert kinds(last.recover()) == ["beat" if proof else "delayed"]
