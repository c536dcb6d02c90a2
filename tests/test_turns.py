"""Whose turn it is: everyone once a round, in equal shares."""

from __future__ import annotations

from ticker.turns import Turns, without_turn

NAMES = [f"{number:02}" for number in range(25)]


def test_everyone_has_one_turn_a_round_and_the_shares_are_equal() -> None:
    turns = Turns(10, 1)
    for _ in range(3):
        shares: list[list[str]] = []
        while sum(map(len, shares)) < len(NAMES):
            shares.append(turns.next(NAMES))
        assert [name for share in shares for name in share] == NAMES
        assert len(shares) <= 10
        assert max(map(len, shares)) == 3


def test_a_share_has_a_least_size() -> None:
    turns = Turns(10, 20)
    assert [len(turns.next(NAMES)) for _ in range(4)] == [20, 5, 20, 5]
    turns.next(NAMES)
    assert turns.next(NAMES[:3]) == NAMES[20:], "who is gone may still have its turn"


def test_who_is_new_has_its_turn_in_the_next_round_and_nobody_has_none() -> None:
    turns = Turns(2, 1)
    assert [turns.next("ab"), turns.next("abc"), turns.next("abc"), turns.next("abc")] == [
        ["a"],
        ["b"],
        ["a", "b"],
        ["c"],
    ]
    assert Turns(2, 1).next([]) == []


def test_those_without_a_turn_so_far() -> None:
    names = dict.fromkeys("abc", 0)
    assert without_turn(names, {"a", "b", "c", "gone"}) == set()
    assert without_turn(names, {"b", "gone"}) == {"a", "c"}
    assert without_turn({}, set()) == set()
