"""Requests with unknown keys: how many an address may make, and for which the response waits."""

from __future__ import annotations

import pytest

from tests.hub.world import Clock
from ticker.guesses import DELAY, FREE, MAX_ADDRESSES, MAX_KEYS, MAX_WAITING, REFILL, Guesses


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guesses(clock: Clock) -> Guesses:
    return Guesses(clock)


def test_the_first_wrong_keys_of_an_address_are_answered_at_once(guesses: Guesses, clock: Clock) -> None:
    assert [guesses.note_unknown("a") for _ in range(FREE + 2)] == [0.0] * FREE + [DELAY] * 2
    assert guesses.note_unknown("b") == 0.0, "each address for itself"
    clock.now += REFILL / FREE
    assert [guesses.note_unknown("a") for _ in range(2)] == [0.0, DELAY]
    clock.now += 100 * REFILL
    assert [guesses.note_unknown("a") for _ in range(FREE + 1)] == [0.0] * FREE + [DELAY]
    assert guesses.count == 2 * FREE + 6


def use_up(guesses: Guesses, address: str) -> None:
    for _ in range(FREE):
        assert guesses.note_unknown(address) == 0.0


def test_while_too_many_wait_only_known_keys_of_who_has_guessed_are_looked_up(guesses: Guesses, clock: Clock) -> None:
    guesses.note_valid("honest")
    use_up(guesses, "guesser")
    assert not guesses.must_not_ask("guess", "guesser")
    guesses.waiting = MAX_WAITING
    assert guesses.must_not_ask("guess", "guesser")
    assert not guesses.must_not_ask("honest", "guesser")
    clock.now += REFILL / FREE
    assert not guesses.must_not_ask("guess", "guesser")


def test_while_too_many_wait_a_key_that_was_not_used_before_is_looked_up_from_elsewhere(guesses: Guesses) -> None:
    use_up(guesses, "guesser")
    guesses.waiting = MAX_WAITING
    assert not guesses.must_not_ask("new", "newsroom")
    guesses.note_unknown("newsroom")
    assert not guesses.must_not_ask("new", "newsroom")


def test_what_is_remembered_is_bounded_and_the_oldest_is_forgotten(guesses: Guesses) -> None:
    use_up(guesses, "first")
    guesses.note_valid("first")
    guesses.note_valid("second")
    guesses.note_valid("first")
    for number in range(MAX_KEYS - 1):
        guesses.note_valid(f"{number}")
    guesses.waiting = MAX_WAITING
    assert not guesses.must_not_ask("first", "first"), "it was used since"
    assert guesses.must_not_ask("second", "first")
    for number in range(MAX_ADDRESSES):
        guesses.note_unknown(f"{number}")
    assert guesses.note_unknown("first") == 0.0
