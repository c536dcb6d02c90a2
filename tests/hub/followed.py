"""A log as a plain list, and a node that follows it without a server: what the follower does, done at once.

Redis is a list of entries and a queue of messages under way to the node, which may be late or get lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.hub.page import Page, Shown, shows
from tests.hub.world import AT, Clock, Log
from ticker import follow
from ticker.arrivals import Arrivals
from ticker.asking import PROBES
from ticker.channel import Channel
from ticker.entry import Entry, Tail
from ticker.feed import Feed
from ticker.hub import Hub
from ticker.wire import CloseCode, move_frame

EMPTY = Tail(0, "0" * 40)
"""The end of a log without entries."""

OTHERS = tuple(f"other-{number:02}" for number in range(3 * PROBES))
"""Feeds that nobody reads and nobody writes to: beside them, the feed's turn to be compared comes every few probes."""

CAPACITY = 5
"""Entries in the ring at the least; small, so that readers often fall out of it."""


class Away(Exception):
    """Redis cannot be reached, or the node has found that pub/sub does not work."""


class Followed:
    """One feed's log in Redis, and the node that follows it."""

    capacity = CAPACITY

    def __init__(self) -> None:
        self.clock = Clock()
        self.log = Log()
        self.messages: list[Entry | str] = []
        """Entries and tokens that pub/sub has not brought yet, in order."""
        self.connected = False
        self.gone = False
        """Whether the log is not there, until it is set up again."""
        self.unreadable = False
        """Whether the log is damaged: its end can be read, its entries cannot."""
        self.pauses = False
        """Whether something else may happen between two groups of readers."""
        self.closed: str | None = None
        self.restarted = False
        """Whether the feed went on by another history at some time."""
        self.pages: list[Page] = []
        self.moved: list[Page] = []
        self.leaving: CloseCode | None = None
        self.count = 0
        self.texts: dict[str, list[bytes]] = {}
        self.seen: list[str] = []
        self.before: dict[str, str] = {}
        self.histories: dict[str, list[Entry]] = {str(self.log.tails[0].position): []}
        """Position of each entry of any history → all entries up to it."""
        self.moment = 0
        self.ended: dict[str, int] = {}
        """Position → the last moment at which the log ended there."""
        self.probes: dict[str, tuple[int, str]] = {}
        """Time of each probe → its moment, and where the log ended then."""
        self.asked: dict[str, float] = {}
        """Time of each probe → when it was sent, by the node's clock."""

    # The log

    def look(self) -> str:
        """Note where the log ends at this moment."""
        self.moment += 1
        end = str(self.log.tails[-1].position)
        self.ended[end] = self.moment
        return end

    def dispatch(self, padding: int, known: Shown | None = None) -> Entry:
        """Write that a dispatch is filed, or corrected if it is known."""
        self.count += 1
        text = f"text-{self.count:06}-"
        id, revision = (known["id"], known["revision"] + 1) if known else (f"{self.count:06}", 1)
        self.texts.setdefault(id, []).append(text.encode())
        return self.log.file(text + "x" * padding, id, revision)

    def write(self, entry: Entry, *, arrives: bool) -> None:
        """Publish an entry that was just written."""
        self.gone = False
        position = str(entry.tail.position)
        self.before[position] = str(self.log.tails[-2].position)
        self.histories[position] = list(self.log.entries)
        self.look()
        if self.connected:
            self.messages.append(entry)
            if arrives:
                self.receive(len(self.messages))

    def go_on_otherwise(self, kept: int) -> None:
        """Lose the end of the log after so many entries; with less than none, it is another one from its origin."""
        self.look()
        self.count += 1
        log = Log(f"{self.count:040}" if kept < 0 else self.log.tails[0].hash)
        log.entries = self.log.entries[: max(kept, 0)]
        log.tails[1:] = [entry.tail for entry in log.entries]
        self.log = log
        self.histories[str(log.tails[0].position)] = []
        self.look()

    def usable(self) -> list[Shown]:
        """Dispatches that can be changed, in the window or not, as the journal has them."""
        dispatches: dict[str, Shown] = {}
        for entry in self.log.entries:
            if entry.kind in ("file", "correct"):
                dispatches[entry.content["dispatch"]["id"]] = entry.content["dispatch"]
            elif entry.kind == "kill":
                del dispatches[entry.content["id"]]
        return list(dispatches.values())

    # What the node has

    @property
    def has_feed(self) -> bool:
        return "breaking" in self.hub.channels

    @property
    def channel(self) -> Channel:
        return self.hub.channels["breaking"]

    def entries_here(self) -> list[Entry]:
        """All entries of the history that the node has, up to where it is."""
        return self.histories[str(self.channel.feed.tail.position)]

    def history(self) -> list[str]:
        """The positions of that history, from its origin."""
        positions = [str(self.channel.feed.tail.position)]
        while positions[-1] in self.before:
            positions.append(self.before[positions[-1]])
        return positions[::-1]

    def withdrawn(self) -> list[bytes]:
        """See `Witness`."""
        entries = self.entries_here()
        return [text for entry in entries if entry.kind == "kill" for text in self.texts[entry.content["id"]]]

    def check_proof(self, at: str, position: str) -> None:
        """See `Witness`."""
        moment, end = self.probes[at]
        if self.ended.get(position, 0) >= moment:
            return
        while position != end:
            assert position in self.before, "called fresh without what was in the log"
            position = self.before[position]

    def check_reset(self, before: str, after: str) -> None:
        """See `Witness`."""
        log = [str(tail.position) for tail in self.log.tails]
        if before in log and after in log:
            assert log.index(after) >= log.index(before), "a reader was put back"

    # What the follower does

    def start_node(self) -> None:
        """Start a node, which may not reach Redis."""
        self.hub = Hub(capacity=CAPACITY, limit=1000, clock=self.clock)
        self.hub.on_stale = self.want
        self.wanted = False
        for name in OTHERS:
            self.hub.open(Feed(name, "", "en", EMPTY), [], EMPTY)
        self.follow = follow.Follow(self.hub)
        self.connected, self.messages = False, []
        self.resume()

    def drain_node(self) -> None:
        """Ask all readers to move, and dismiss those who did not."""
        self.hub.start_draining()
        for channel in self.hub.channels.values():
            channel.announce(move_frame(1000))
        self.moved = list(self.pages)
        self.leaving = CloseCode.SERVICE_RESTART
        for page in self.moved:
            page.dismiss(CloseCode.SERVICE_RESTART)
        self.leaving = None

    def resume(self) -> None:
        """Begin a session."""
        self.connected, self.messages, self.gone = True, [], False
        if self.has_feed:
            self.look_at_the_end()
            if self.connected:
                self.channel.update_settings(closed=self.closed)
        else:
            self.open_feed()
        if self.connected:
            self.hub.retain(["breaking", *OTHERS])
            self.take(follow.Resumed(self.clock()))
            self.go_on()

    def lose(self) -> None:
        """End the session."""
        self.connected, self.messages = False, []
        self.take(follow.Lost())

    def look_at_the_end(self) -> None:
        """Bring the feed to the end of its log."""
        self.look()
        self.take(follow.LogEnd("breaking", self.channel.feed.tail.offset, self.log.tails[-1]))

    def go_on(self) -> None:
        """Look at the clock, as the follower does when nothing else happens."""
        if self.wanted and self.connected:
            self.wanted = False
            self.take(follow.Wanted())
        self.take(follow.Tick(self.clock()) if self.connected else follow.Lost())

    def want(self) -> None:
        """Note that somebody came to a feed whose proof is stale, which wakes the follower."""
        self.wanted = True

    def receive(self, count: int) -> None:
        """Take messages that were under way; entries between two tokens are taken together."""
        received, self.messages = self.messages[:count], self.messages[count:]
        while received and self.connected:
            arrivals = Arrivals()
            while received and not isinstance(entry := received[0], str):
                arrivals.add("breaking", entry)
                del received[0]
            events: list[follow.Event] = list(arrivals)
            if not events:
                events = [follow.TokenArrived(str(received.pop(0)), self.clock())]
            for event in events:
                if self.connected:  # else it was lost with the session
                    self.take(event)
                    self.go_on()

    def take(self, event: follow.Event) -> None:
        """Carry out what follows from an event, depth first."""
        actions = self.follow.take(event)[::-1]
        while actions:
            try:
                answer = self.carry_out(actions.pop())
            except Away:
                self.lose()
                return
            if answer is not None:
                actions += self.follow.take(answer)[::-1]

    def carry_out(self, action: follow.Action) -> follow.Event | None:
        match action:
            case follow.Publish(feed, entries):
                assert self.before[str(entries[0].tail.position)] == str(self.channel.feed.tail.position), "a hole"
                self.hub.take(feed, entries, self.pinned_by(entries))
                while self.hub.writing and not self.pauses:
                    self.hub.write_on()
            case follow.Fill(feed, first, last):
                if self.unreadable:
                    return follow.Unreadable(feed)
                return follow.Filled(feed, self.log.entries[first - 1 : last])
            case follow.Restart(feed):
                self.gone = False
                self.restarted = True
                self.open_feed()
                return follow.Restarted(feed)
            case follow.Prove(feed, at, beat, asked) if feed in OTHERS:
                self.hub.channels[feed].prove(at, beat=beat, asked=asked)
            case follow.Delay(feed) if feed in OTHERS:
                self.hub.channels[feed].delay(AT)
            case follow.Prove(_, at, beat, asked):
                self.check_proof(at, str(self.channel.feed.tail.position))
                assert self.connected
                self.channel.prove(at, beat=beat, asked=asked)
            case follow.Delay(_):
                self.channel.delay(AT)
            case follow.SendProbe(had):
                return self.probe(had)
            case follow.SetUp(_):
                self.gone = False
                self.look_at_the_end()
                return follow.Resumed(self.clock())
            case follow.Reconnect():
                raise Away
            case follow.Wait(until):
                assert until > self.clock()
            case follow.CheckKeys():
                pass
        return None

    def probe(self, had: follow.Offsets) -> follow.Event:
        self.hub.forget_left()
        self.count += 1
        at, end = f"{self.count:06}", self.look()
        self.probes[at], self.asked[at] = (self.moment, end), self.clock.now
        self.messages.append(at)
        ends = {
            feed: EMPTY if feed in OTHERS else self.log.tails[-1] for feed in had if feed in OTHERS or not self.gone
        }
        return follow.ProbeSent(follow.Probe(at, had, ends, at))

    def open_feed(self) -> None:
        """Open the feed from its log, or mark it as damaged."""
        if self.unreadable:
            self.hub.mark_damaged("breaking")
            return
        self.look()
        first = max(len(self.log.entries) - CAPACITY, 0)
        feed = Feed("breaking", "", "en", self.log.tails[-1], **shows(self.log.entries), closed=self.closed)
        self.hub.open(feed, self.log.entries[first:], self.log.tails[first])

    def pinned_by(self, entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
        """The dispatches that entries pin, as the log has them by now."""
        usable = {dispatch["id"]: dispatch for dispatch in self.usable()}
        ids = [entry.content["id"] for entry in entries if entry.kind == "pin"]
        return {id: usable[id] for id in ids if id in usable}
