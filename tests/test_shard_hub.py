"""The part of the hub that one shard has: the feeds of others are neither seen nor dropped."""

from __future__ import annotations

import pytest

from tests.hub.conftest import clock as clock  # noqa: PLC0414  # a fixture
from tests.hub.conftest import log as log  # noqa: PLC0414  # a fixture
from tests.hub.world import AT, Clock, Log, joined
from ticker.errors import NotFound, Unavailable
from ticker.hub import Hub
from ticker.shard_hub import ShardHub


def test_a_shard_sees_and_drops_its_own_feeds_alone(log: Log, clock: Clock) -> None:
    hub, known = Hub(capacity=8, limit=3, clock=clock), list[None]()
    shard = ShardHub(hub, lambda name: name.startswith("s"), lambda: known.append(None))
    for name in ("sport", "science", "breaking"):
        log.open_in(hub, name)
    assert (shard.capacity, [*shard.channels], len(shard.channels)) == (8, ["science", "sport"], 2)
    assert shard.channels["sport"] is hub.channels["sport"]
    assert shard.channels.get("breaking") is None
    shard.take("sport", [log.file()], {})
    while shard.writing:
        shard.write_on()
    assert hub.channels["sport"].feed.tail.offset == 4
    for name in ("stocks", "breaking"):
        shard.mark_damaged(name)
    assert (shard.damaged, hub.damaged) == ({"stocks"}, {"stocks", "breaking"})
    for name in ("sport", "breaking"):
        joined(hub.channels[name])
    assert (shard.watched, hub.watched) == ({"sport"}, {"sport", "breaking"})
    assert shard.forget_left() == {"sport": 1}
    shard.retain(["sport", "stocks"])
    assert ([*hub.channels], known) == (["breaking", "sport"], [None])
    shard.retain(["sport"])
    shard.drop("sport")
    assert ([*hub.channels], hub.damaged) == (["breaking"], {"breaking"})
    assert not hub.ready


def test_a_shard_is_behind_while_one_of_its_own_feeds_is(log: Log, clock: Clock) -> None:
    hub = Hub(capacity=8, limit=3, clock=clock)
    shard = ShardHub(hub, lambda name: name.startswith("s"), lambda: None)
    sport = shard.open(log.feed(len(log.entries), "sport"), log.entries, log.tails[0])
    log.open_in(hub).delay(AT)
    assert (hub.behind, shard.behind) == (True, False)
    sport.delay(AT)
    assert shard.behind
    sport.prove(AT, beat=True)
    assert (hub.behind, shard.behind) == (True, False)
    hub.mark_damaged("breaking")
    assert not hub.behind, "to send its readers elsewhere would not help"


def test_a_proof_of_one_shard_is_told_by_the_hub(clock: Clock) -> None:
    hub, told = Hub(capacity=8, limit=3, clock=clock), list[str]()
    hub.on_proof.add(lambda: told.append("proof"))
    ShardHub(hub, lambda _: True, lambda: None).note_proof()
    assert told == ["proof"]


def test_a_feed_that_nobody_could_ask_for_is_not_called_unknown(log: Log, clock: Clock) -> None:
    hub = Hub(capacity=8, limit=3, clock=clock)
    log.open_in(hub)
    hub.retain(["breaking"])
    with pytest.raises(NotFound):
        hub.channel("sport")
    hub.unreached = lambda name: Unavailable("Not reached") if name == "sport" else None
    with pytest.raises(Unavailable, match="Not reached"):
        hub.channel("sport")
    with pytest.raises(NotFound):
        hub.channel("weather")
