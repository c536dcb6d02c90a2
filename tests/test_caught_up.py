"""Readers in groups: who is written to next, and in which order."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.hub.world import Socket
from ticker.caught_up import DISORDER, CaughtUp

SIZE = 8


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.caught_up.GROUP_SIZE", SIZE)


def added(caught_up: CaughtUp, count: int, offset: int = 1) -> list[Socket]:
    sockets = [Socket() for _ in range(count)]
    for socket in sockets:
        caught_up.add(socket, offset)
    return sockets


def sizes(caught_up: CaughtUp) -> list[int]:
    return [len(group.readers) for group in caught_up.groups]


def write_all(caught_up: CaughtUp, offset: int) -> list[int]:
    """Write everything up to an offset; return the sizes of the groups as they are written to."""
    found = []
    while (group := caught_up.behind(offset)) is not None:
        found.append(len(group.readers))
        caught_up.written(group, offset)
    return found


def test_groups_are_filled_one_after_the_other_and_written_to_in_turn() -> None:
    caught_up = CaughtUp()
    sockets = added(caught_up, 2 * SIZE + 4)
    assert caught_up.behind(1) is None
    assert write_all(caught_up, 2) == [SIZE, SIZE, 4]
    assert list(caught_up) == sockets
    assert {group.offset for group in caught_up.groups} == {2}


def test_a_group_is_of_one_class_and_encoding() -> None:
    class Other(Socket):
        pass

    caught_up = CaughtUp()
    for socket in (Socket(), Socket("sse"), Other(), Socket()):
        caught_up.add(socket, 1)
    assert sizes(caught_up) == [2, 1, 1]


def test_who_comes_while_others_are_behind_has_a_group_of_its_own_until_it_is_joined_to_theirs() -> None:
    caught_up = CaughtUp()
    early, late = added(caught_up, 4), added(caught_up, 1, offset=2)
    [behind, _] = caught_up.groups
    assert caught_up.behind(2) is behind
    caught_up.written(behind, 2)
    assert sizes(caught_up) == [1, 4]
    assert write_all(caught_up, 3) == [1, 4]
    assert write_all(caught_up, 4) == [1, 4], "small as it is, no other was written as much by then"
    assert [*caught_up] == [*late, *early]


def test_a_small_group_is_joined_to_the_one_written_to_before_it() -> None:
    caught_up = CaughtUp()
    first, second = added(caught_up, SIZE), added(caught_up, SIZE)
    for reader in (first[0], first[1], *second[2:]):
        assert caught_up.discard(reader) is not None
    assert write_all(caught_up, 2) == [SIZE - 2, 2]
    assert sizes(caught_up) == [SIZE]
    assert caught_up.discard(second[0]) is caught_up.groups[0]
    assert caught_up.discard(second[0]) is None


def test_an_empty_group_is_gone_wherever_it_stands() -> None:
    caught_up = CaughtUp()
    sockets = added(caught_up, 3 * SIZE)
    for reader in sockets[SIZE : 2 * SIZE]:
        caught_up.discard(reader)
    assert sizes(caught_up) == [SIZE, SIZE]
    for reader in sockets[2 * SIZE :]:
        caught_up.discard(reader)
    assert added(caught_up, 1)[0].group is caught_up.groups[-1]
    assert sizes(caught_up) == [SIZE, 1]


def test_a_group_of_which_nobody_took_all_is_gone() -> None:
    caught_up = CaughtUp()
    [reader] = added(caught_up, 1)
    group = caught_up.behind(2)
    assert group is not None
    caught_up.discard(reader)
    caught_up.written(group, 2)
    assert caught_up.groups == []


def test_all_can_be_forgotten() -> None:
    caught_up = CaughtUp()
    sockets = added(caught_up, SIZE + 1)
    assert caught_up.clear() == sockets
    assert {socket.group for socket in sockets} == {None}
    assert caught_up.groups == []


def test_the_order_in_which_readers_were_made_is_restored_once_an_eighth_is_out_of_it() -> None:
    caught_up = CaughtUp()
    sockets = added(caught_up, 3 * DISORDER)
    for number, reader in enumerate(sockets[:3], 1):
        caught_up.discard(reader)
        caught_up.add(reader, 1)
        caught_up.restore_order(1)
        assert ([*caught_up] == sockets) is (number == 3)
    assert all(one.number < other.number for one, other in pairwise(caught_up))
    assert all(reader.group is not None and reader in reader.group.readers for reader in sockets)
