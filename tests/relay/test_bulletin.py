"""What a node sends its relays: each thing once, and nothing of feeds that are not theirs."""

from __future__ import annotations

from tests.hub.world import Log
from tests.relay.pair import AT, Pair
from ticker.relay.bulletin import Bulletins


def types(bulletins: Bulletins) -> list[str]:
    return [message["type"] for message in bulletins.take()]


def test_settings_come_first_and_again_when_they_change() -> None:
    pair = Pair()
    told = Bulletins(pair.upstream, (), pair.clock)
    (first,) = told.take()
    assert first["feeds"][0] == {
        "name": "breaking",
        "title": "Breaking news",
        "language": "en",
        "edition_of": None,
        "two_person_flash": False,
        "timezone": "UTC",
        "origins": None,
        "visibility": "public",
        "closed": None,
    }
    assert types(told) == []
    pair.at_upstream.update_settings(title="Latest")
    assert types(told) == ["feeds"]


def test_a_proof_has_its_age_and_what_has_changed() -> None:
    pair = Pair(2)
    told = Bulletins(pair.upstream, (), pair.clock)
    pair.prove(watching=3)
    pair.clock.now += 0.25
    _, proof = told.take()
    assert proof == {
        "type": "proof",
        "at": AT.format(0),
        "age": 0.25,
        "unproven": (),
        "positions": {"breaking": pair.log.position(2)},
        "watching": {"breaking": 3},
    }
    assert types(told) == [], "nothing new was proven"
    pair.clock.now += 1
    pair.prove(watching=3)
    (proof,) = told.take()
    assert (proof["positions"], proof["watching"]) == ({}, {})
    pair.file()
    pair.prove(watching=4)
    pair.clock.now += 1
    pair.prove(watching=4)
    (proof,) = told.take()
    assert (proof["positions"], proof["watching"]) == ({"breaking": pair.log.position(3)}, {"breaking": 4})


def test_a_feed_with_an_older_proof_is_not_proven_by_the_newest() -> None:
    pair = Pair(1)
    other = Log("e" * 40)
    other.open_in(pair.upstream, "sport")
    pair.prove()
    told = Bulletins(pair.upstream, (), pair.clock)
    _, proof = told.take()
    assert proof["unproven"] == ("sport",)
    pair.upstream.channels["sport"].prove(AT.format(0), beat=False)
    (proof,) = told.take()
    assert proof["unproven"] == ()
    assert proof["positions"] == {"sport": other.position(0)}
    pair.clock.now += 1
    pair.prove()
    (proof,) = told.take()
    assert proof["unproven"] == ("sport",)


def test_a_node_that_has_lost_the_log_proves_nothing() -> None:
    pair = Pair()
    told = Bulletins(pair.upstream, (), pair.clock)
    pair.prove()
    pair.at_upstream.delay(AT.format(5))
    assert types(told) == ["feeds"]


def test_a_damaged_feed_is_not_proven() -> None:
    pair = Pair()
    pair.prove()
    pair.upstream.mark_damaged("breaking")
    assert types(Bulletins(pair.upstream, (), pair.clock)) == ["feeds"]


def test_only_public_feeds_are_told_of_or_unlisted_ones_that_are_named() -> None:
    pair = Pair()
    for name, visibility in (("hidden", "unlisted"), ("secret", "private")):
        Log().open_in(pair.upstream, name).update_settings(visibility=visibility)

    def told(*names: str) -> list[str]:
        (message,) = Bulletins(pair.upstream, names, pair.clock).take()
        return [feed["name"] for feed in message["feeds"]]

    assert told() == ["breaking"]
    assert told("hidden", "secret", "nowhere") == ["hidden"]
