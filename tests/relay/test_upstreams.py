"""Which upstream is followed, and how long a relay waits before it tries the next."""

from __future__ import annotations

from ticker.relay.upstreams import BASE, CAP, Upstreams


def test_the_only_upstream_stays() -> None:
    upstreams = Upstreams(["a"], lambda: 0.99)
    upstreams.failed()
    assert (upstreams.current, upstreams.changes, len(upstreams)) == ("a", 0, 1)


def test_another_one_is_chosen_when_one_fails() -> None:
    upstreams = Upstreams(["a", "b", "c"], lambda: 0.0)
    assert upstreams.current == "a"
    upstreams.failed()
    assert upstreams.current == "b"
    upstreams.failed()
    assert (upstreams.current, upstreams.changes) == ("a", 2)


def test_relays_begin_at_random_upstreams() -> None:
    assert Upstreams(["a", "b"], lambda: 0.1).current == "a"
    assert Upstreams(["a", "b"], lambda: 0.6).current == "b"


def test_the_whole_wait_is_random_and_its_limit_doubles_until_a_proof() -> None:
    chance = 0.0
    upstreams = Upstreams(["a"], lambda: chance)
    assert upstreams.failed() == 0.0
    chance = 0.5
    assert [upstreams.failed() for _ in range(3)] == [BASE, BASE * 2, BASE * 4]
    for _ in range(100):
        assert upstreams.failed() == CAP / 2
    upstreams.proved()
    assert upstreams.failed() == BASE / 2
