"""The decisions of following a log: each row of the table of transitions, without a server, a clock or a task."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from unittest.mock import ANY

import pytest

from tests.hub.world import Log
from ticker.asking import LEAST_SHARE, PROBE_INTERVAL, PROBES, UNWATCHED_INTERVAL
from ticker.changes import entry_frame, fold
from ticker.entry import Entry, Tail
from ticker.feed import Feed
from ticker.follow import (
    FILL_BATCH,
    PROBE_TIMEOUT,
    STALL,
    Action,
    Arrived,
    CheckKeys,
    Delay,
    Fill,
    Filled,
    Follow,
    LogEnd,
    Lost,
    Probe,
    ProbeSent,
    Prove,
    Publish,
    Reconnect,
    Restart,
    Restarted,
    Resumed,
    SendProbe,
    SetUp,
    Tick,
    TokenArrived,
    Unreadable,
    Wait,
    Wanted,
)
from ticker.freshness import PROOF_LIMIT, Freshness
from ticker.ring import Ring
from ticker.wire import BEAT_INTERVAL

AT = "2026-03-11T14:30:10.000Z"
NOW = 1000.0


class Copy:
    """What a node has of a feed's log."""

    def __init__(self, log: Log, last: int) -> None:
        self.feed: Feed = log.feed(last)
        self.freshness = Freshness(lambda: NOW)
        self.ring = Ring(log.tails[0], 8)
        for entry in log.entries[:last]:
            self.ring.add(entry, entry_frame(entry))

    def publish(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.ring.add(entry, entry_frame(entry))
            fold(entry, self.feed)


class Copies:
    """What a node has of all logs."""

    def __init__(self) -> None:
        self.channels: dict[str, Copy] = {}
        self.damaged: set[str] = set()
        self.watched: set[str] = set()


def written(count: int, origin: str = "0" * 40) -> Log:
    log = Log(origin)
    for _ in range(count):
        log.file()
    return log


class Node:
    """A node that has the first three of ten entries of `a`, and carries out what concerns its copies alone."""

    def __init__(self) -> None:
        self.log = written(10)
        self.copies = Copies()
        self.copies.channels["a"] = Copy(self.log, 3)
        self.follow = Follow(self.copies)
        self.follow.take(Resumed(NOW))

    def entries(self, first: int, last: int) -> list[Entry]:
        return self.log.entries[first - 1 : last]

    def take(self, event: object) -> list[Action]:
        """Return the actions after an event, having published what is to be published."""
        actions = self.follow.take(event)  # type: ignore[arg-type]
        for action in actions:
            if isinstance(action, Publish):
                self.copies.channels[action.feed].publish(action.entries)
        return actions

    def probe(self, ends: dict[str, Tail] | None = None, now: float = NOW, token: str = "t") -> None:
        """Send a probe and take the response: logs end at `ends`, or where this node is."""
        [sent] = self.follow.take(Tick(now))
        assert isinstance(sent, SendProbe)
        here = {name: copy.feed.tail for name, copy in self.copies.channels.items()}
        assert self.follow.take(ProbeSent(Probe(token, sent.had, here if ends is None else ends, AT))) == []

    def sent(self, now: float) -> SendProbe:
        """Return the probe that is sent now, and take the response: logs end where this node is."""
        [sent] = self.follow.take(Tick(now))
        assert isinstance(sent, SendProbe)
        ends = {name: self.copies.channels[name].feed.tail for name in sent.had}
        assert self.follow.take(ProbeSent(Probe("t", sent.had, ends, AT))) == []
        return sent

    def proves(self, now: float) -> list[Action]:
        """Return the actions when the token of that probe arrives, but those for all feeds."""
        return [action for action in self.take(TokenArrived("t", now)) if not isinstance(action, CheckKeys | Restart)]

    def prove(self, ends: dict[str, Tail] | None = None, now: float = NOW) -> list[Action]:
        """Send a probe, and return the actions when its token arrives."""
        self.probe(ends, now)
        return self.take(TokenArrived("t", now))


@pytest.fixture
def node() -> Node:
    return Node()


def publishes(*together: list[Entry]) -> list[Action]:
    return [Publish("a", entries) for entries in together]


# Entries


def test_the_next_entry_is_published(node: Node) -> None:
    [entry] = node.entries(4, 4)
    assert node.take(Arrived("a", [entry])) == publishes([entry])


def test_a_next_entry_that_does_not_chain_restarts_the_feed(node: Node) -> None:
    other = written(4, "1" * 40)
    assert node.take(Arrived("a", [other.entries[3]])) == [Restart("a")]
    assert node.take(Restarted("a")) == []


def test_a_hole_is_filled_before_the_entry_that_revealed_it(node: Node) -> None:
    [entry] = node.entries(7, 7)
    assert node.take(Arrived("a", [entry])) == [Fill("a", 4, 6)]
    assert node.take(Filled("a", node.entries(4, 6))) == publishes(node.entries(4, 6), node.entries(7, 7))
    assert node.copies.channels["a"].feed.tail == node.log.tails[7]


def test_a_hole_is_filled_by_as_many_reads_as_it_takes(node: Node) -> None:
    node.take(Arrived("a", [node.log.entries[9]]))
    assert node.take(Filled("a", node.entries(4, 5))) == [*publishes(node.entries(4, 5)), Fill("a", 6, 9)]
    assert node.take(Filled("a", node.entries(6, 9))) == publishes(node.entries(6, 9), node.entries(10, 10))


def test_a_read_is_bounded() -> None:
    node = Node()
    node.log = written(3 + 2 * FILL_BATCH + 1)
    node.copies.channels["a"] = Copy(node.log, 3)
    assert node.take(Arrived("a", [node.log.entries[-1]])) == [Fill("a", 4, 3 + FILL_BATCH)]
    *_, more = node.take(Filled("a", node.entries(4, 3 + FILL_BATCH)))
    assert more == Fill("a", 4 + FILL_BATCH, 3 + 2 * FILL_BATCH)


def test_a_hole_of_which_the_log_knows_nothing_restarts_the_feed(node: Node) -> None:
    node.take(Arrived("a", [node.log.entries[5]]))
    assert node.take(Filled("a", [])) == [Restart("a")]


@pytest.mark.parametrize("first", [5, 6])
def test_what_is_read_must_chain_from_where_this_node_is(node: Node, first: int) -> None:
    node.take(Arrived("a", [node.log.entries[9]]))
    assert node.take(Filled("a", node.entries(first, 8))) == [Restart("a")]


def test_what_chains_is_published_up_to_the_fork(node: Node) -> None:
    other = written(10, "1" * 40)
    node.take(Arrived("a", [node.log.entries[9]]))
    read = [*node.entries(4, 5), *other.entries[5:9]]
    assert node.take(Filled("a", read)) == [*publishes(node.entries(4, 5)), Restart("a")]


def test_an_entry_that_does_not_chain_to_what_filled_the_hole_restarts_the_feed(node: Node) -> None:
    other = written(6, "1" * 40)
    node.take(Arrived("a", [other.entries[5]]))
    assert node.take(Filled("a", node.entries(4, 5))) == [*publishes(node.entries(4, 5)), Restart("a")]
    assert node.take(Restarted("a")) == []


def test_an_entry_that_is_known_already_is_ignored(node: Node) -> None:
    for entry in node.entries(1, 3):
        assert node.take(Arrived("a", [entry])) == []


def test_a_known_offset_of_another_history_restarts_the_feed(node: Node) -> None:
    other = written(3, "1" * 40)
    for entry in other.entries:
        assert node.take(Arrived("a", [entry])) == [Restart("a")]


def test_an_entry_older_than_the_ring_is_ignored(node: Node) -> None:
    node.copies.channels["a"].ring = Ring(node.log.tails[3], 8)
    other = written(2, "1" * 40)
    assert node.take(Arrived("a", [other.entries[1]])) == []


def test_an_entry_of_a_feed_that_has_no_channel_is_ignored(node: Node) -> None:
    assert node.take(Arrived("b", [node.log.entries[3]])) == []


def test_a_log_that_cannot_be_read_restarts_the_feed_and_the_goal_is_given_up(node: Node) -> None:
    node.take(Arrived("a", [node.log.entries[5]]))
    assert node.take(Unreadable("a")) == [Restart("a")]
    assert node.take(Restarted("a")) == []


# The end of a log, looked at after a reconnect or before a closing


def test_a_log_that_ends_here_needs_nothing(node: Node) -> None:
    assert node.take(LogEnd("a", 3, node.log.tails[3])) == []


def test_a_log_that_goes_on_is_read_to_its_end(node: Node) -> None:
    assert node.take(LogEnd("a", 3, node.log.tails[5])) == [Fill("a", 4, 5)]
    assert node.take(Filled("a", node.entries(4, 5))) == publishes(node.entries(4, 5))


def test_a_log_that_goes_on_by_another_history_restarts_the_feed(node: Node) -> None:
    assert node.take(LogEnd("a", 3, written(5, "1" * 40).tails[5])) == [Fill("a", 4, 5)]
    assert node.take(Filled("a", node.entries(4, 5))) == [*publishes(node.entries(4, 5)), Restart("a")]


@pytest.mark.parametrize("end", [None, 2])
def test_a_log_that_is_gone_or_lost_its_end_restarts_the_feed(node: Node, end: int | None) -> None:
    assert node.take(LogEnd("a", 3, None if end is None else node.log.tails[end])) == [Restart("a")]
    assert node.take(Restarted("a")) == []


def test_a_log_that_ends_here_by_another_history_restarts_the_feed(node: Node) -> None:
    assert node.take(LogEnd("a", 3, written(3, "1" * 40).tails[3])) == [Restart("a")]


@pytest.mark.parametrize(("origin", "actions"), [("0" * 40, []), ("1" * 40, [Restart("a")])])
def test_a_log_that_ended_before_where_this_node_is_by_now_is_compared_there(
    node: Node, origin: str, actions: list[Action]
) -> None:
    assert node.take(LogEnd("a", 1, written(2, origin).tails[2])) == actions


# Time


def test_a_probe_is_sent_when_it_is_due_and_not_before(node: Node) -> None:
    assert node.take(Tick(NOW)) == [SendProbe({"a": 3})]
    node.take(ProbeSent(Probe("t", {"a": 3}, {"a": node.log.tails[3]}, AT)))
    node.take(TokenArrived("t", NOW + 0.1))
    assert node.take(Tick(NOW + 0.1)) == [Wait(NOW + PROBE_INTERVAL)]
    assert node.take(Tick(NOW + PROBE_INTERVAL)) == [SendProbe({"a": 3})]


def test_a_token_that_does_not_arrive_ends_the_session(node: Node) -> None:
    node.probe()
    assert node.take(Tick(NOW + 0.1)) == [Wait(NOW + PROBE_TIMEOUT)]
    assert node.take(Tick(NOW + PROBE_TIMEOUT - 0.1)) == [Wait(NOW + PROBE_TIMEOUT)]
    assert node.take(Tick(NOW + PROBE_TIMEOUT)) == [Reconnect()]


def test_a_node_that_did_not_run_meanwhile_probes_again_at_once(node: Node) -> None:
    node.probe(token="old")
    late = NOW + PROBE_TIMEOUT + STALL
    assert node.take(Tick(late)) == [SendProbe({"a": 3})]
    node.take(ProbeSent(Probe("new", {"a": 3}, {"a": node.log.tails[3]}, AT)))
    assert node.take(TokenArrived("old", late)) == []
    assert node.take(Tick(late)) == [Wait(late + PROBE_TIMEOUT)]
    assert node.take(TokenArrived("new", late + 0.1)) == [CheckKeys(), Prove("a", AT, beat=True, asked=late)]


def test_a_token_that_lay_unread_proves_nothing_and_a_probe_is_due(node: Node) -> None:
    node.probe(token="old")
    late = NOW + PROBE_TIMEOUT + 0.1
    assert node.take(TokenArrived("old", late)) == []
    assert node.take(Tick(late)) == [SendProbe({"a": 3})]
    node.take(ProbeSent(Probe("new", {"a": 3}, {"a": node.log.tails[3]}, AT)))
    assert node.take(TokenArrived("new", late + PROBE_TIMEOUT))[-1] == Prove("a", AT, beat=True, asked=late)


@pytest.mark.parametrize("arrives", [False, True])
def test_a_second_token_that_is_late_in_a_row_ends_the_session(node: Node, *, arrives: bool) -> None:
    node.probe()
    late = NOW + PROBE_TIMEOUT + STALL
    for ends in (False, True):
        if arrives:
            assert node.take(TokenArrived("t", late)) == ([Reconnect()] if ends else [])
        actions = node.take(Tick(late))
        assert actions == ([SendProbe({"a": 3})] if arrives or not ends else [Reconnect()])
        node.take(ProbeSent(Probe("t", {"a": 3}, {"a": node.log.tails[3]}, AT)))
        late += PROBE_TIMEOUT + STALL


def test_a_token_in_time_and_a_new_session_end_the_patience_that_a_stall_takes(node: Node) -> None:
    now = NOW
    for begins_again in (False, True, False):
        node.probe(now=now)
        now += PROBE_TIMEOUT + STALL
        node.probe(now=now)  # once more, since the token is long overdue
        if begins_again:
            node.take(Resumed(now))
        else:
            assert node.take(TokenArrived("t", now)) != []
        now += PROBE_INTERVAL


def test_a_proof_counts_for_a_reader_until_the_next_one_must_have_come() -> None:
    assert PROOF_LIMIT == 2 * PROBE_TIMEOUT
    assert PROBE_INTERVAL < PROBE_TIMEOUT


def test_after_a_new_session_or_a_change_a_probe_is_due_and_the_one_before_is_void(node: Node) -> None:
    node.probe()
    assert node.take(Resumed(NOW + 0.2)) == []
    assert node.take(TokenArrived("t", NOW + 0.2)) == []
    assert node.take(Tick(NOW + 0.2)) == [SendProbe({"a": 3})]


def test_when_redis_is_lost_every_feed_is_delayed_and_what_was_under_way_is_given_up(node: Node) -> None:
    node.copies.channels["b"] = Copy(node.log, 2)
    node.take(Arrived("a", [node.log.entries[5]]))
    assert node.take(Lost()) == [Delay("a"), Delay("b")]
    assert node.take(Restarted("a")) == []


def test_while_redis_is_lost_the_feeds_that_are_watched_or_new_are_delayed_again(node: Node) -> None:
    node.copies.channels["b"] = Copy(node.log, 2)
    node.take(Lost())
    node.copies.watched = {"b", "gone"}
    node.copies.channels["c"] = Copy(node.log, 2)  # opened by a session that did not last
    assert node.take(Lost()) == [Delay("b"), Delay("c")]
    assert node.take(Lost()) == [Delay("b")]
    node.take(Resumed(NOW))
    assert node.take(Lost()) == [Delay("a"), Delay("b"), Delay("c")]


# Proof


def test_a_token_proves_a_feed_that_has_all_of_its_log(node: Node) -> None:
    assert node.prove() == [CheckKeys(), Prove("a", AT, beat=True, asked=NOW)]


def test_a_token_proves_nothing_twice(node: Node) -> None:
    node.prove()
    assert node.take(TokenArrived("t", NOW)) == []


def test_a_token_that_is_not_of_this_probe_proves_nothing(node: Node) -> None:
    assert node.take(TokenArrived("t", NOW)) == []
    node.probe(token="new")
    assert node.take(TokenArrived("old", NOW)) == []
    assert node.take(Tick(NOW)) == [Wait(NOW + PROBE_TIMEOUT)]
    assert node.take(TokenArrived("new", NOW))[-1] == Prove("a", AT, beat=True, asked=NOW)


def test_a_feed_is_proven_only_after_what_pub_sub_did_not_bring_was_read(node: Node) -> None:
    assert node.prove({"a": node.log.tails[6]}) == [CheckKeys(), Fill("a", 4, 6)]
    assert node.take(Filled("a", node.entries(4, 6))) == [
        *publishes(node.entries(4, 6)),
        Prove("a", AT, beat=True, asked=NOW),
    ]


def test_what_arrived_after_the_probe_does_not_spoil_its_proof(node: Node) -> None:
    node.probe()
    node.take(Arrived("a", [node.log.entries[3]]))
    assert node.take(TokenArrived("t", NOW))[-1] == Prove("a", AT, beat=True, asked=NOW)


@pytest.mark.parametrize("end", [written(3, "1" * 40).tails[3], written(3).tails[2], written(2, "1" * 40).tails[2]])
def test_a_forked_feed_is_restarted_and_proven_then(node: Node, end: Tail) -> None:
    assert node.prove({"a": end}) == [CheckKeys(), Restart("a")]
    assert node.take(Restarted("a")) == [Prove("a", AT, beat=True, asked=NOW)]


def test_a_forked_feed_that_cannot_be_opened_is_delayed(node: Node) -> None:
    assert node.prove({"a": node.log.tails[2]})[-1] == Restart("a")
    node.copies.damaged.add("a")
    assert node.take(Restarted("a")) == [Delay("a")]


def test_a_hole_that_cannot_be_read_leaves_the_feed_unproven_until_it_is_restarted(node: Node) -> None:
    node.prove({"a": node.log.tails[6]})
    assert node.take(Unreadable("a")) == [Restart("a")]
    assert node.take(Restarted("a")) == [Prove("a", AT, beat=True, asked=NOW)]


def test_feeds_are_proven_each_on_its_own(node: Node) -> None:
    node.copies.channels["b"] = Copy(node.log, 5)
    actions = node.prove({"a": node.log.tails[4], "b": node.log.tails[5]})
    assert actions == [CheckKeys(), Fill("a", 4, 4), Prove("b", AT, beat=True, asked=NOW)]
    assert node.take(Filled("a", node.entries(4, 4)))[-1] == Prove("a", AT, beat=True, asked=NOW)


def test_a_beat_is_due_every_ten_seconds_on_average(node: Node) -> None:
    beats, now = [], NOW
    for _ in range(40):
        if node.prove(now=now)[-1] == Prove("a", AT, beat=True, asked=now):
            beats.append(now)
        now += PROBE_INTERVAL
    assert [later - before for before, later in pairwise(beats)] == [BEAT_INTERVAL] * 3


def test_between_beats_a_proof_neither_beats_nor_checks_keys_nor_retries_what_is_damaged(node: Node) -> None:
    node.prove()
    node.copies.damaged.add("b")
    half = BEAT_INTERVAL - PROBE_INTERVAL / 2
    early, late = NOW + half - 0.01, NOW + half + PROBE_INTERVAL
    assert node.prove(now=early) == [Prove("a", AT, beat=False, asked=early)]
    assert node.prove(now=late) == [Restart("b"), CheckKeys(), Prove("a", AT, beat=True, asked=late)]


# Feeds that nobody reads


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let even a few feeds take turns."""
    monkeypatch.setattr("ticker.asking.LEAST_SHARE", 1)


def many(node: Node, count: int) -> list[str]:
    """Let a node follow so many feeds instead, all of them proven."""
    names = [f"{number:04}" for number in range(count)]
    node.copies.channels = {name: Copy(node.log, 3) for name in names}
    assert [*node.sent(NOW).had] == names, "all that were never proven are asked for"
    node.proves(NOW)
    return names


@pytest.mark.usefixtures("few")
def test_a_feed_that_nobody_reads_is_compared_every_ten_seconds_and_the_work_is_spread(node: Node) -> None:
    names, asked, now = many(node, 25), list[str](), NOW
    for _ in range(PROBES):
        now += PROBE_INTERVAL
        had = node.sent(now).had
        assert len(had) <= 3
        asked += had
        node.proves(now)
    assert sorted({*asked}) == names
    assert PROBES * PROBE_INTERVAL == UNWATCHED_INTERVAL


@pytest.mark.usefixtures("few")
def test_a_feed_that_somebody_reads_is_compared_with_each_probe(node: Node) -> None:
    names, now = many(node, 25), NOW
    node.copies.watched = {names[-1], "gone"}
    for _ in range(2 * PROBES):
        now += PROBE_INTERVAL
        assert names[-1] in node.sent(now).had
        assert Prove(names[-1], AT, beat=ANY, asked=now) in node.proves(now)


@pytest.mark.usefixtures("few")
def test_a_feed_that_is_opened_while_others_take_turns_is_asked_for_at_once_and_then_in_turn(node: Node) -> None:
    names, now = many(node, 25), NOW
    node.copies.channels["new"] = Copy(node.log, 2)
    node.take(Resumed(NOW))
    asked = 0
    for number in range(2 * PROBES + 1):
        had = node.sent(now).had
        assert number or "new" in had
        asked += "new" in had
        node.proves(now)
        now += PROBE_INTERVAL
    assert 2 <= asked <= 4
    del node.copies.channels[names[0]]
    for _ in range(PROBES):
        assert names[0] not in node.sent(now).had
        node.proves(now)
        now += PROBE_INTERVAL


@pytest.mark.usefixtures("few")
def test_a_feed_that_was_dropped_and_opened_again_is_not_taken_for_proven(node: Node) -> None:
    names = many(node, 25)
    dropped = node.copies.channels.pop(names[-1])
    node.take(Resumed(NOW))
    node.copies.channels[names[-1]] = dropped
    node.take(Resumed(NOW))
    assert names[-1] in node.sent(NOW).had


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("end", [None, 1])
def test_a_feed_that_was_restarted_or_is_damaged_is_asked_for_with_the_next_probe(node: Node, end: int | None) -> None:
    names, later = many(node, 25), NOW + PROBE_INTERVAL
    node.take(LogEnd(names[-1], 3, None if end is None else node.log.tails[end]))
    node.copies.damaged = set() if end is None else {names[-1]}
    node.take(Restarted(names[-1]))
    for _ in range(3):
        assert (names[-1] in node.sent(later).had) is True
        proven = Prove(names[-1], AT, beat=False, asked=later) in node.proves(later)
        assert proven is (end is None)
        if proven:
            break
        later += PROBE_INTERVAL


@pytest.mark.usefixtures("few")
def test_after_redis_was_lost_every_feed_is_compared(node: Node) -> None:
    names = many(node, 25)
    node.take(Lost())
    node.take(Resumed(NOW))
    assert [*node.sent(NOW).had] == names


@pytest.mark.usefixtures("few")
def test_the_first_reader_of_a_feed_whose_proof_is_stale_need_not_wait_for_the_next_probe(node: Node) -> None:
    names = many(node, 25)
    for name in names:  # proven a while ago, except for one
        node.copies.channels[name].freshness.prove(AT, beat=False, watching=0, asked=NOW - PROOF_LIMIT - 1)
    node.copies.channels[names[3]].freshness.prove(AT, beat=False, watching=0, asked=NOW)
    node.copies.watched = {names[3], names[7], "gone"}
    soon = NOW + 0.1
    assert node.take(Tick(soon)) == [Wait(NOW + PROBE_INTERVAL)]
    assert node.take(Wanted()) == []
    assert [*node.sent(soon).had] == [names[7]], "the others are not due"
    assert node.proves(soon) == [Prove(names[7], AT, beat=False, asked=soon)]
    assert node.take(Tick(soon)) == [Wait(NOW + PROBE_INTERVAL)], "the next probe is due when it was"


@pytest.mark.usefixtures("few")
def test_a_probe_that_somebody_wanted_takes_no_beat_from_the_others(node: Node) -> None:
    many(node, 2)
    late = NOW + BEAT_INTERVAL - 0.1
    node.probe(now=late - PROBE_INTERVAL / 2)  # a moment before the beat is due
    node.take(TokenArrived("t", late - PROBE_INTERVAL / 2 - 0.2))
    node.take(Wanted())
    node.sent(late)
    assert node.proves(late) == []
    beats = [action.beat for action in node.prove(now=NOW + BEAT_INTERVAL + 1) if isinstance(action, Prove)]
    assert beats
    assert all(beats)


@pytest.mark.usefixtures("few")
def test_who_comes_while_a_probe_is_in_flight_has_one_sent_after_it(node: Node) -> None:
    names = many(node, 25)
    node.copies.watched = {names[7]}
    later = NOW + PROBE_INTERVAL
    node.sent(later)
    node.copies.channels[names[7]].freshness.prove(AT, beat=False, watching=0, asked=NOW - PROOF_LIMIT - 1)
    node.take(Wanted())
    assert node.take(Tick(later)) == [Wait(later + PROBE_TIMEOUT)]
    node.proves(later)
    assert [*node.sent(later).had] == [names[7]]


@pytest.mark.usefixtures("few")
def test_a_probe_that_is_due_answers_who_wanted_one(node: Node) -> None:
    names = many(node, 25)
    node.copies.watched = {names[7]}
    node.take(Wanted())
    later = NOW + PROBE_INTERVAL
    assert names[7] in node.sent(later).had
    node.proves(later)
    assert node.take(Tick(later)) == [Wait(later + PROBE_INTERVAL)]


def test_so_many_feeds_that_are_not_proven_are_asked_for_by_probes_that_follow_each_other(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticker.asking.MOST_UNPROVEN", 10)
    node.copies.channels = {f"{number:04}": Copy(node.log, 3) for number in range(25)}
    node.copies.watched = {"0020"}
    asked = []
    for _ in range(3):
        asked.append([*node.sent(NOW).had])
        node.proves(NOW)
    assert node.take(Tick(NOW)) == [Wait(NOW + PROBE_INTERVAL)]
    first = ["0000", "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0020"]
    assert asked[0] == first, "those that somebody waits for are among the first"
    assert {*chain.from_iterable(asked)} == node.copies.channels.keys()


def test_feeds_that_are_damaged_keep_no_probe_after_the_other(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.asking.MOST_UNPROVEN", 10)
    node.copies.channels = {f"{number:04}": Copy(node.log, 3) for number in range(15)}
    node.copies.damaged = {*node.copies.channels}
    node.sent(NOW)
    node.proves(NOW)
    assert node.take(Tick(NOW)) == [Wait(NOW + PROBE_INTERVAL)]


def test_a_service_of_few_feeds_is_compared_every_second(node: Node) -> None:
    names, now = many(node, LEAST_SHARE), NOW
    for _ in range(3):
        now += PROBE_INTERVAL
        assert [*node.sent(now).had] == names
        node.proves(now)


# Damaged and emptied logs


def test_a_damaged_feed_without_a_channel_is_retried_with_each_beat(node: Node) -> None:
    node.copies.damaged.add("b")
    assert node.prove() == [Restart("b"), CheckKeys(), Prove("a", AT, beat=True, asked=NOW)]
    assert node.take(Restarted("b")) == []


@pytest.mark.parametrize("mended", [False, True])
def test_a_damaged_feed_that_has_readers_is_retried_and_proven_if_it_was_mended(node: Node, *, mended: bool) -> None:
    node.copies.damaged.add("a")
    assert node.prove({}) == [Restart("a"), CheckKeys()]
    if mended:
        node.copies.damaged.clear()
    assert node.take(Restarted("a")) == ([Prove("a", AT, beat=True, asked=NOW)] if mended else [Delay("a")])


def test_between_beats_a_damaged_feed_is_delayed_or_restarted_where_its_log_is_another_one(node: Node) -> None:
    node.prove()
    node.copies.damaged.add("a")
    assert node.prove(now=NOW + PROBE_INTERVAL) == [Delay("a")]
    assert node.prove({"a": node.log.tails[1]}, now=NOW + 2 * PROBE_INTERVAL) == [Restart("a")]
    assert node.take(Restarted("a")) == [Delay("a")]


def test_logs_that_are_gone_are_set_up_again_before_anything_is_proven(node: Node) -> None:
    for name in ("b", "c", "d"):
        node.copies.channels[name] = Copy(node.log, 1)
    node.copies.damaged.add("c")
    assert node.prove({"a": node.log.tails[3]}) == [Delay("b"), Delay("d"), SetUp(("b", "d"))]
    assert node.take(Resumed(NOW)) == []
    assert isinstance(node.take(Tick(NOW))[0], SendProbe)
