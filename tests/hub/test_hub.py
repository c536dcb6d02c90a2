"""All feeds of a node, and who is let in."""

from __future__ import annotations

import pytest

from tests.hub.test_longpoll import ask
from tests.hub.world import AT, Clock, Log, Socket, joined
from ticker.errors import NotFound, Unavailable
from ticker.freshness import PROOF_LIMIT
from ticker.hub import Hub
from ticker.waiting import RETURN_TIMEOUT
from ticker.wire import CloseCode


@pytest.fixture
def hub(log: Log, clock: Clock) -> Hub:
    hub = Hub(capacity=8, limit=3, clock=clock)
    for name in ("breaking", "sport"):
        log.open_in(hub, name)
    hub.retain(["breaking", "sport"])
    return hub


def test_a_hub_knows_its_feeds(hub: Hub) -> None:
    assert hub.channel("breaking") is hub.admit("breaking") is hub.channels["breaking"]
    with pytest.raises(NotFound, match="'weather'"):
        hub.admit("weather")


def test_a_hub_that_has_not_reached_its_log_cannot_say_which_feeds_there_are(log: Log, clock: Clock) -> None:
    hub = Hub(capacity=8, limit=3, clock=clock)
    log.open_in(hub)
    assert not hub.ready
    with pytest.raises(Unavailable, match="not reached its log"):
        hub.open_channels()
    with pytest.raises(Unavailable, match="not reached its log"):
        hub.channel("breaking")
    hub.retain(["breaking"])
    assert hub.ready
    assert [*hub.open_channels()] == ["breaking"]


def test_feeds_are_in_one_order_however_a_node_came_to_know_them(log: Log, clock: Clock) -> None:
    for learned in (("sport", "breaking", "arts"), ("arts", "sport", "breaking")):
        hub = Hub(capacity=8, limit=3, clock=clock)
        for name in learned:
            log.open_in(hub, name)
        assert [*hub.channels] == ["breaking", "arts", "sport"]


def test_nobody_but_the_hub_changes_its_channels(hub: Hub) -> None:
    with pytest.raises(TypeError):
        hub.channels["weather"] = hub.channel("sport")  # type: ignore[index]


def test_opening_an_open_feed_restarts_its_readers(hub: Hub, log: Log) -> None:
    channel = hub.channel("sport")
    reader = joined(channel)
    other = Log("1" * 40)
    other.file("another history")
    assert other.open_in(hub, "sport") is channel
    assert reader.take() == [other.feed(1, "sport").snapshot(reset=True)]


def test_a_feed_that_is_dropped_ends_for_its_readers_and_no_others(hub: Hub, log: Log) -> None:
    reader, other = joined(hub.channel("sport")), joined(hub.channel("breaking"))
    waiter = ask(hub.channel("sport"), log.position(3))
    hub.drop("sport")
    assert (reader.dismissed, other.dismissed) == (CloseCode.GOING_AWAY, None)
    assert waiter.told is not None
    assert waiter.told.leaving
    with pytest.raises(NotFound):
        hub.channel("sport")
    hub.drop("sport")


def test_only_the_feeds_that_are_listed_are_retained(hub: Hub) -> None:
    for name in ("sport", "weather", "culture"):
        hub.mark_damaged(name)
    hub.retain(["breaking", "weather"])
    assert [*hub.channels] == ["breaking"]
    assert hub.damaged == {"weather"}


def test_a_damaged_feed_is_unavailable_until_it_is_opened(hub: Hub, log: Log) -> None:
    hub.mark_damaged("weather")
    with pytest.raises(Unavailable, match="The log of 'weather' is damaged") as caught:
        hub.channel("weather")
    assert caught.value.retry_after == 30
    hub.mark_damaged("sport")
    assert hub.channel("sport") is hub.channels["sport"], "what it has can still be read"
    for name in ("weather", "sport"):
        log.open_in(hub, name)
    assert hub.damaged == set()
    assert hub.channel("weather").feed.name == "weather"


def test_an_entry_goes_to_the_readers_of_its_feed(hub: Hub, log: Log) -> None:
    reader, other = joined(hub.channel("sport")), joined(hub.channel("breaking"))
    hub.publish("sport", [log.file("goal")])
    assert [frame["dispatch"]["text"] for frame in reader.take()] == ["goal"]
    assert other.take() == []


def test_feeds_take_turns_to_be_written(hub: Hub, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.caught_up.GROUP_SIZE", 1)
    sport, breaking = ([joined(hub.channel(name)) for _ in range(3)] for name in ("sport", "breaking"))
    entry = log.file()
    assert not hub.writing
    for name in ("sport", "breaking"):
        hub.take(name, [entry])
    seen: list[tuple[int, int]] = []
    while hub.writing:
        seen.append((sum(map(len, (each.writes for each in sport))), sum(map(len, (each.writes for each in breaking)))))
        hub.write_on()
    assert seen == [(1, 1), (2, 1), (2, 2), (3, 2)]
    hub.write_on()
    hub.take("sport", [log.file()])
    hub.drop("sport")
    hub.write_on()
    assert not hub.writing


def test_a_full_node_admits_nobody_until_somebody_leaves(hub: Hub) -> None:
    sockets = [joined(hub.admit(name)) for name in ("breaking", "sport", "sport")]
    assert len(hub) == 3
    with pytest.raises(Unavailable, match="as many readers as it can hold") as caught:
        hub.admit("breaking")
    assert caught.value.retry_after == 5
    sockets[0].channel.leave(sockets[0])
    assert hub.admit("breaking") is hub.channels["breaking"]


def test_lagging_readers_count_too(hub: Hub) -> None:
    for _ in range(3):
        joined(hub.admit("sport"), slow=True)
    with pytest.raises(Unavailable):
        hub.admit("breaking")


def test_a_node_that_is_going_away_sends_readers_to_another(hub: Hub) -> None:
    assert not hub.draining
    hub.start_draining()
    assert hub.draining
    with pytest.raises(Unavailable, match="shutting down; reconnect"):
        hub.admit("breaking")


def test_a_feed_is_watched_while_somebody_reads_it_or_has_just_polled(hub: Hub, log: Log, clock: Clock) -> None:
    assert hub.watched == set()
    sport = hub.channel("sport")
    first, second = joined(sport), joined(sport)
    assert hub.watched == {"sport"}
    assert hub.forget_left() == {"sport": 2}
    ask(hub.channel("breaking"), log.position(0), wait=0)
    assert hub.forget_left() == {"sport": 2, "breaking": 1}
    for reader in (first, second):
        sport.leave(reader)
    assert hub.forget_left() == {"breaking": 1}
    assert hub.watched == {"breaking"}
    clock.now += RETURN_TIMEOUT + 1
    assert hub.forget_left() == {}
    assert hub.watched == set()


def test_a_feed_that_was_dropped_is_not_watched(hub: Hub) -> None:
    joined(hub.channel("sport"))
    hub.drop("sport")
    assert (hub.watched_channels(), hub.forget_left(), hub.watched, len(hub)) == ([], {}, set(), 0)


def test_who_comes_to_a_feed_whose_proof_is_stale_has_it_compared(hub: Hub, log: Log, clock: Clock) -> None:
    wanted: list[float] = []
    hub.on_stale = lambda: wanted.append(clock.now)
    sport = hub.channel("sport")
    sport.leave(joined(sport))
    sport.prove(AT, beat=False)
    sport.leave(joined(sport))
    assert wanted == [], "never proven, and proven just now"
    clock.now += PROOF_LIMIT + 0.1
    reader = Socket()
    sport.join(reader, None)
    assert (len(wanted), reader.writes) == (1, [])
    joined(sport, str(sport.feed.tail.position))
    assert len(wanted) == 2, "and anybody else, until it was"
    ask(sport, None)
    assert len(wanted) == 3
    sport.prove(AT, beat=False)
    assert [frame["type"] for frame in reader.take()] == ["snapshot", "beat"]


def test_a_poll_that_waits_at_a_stale_proof_is_answered_once_the_feed_was_compared(
    hub: Hub, log: Log, clock: Clock
) -> None:
    sport = hub.channel("sport")
    sport.prove(AT, beat=False)
    clock.now += PROOF_LIMIT + 0.1
    waiter = ask(sport, str(sport.feed.tail.position), wait=10)
    assert waiter.told is None
    sport.prove(AT, beat=False)
    assert waiter.told is not None
    assert (waiter.told.body, waiter.told.at) == (None, AT)
