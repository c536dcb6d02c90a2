"""The laws, tried on follow + hub + feed against a plain list: whatever happens, no reader is deceived.

The log grows, loses its end and goes on by another history, is emptied, damaged and mended. Pub/sub is late or loses
messages; the node loses Redis and comes back, drains and starts again. Readers have sockets with little room, which
stall, drain a few bytes, break and come back. Each reader checks every frame as it gets it; once every socket has
drained, all show exactly what the plain list says, and once the node is in sync again, that is the whole log.
"""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.hub.followed import OTHERS, Followed
from tests.hub.page import CHUNK, WINDOW, Page, shows
from tests.hub.world import AT
from ticker.asking import PROBES
from ticker.lagging import STUCK_AFTER
from ticker.wire import BEAT_INTERVAL, CloseCode

ROOM: Final = st.sampled_from([None, 0, 1, 300, 1000, 4000])
"""Bytes a socket takes before it is full; None for all there are."""

PADDING: Final = st.sampled_from([0, 100, 300])
"""Bytes that make a dispatch longer."""

ARRIVES: Final = st.sampled_from([True, True, True, False])
"""Whether pub/sub brings an entry at once, or later, or never."""

SECONDS: Final = st.sampled_from([0.0, 0.4, 1.0, 1.6, 10.0])
"""Time that passes: less than a probe's interval, as much, more than its token may take, and a beat's."""

has_feed = precondition(lambda self: self.has_feed)
has_pages = precondition(lambda self: self.pages)


class World(RuleBasedStateMachine, Followed):
    """A feed on one node, its readers, and the log as a plain list."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Followed.__init__(self)

    @initialize(count=st.integers(0, 8), pauses=st.booleans())
    def open(self, count: int, *, pauses: bool) -> None:
        self.pauses = pauses
        for _ in range(count):
            self.write(self.dispatch(0), arrives=False)
        self.start_node()

    # The log

    @rule(padding=PADDING, times=st.integers(1, 4), arrives=ARRIVES)
    def file(self, padding: int, times: int, *, arrives: bool) -> None:
        for _ in range(times):
            self.write(self.dispatch(padding), arrives=arrives)

    @rule(changes=st.lists(st.sampled_from(["file", "file", "correct", "kill", "pin"]), min_size=2, max_size=9))
    def burst(self, changes: list[str]) -> None:
        """Changes arrive together: most are of the newest dispatch, so that some text is killed before it is sent."""
        for change in changes:
            newest = self.usable()[-1:]
            if change == "file" or not newest:
                self.write(self.dispatch(100), arrives=False)
            elif change == "correct":
                self.write(self.dispatch(100, newest[0]), arrives=False)
            elif change == "kill":
                self.write(self.log.kill(newest[0]["id"], newest[0]["revision"] + 1), arrives=False)
            else:
                self.write(self.log.write("pin", id=newest[0]["id"]), arrives=False)
        self.receive(len(self.messages))

    @precondition(lambda self: self.usable())
    @rule(padding=PADDING, data=st.data(), arrives=ARRIVES)
    def correct(self, padding: int, data: st.DataObject, *, arrives: bool) -> None:
        self.write(self.dispatch(padding, data.draw(st.sampled_from(self.usable()))), arrives=arrives)

    @precondition(lambda self: self.usable())
    @rule(data=st.data(), arrives=ARRIVES)
    def kill(self, data: st.DataObject, *, arrives: bool) -> None:
        dispatch = data.draw(st.sampled_from(self.usable()))
        self.write(self.log.kill(dispatch["id"], dispatch["revision"] + 1), arrives=arrives)

    @rule(data=st.data(), arrives=ARRIVES)
    def pin(self, data: st.DataObject, *, arrives: bool) -> None:
        id = data.draw(st.sampled_from([None, *(dispatch["id"] for dispatch in self.usable())]))
        self.write(self.log.write("pin", id=id), arrives=arrives)

    @rule(on=st.booleans(), arrives=ARRIVES)
    def switch(self, *, on: bool, arrives: bool) -> None:
        self.write(self.log.write("air", air={"on": on, "label": None, "url": None}), arrives=arrives)

    @rule(data=st.data(), count=st.integers(0, 7), lost=st.booleans())
    def fork(self, data: st.DataObject, count: int, *, lost: bool) -> None:
        """A failover loses the end of the log, or all of it; it may have grown again before the node looks."""
        kept = data.draw(st.integers(-1, len(self.log.entries) - 1))
        self.go_on_otherwise(kept)
        for _ in range(count):
            self.write(self.dispatch(0), arrives=False)
        if lost:
            self.lose()

    @rule()
    def empty(self) -> None:
        """Somebody empties Redis; what the service needs is set up again when a node finds out."""
        self.go_on_otherwise(-1)
        self.gone = True

    @rule()
    def damage(self) -> None:
        self.unreadable = True

    @precondition(lambda self: self.unreadable)
    @rule()
    def mend(self) -> None:
        self.unreadable = False

    # The node

    @precondition(lambda self: self.hub.writing)
    @rule()
    def write_on(self) -> None:
        """Another group of readers gets what it has missed."""
        self.hub.write_on()

    @rule(seconds=SECONDS)
    def tick(self, seconds: float) -> None:
        self.clock.now += seconds
        self.go_on()

    @precondition(lambda self: self.messages)
    @rule(count=st.integers(1, 8))
    def deliver(self, count: int) -> None:
        """Messages that were under way arrive."""
        self.receive(count)

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def lose_messages(self, data: st.DataObject) -> None:
        """Pub/sub promises nothing."""
        first = data.draw(st.integers(0, len(self.messages) - 1))
        del self.messages[first : data.draw(st.integers(first + 1, len(self.messages)))]

    @rule()
    def lose_redis(self) -> None:
        self.lose()

    @precondition(lambda self: not self.connected)
    @rule()
    def find_redis_again(self) -> None:
        self.resume()

    @rule(room=ROOM)
    def stop_and_start_the_node(self, room: int | None) -> None:
        """The node asks its readers to move and drains; its successor reads the log, and they come back to that."""
        self.drain_node()
        before, self.pages = self.moved, []
        self.start_node()
        for page in before:
            self.join(page.comes_back(room))

    @precondition(lambda self: self.has_feed and self.connected and not (self.unreadable or self.gone))
    @rule()
    def drop_the_feed_and_open_it_again(self) -> None:
        self.leaving = CloseCode.GOING_AWAY
        self.hub.drop("breaking")
        self.leaving = None
        assert self.pages == []
        self.hub.retain(OTHERS)
        self.resume()

    @precondition(lambda self: not self.unreadable)
    @rule()
    def all_is_well(self) -> None:
        """Redis is there, pub/sub brings everything: then the node is in sync, and has the whole log."""
        # A token that was lost costs a session, a feed that was damaged a beat, one that nobody reads its turn.
        for _ in range(4 + PROBES):
            if not self.connected:
                self.resume()
            self.receive(len(self.messages))
            self.clock.now += BEAT_INTERVAL
            self.go_on()
        self.receive(len(self.messages))
        assert self.hub.damaged == set()
        assert self.channel.freshness.proven
        assert self.channel.feed.tail == self.log.tails[-1]
        assert not any(page.held for page in self.pages), "a proof decides about all who came before it"

    # Is the feed open?

    @precondition(lambda self: self.has_feed and self.channel.feed.closed is None and self.connected and not self.gone)
    @rule()
    def close(self) -> None:
        """A closed feed is brought to the end of its log first, so that its readers miss nothing."""
        self.closed = AT
        self.look_at_the_end()
        if self.connected:
            self.channel.update_settings(closed=AT)
            assert all(page.pending or page.held for page in self.pages), "who has caught up is told at once, and gone"

    @precondition(lambda self: self.has_feed and self.channel.feed.closed is not None)
    @rule()
    def reopen(self) -> None:
        self.closed = None
        self.channel.update_settings(closed=None)
        for page in self.pages:
            page.reopened = True

    @has_feed
    @rule(title=st.sampled_from(["one", "another"]), visibility=st.sampled_from(["public", "unlisted"]))
    def edit(self, title: str, visibility: str) -> None:
        """What changes nobody's right to read is noticed by nobody."""
        before = [len(page.got) for page in self.pages]
        self.channel.update_settings(title=title, visibility=visibility)
        assert [len(page.got) for page in self.pages] == before

    # Readers

    def join(self, page: Page) -> None:
        if not self.has_feed:
            return
        self.pages.append(page)
        quick = page.room is None
        self.channel.join(page, page.after)
        if self.channel.feed.closed is not None:  # it was let in before, and comes too late
            assert page.closed or page.held or not quick
            assert (bool(page.pending) or page.held) == (page in self.pages)
            return
        if page.status not in (None, "delayed") and quick:
            assert self.clock.now - self.asked[page.status] <= 3.0, "told of a proof that nobody looked after since"
        positions = self.history()
        if page.held:
            assert page.after not in positions[-1 - self.capacity :], "held, and this node knows its place"
            assert {*page.got} <= {"delayed"}, "this node does not know yet where to begin"
            return
        if not quick:
            return
        if page.after in positions[-1 - self.capacity :]:
            assert "snapshot" not in page.got, "a position within the ring was not honoured"
        elif page.after not in positions:
            assert page.got[0] == "snapshot"
        assert page.position == positions[-1]

    def some_page(self, data: st.DataObject) -> Page:
        return data.draw(st.sampled_from(self.pages))

    @has_feed
    @rule(room=ROOM)
    def connect_fresh(self, room: int | None) -> None:
        self.join(Page(self, room, None))

    @has_pages
    @rule(room=ROOM, data=st.data())
    def reconnect(self, room: int | None, data: st.DataObject) -> None:
        """A connection breaks with whatever was under way; its page comes back at the position it had."""
        page = self.some_page(data)
        self.drop(page)
        self.join(page.comes_back(room))

    @precondition(lambda self: self.has_feed and self.seen)
    @rule(room=ROOM, data=st.data())
    def connect_at_a_position_of_old(self, room: int | None, data: st.DataObject) -> None:
        """A page opened long ago comes back, maybe from a history that is lost."""
        page = Page(self, room, data.draw(st.sampled_from(self.seen)))
        self.join(page)
        self.drop(page)  # what it showed back then is not known here, so it cannot be compared in the end

    @has_feed
    @rule(room=ROOM, data=st.data())
    def come_from_another_node(self, room: int | None, data: st.DataObject) -> None:
        """A page has what another node gave it, which may have been ahead of this one."""
        position = data.draw(st.sampled_from([str(tail.position) for tail in self.log.tails[-6:]]))
        self.seen.append(position)
        self.join(Page.shown_elsewhere(self, room, position, shows(self.histories[position])))

    @has_pages
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        self.drop(self.some_page(data))

    def drop(self, page: Page) -> None:
        if page in self.pages:  # else it was dismissed
            self.channel.leave(page)
            self.pages.remove(page)

    @has_pages
    @rule(data=st.data())
    def stall(self, data: st.DataObject) -> None:
        self.some_page(data).room = 0

    @has_pages
    @rule(room=ROOM, data=st.data())
    def drain(self, room: int | None, data: st.DataObject) -> None:
        self.some_page(data).drain(room)

    @precondition(lambda self: any(not page.pending for page in self.pages))
    @rule(room=ROOM, data=st.data())
    def answer_a_ping(self, room: int | None, data: st.DataObject) -> None:
        """Something that is not the channel's goes to the socket; a blank line stands for it here."""
        page = data.draw(st.sampled_from([page for page in self.pages if not page.pending]))
        page.room = room
        if not page.write(b"\n"):
            self.channel.stalled(page)

    @has_feed
    @rule()
    def readers_are_stuck(self) -> None:
        self.clock.now += STUCK_AFTER + 1
        self.channel.sweep()
        assert [page for page in self.pages if page.is_cut] == [page for page in self.pages if page.pending]
        self.pages = [page for page in self.pages if not page.is_cut]

    @has_feed
    @rule()
    def everyone_drains(self) -> None:
        freshness = self.channel.freshness
        expected = "delayed" if freshness.behind else "level" if freshness.proven else None
        self.channel.finish()
        for page in list(self.pages):
            page.drain(None)
            if page.closed:
                assert page not in self.pages
                continue
            if page.held:
                assert page.status in (None, "delayed"), "called fresh without what it has"
                continue
            assert page.position == str(self.channel.feed.tail.position)
            assert page.shows() == shows(self.entries_here())
            told = {None: None, "delayed": "delayed"}.get(page.status, "level")
            # Of a history that is not proven yet, a reader who was told of the one before has heard nothing since:
            # the proof or, with a socket too full for that, that it was delayed.
            # After a stall, a reader is told of the proof to come.
            assert told == expected or (self.restarted and expected is None) or freshness.stale

    @has_feed
    @invariant()
    def the_channel_shows_what_the_list_says(self) -> None:
        snapshot = self.channel.feed.snapshot()
        expected = shows(self.entries_here())
        assert {name: snapshot[name] for name in expected} == expected

    @has_feed
    @invariant()
    def only_full_sockets_lag(self) -> None:
        assert len(self.channel) == len(self.pages)
        assert self.channel.lagging_count == sum(bool(page.pending) for page in self.pages)

    @invariant()
    def a_node_that_lost_redis_is_not_proven(self) -> None:
        assert self.connected or not self.has_feed or not self.channel.freshness.proven

    def teardown(self) -> None:
        if self.has_feed:
            self.everyone_drains()
        self.mend()
        self.all_is_well()
        self.everyone_drains()


@pytest.mark.timeout(600)  # traced for coverage on a busy machine, it takes minutes
def test_no_reader_is_ever_deceived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.asking.LEAST_SHARE", 1)
    monkeypatch.setattr("ticker.lagging.CHUNK", CHUNK)
    monkeypatch.setattr("ticker.feed.WINDOW", WINDOW)
    monkeypatch.setattr("ticker.caught_up.GROUP_SIZE", 2)
    run_state_machine_as_test(World, settings=settings(max_examples=200, stateful_step_count=50, deadline=None))
