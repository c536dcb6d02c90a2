"""The decisions of following a log: what happens → what is to be done. No I/O, no clock and no tasks of its own.

Pub/sub is only the fast path. Every entry that arrives is checked against the end of what this node has; a hole is
filled from the log; an entry that does not chain means that history has forked. Silence proves nothing, so each second
the node reads where the logs end and, in the same pipeline, publishes a token. When that arrives, all that
was published before it has arrived. Only then is the node in sync with Redis, and only then does it beat.

For which feeds a probe asks is decided in asking.py.

  event          case                                                   actions
  ─────────────  ─────────────────────────────────────────────────────  ───────────────────────────────────────────
  Arrived        the next entries, and they chain                       Publish
                 the next entries, and they do not chain                Restart
                 beyond the next: there is a hole                       Fill, then as above
                 known already, in this history or from before the ring -
                 known already, in another history                      Restart
                 of a feed without a channel                            -
  LogEnd         not there, or before an entry that this node has       Restart
                 beyond what this node has                              Fill, then as below
                 where the ring has another history                     Restart
                 where this node is, or before                          none, or what the proof does (below)
  Filled         entries that chain                                     Publish; Fill while a hole is left
                 none, or one that does not chain                       Publish those before it; Restart
  Unreadable     the log of a feed cannot be read                       Restart
  Restarted      of a feed that a proof is about                        what the proof does (below)
                 otherwise                                              -
  Tick           no probe in flight, and one is due                     SendProbe
                 no probe in flight                                     Wait until one is due
                 a probe in flight, its token long overdue              SendProbe, once
                 a probe in flight, its token overdue                   Reconnect
                 a probe in flight                                      Wait until its token is overdue
  TokenArrived   not of the probe in flight                             -
                 later than it may take                                 - (a probe is due at once), once
                 logs are gone that were whole before                   Delay their feeds; SetUp
                 otherwise                                              each feed as by LogEnd, and then
                   the feed is damaged                                  Delay
                   it is whole                                          Prove, with a beat if one is due
                   a beat is due                                        first Restart what is damaged; CheckKeys
  Resumed        a session begins, or a feed was changed                - (a probe is due at once)
  Wanted         somebody came to a feed whose proof is stale           - (a probe is due at once, of such feeds)
  Lost           Redis is lost                                          Delay every feed
                 again                                                  Delay those that are watched, or opened since

What has arrived together is published together (arrivals.py), and so is what was filled.

A Fill is followed by Filled or Unreadable, a Restart by Restarted, a SendProbe by ProbeSent, and that by TokenArrived
if pub/sub works. The actions of one event, and of the events that they make, come before the next event.

A process may be stopped for a while: its machine is paused, or a collection takes long. Its first turn after that finds
a token long overdue, or one that lay unread and proves what was. Neither says that pub/sub is dead, and neither proves
anything about now: the node probes again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from ticker.asking import PROBE_INTERVAL, Asking, Copies
from ticker.entry import Entry, Tail
from ticker.goal import Goal, Proof
from ticker.wire import BEAT_INTERVAL

PROBE_TIMEOUT: Final = 1.5
"""Seconds a node's own token may take to arrive before the subscription counts as dead."""

STALL: Final = 1.0
"""Seconds by which a node notices an overdue token too late only if it did not run meanwhile: it looks at once."""

FILL_BATCH: Final = 512
"""Entries read from the log at once to fill a hole."""


Offsets = Mapping[str, int]
"""Offset of the last entry that a node had, by feed."""


class Probe(NamedTuple):
    """A token of this node that was published, what the node had before, and what Redis answered."""

    token: str
    had: Offsets
    ends: Mapping[str, Tail]
    """Where each log ended just before the token was published; without the feeds that have no log."""
    at: str
    """When that was, by the clock of Redis (RFC 3339)."""


# Events


class Arrived(NamedTuple):
    """Pub/sub brought entries, each of which follows the one before it."""

    feed: str
    entries: Sequence[Entry]


class LogEnd(NamedTuple):
    """The log was found to end at `end` (None: it is not there), after this node had the entry with offset `had`."""

    feed: str
    had: int
    end: Tail | None


class Filled(NamedTuple):
    """These entries were read for a Fill."""

    feed: str
    entries: Sequence[Entry]


class Unreadable(NamedTuple):
    """A log could not be read, or has an entry that this node cannot publish."""

    feed: str


class Restarted(NamedTuple):
    """A Restart was carried out: the feed was opened from its log again, or marked as damaged."""

    feed: str


class Tick(NamedTuple):
    """Time has passed, or nothing else is to be done. `now` is in seconds by a clock that never runs backwards."""

    now: float


class ProbeSent(NamedTuple):
    """A probe was sent and answered."""

    probe: Probe


class TokenArrived(NamedTuple):
    """Pub/sub brought a token of this node."""

    token: str
    now: float


class Resumed(NamedTuple):
    """A session with Redis begins, or feeds were opened or changed: what is in flight is void, a probe is due."""

    now: float


class Wanted(NamedTuple):
    """Somebody came to a feed whose proof is too old to be given to a reader."""


class Lost(NamedTuple):
    """The session ended: Redis cannot be reached, or pub/sub does not work."""


Event = Arrived | LogEnd | Filled | Unreadable | Restarted | Tick | ProbeSent | TokenArrived | Resumed | Wanted | Lost


# Actions


class Publish(NamedTuple):
    """Give these entries, the next ones of their feed, to all consumers."""

    feed: str
    entries: Sequence[Entry]


class Fill(NamedTuple):
    """Read the entries with the offsets `first` to `last` from the log."""

    feed: str
    first: int
    last: int


class Restart(NamedTuple):
    """Open the feed from its log again, and reset its readers; if that cannot be read, mark it as damaged."""

    feed: str


class Prove(NamedTuple):
    """The feed was in sync with Redis at `at` (RFC 3339); send a `beat` if one is due.

    `asked` is when the probe was sent, in seconds by the clock of `Tick`.
    """

    feed: str
    at: str
    beat: bool
    asked: float


class Delay(NamedTuple):
    """The feed is not in sync with Redis."""

    feed: str


class SendProbe(NamedTuple):
    """Read where the logs of the feeds in `had` end, and publish a token."""

    had: Offsets


class Wait(NamedTuple):
    """Wait for a message, until `until` at most."""

    until: float


class Reconnect(NamedTuple):
    """End the session: pub/sub does not bring this node what it publishes."""


class SetUp(NamedTuple):
    """Set up a log that was emptied, as at the first start, and load its feeds.

    Attributes:
        missing: the feeds whose logs are gone.
    """

    missing: tuple[str, ...]


class CheckKeys(NamedTuple):
    """Dismiss the readers of private feeds whose keys were revoked."""


Action = Publish | Fill | Restart | Prove | Delay | SendProbe | Wait | Reconnect | SetUp | CheckKeys


class Follow:
    """Decides how one node follows its logs. Events go in, actions come out, in the order to carry them out."""

    def __init__(self, copies: Copies) -> None:
        """`copies` is only read; the actions change it."""
        self._copies = copies
        self._goals: dict[str, Goal] = {}
        self._probe: Probe | None = None
        self._asking = Asking(copies)
        self._in_flight = False
        self._stalled = False
        self._wanted = self._partial = False
        """Whether a probe of stale feeds alone is due, and whether the probe in flight is one."""
        self._asked = self._probe_due = self._token_due = self._beat_due = 0.0

    def take(self, event: Event) -> list[Action]:
        """Return what is to be done after an event."""
        match event:
            case Arrived(feed, entries):
                return self._arrived(feed, entries)
            case LogEnd(feed, had, end):
                return self._compare(feed, had, end, None)
            case Filled(feed, entries):
                return self._filled(feed, entries)
            case Unreadable(feed):
                return [Restart(feed)]
            case Restarted(feed):
                goal = self._goals.pop(feed, None)
                self._asking.unproven([feed])
                return [] if goal is None else self._reached(feed, goal)
            case Tick(now):
                return [self._tick(now)]
            case ProbeSent(probe):
                self._probe = probe
                return []
            case TokenArrived(token, now):
                return self._token_arrived(token, now)
            case Resumed(now):
                self._goals.clear()
                self._asking.resumed()
                self._probe, self._in_flight, self._stalled, self._probe_due = None, False, False, now
                return []
            case Wanted():
                self._wanted = True
                return []
            case _:  # the one that is left, as the type of the parameter makes sure
                return self._lost(event)

    def _lost(self, event: Lost) -> list[Action]:
        self._goals.clear()
        return list(map(Delay, self._asking.lost()))

    # Entries

    def _arrived(self, feed: str, entries: Sequence[Entry]) -> list[Action]:
        copy = self._copies.channels.get(feed)
        if copy is None:
            return []
        tail = copy.feed.tail
        if new := [entry for entry in entries if entry.tail.offset > tail.offset]:
            # If some are known already, in another history, the first new one does not chain either.
            return self._advance(feed, tail, Goal(new[0].tail.offset - 1, entries=new))
        return [Restart(feed)] if copy.ring.contradicts(entries[-1].tail.position) else []

    def _compare(self, feed: str, had: int, end: Tail | None, proof: Proof | None) -> list[Action]:
        tail = self._copies.channels[feed].feed.tail
        if end is None or end.offset < had:
            return self._advance(feed, tail, Goal(tail.offset, proof=proof))
        return self._advance(feed, tail, Goal(end.offset, end=end, proof=proof))

    def _filled(self, feed: str, entries: Sequence[Entry]) -> list[Action]:
        tail, next_ones = self._copies.channels[feed].feed.tail, list[Entry]()
        for entry in entries:
            if not entry.follows(tail):
                break
            next_ones.append(entry)
            tail = entry.tail
        published: list[Action] = [Publish(feed, next_ones)] if next_ones else []
        if not next_ones or len(next_ones) < len(entries):
            return [*published, Restart(feed)]
        return [*published, *self._advance(feed, tail, self._goals[feed])]

    def _advance(self, feed: str, tail: Tail, goal: Goal) -> list[Action]:
        """Bring a feed that ends at `tail` nearer to its goal, or past it."""
        self._goals[feed] = goal
        if tail.offset < goal.last:
            return [Fill(feed, tail.offset + 1, min(goal.last, tail.offset + FILL_BATCH))]
        if goal.forked(tail, self._copies.channels[feed].ring):
            return [Restart(feed)]
        del self._goals[feed]
        arrived: list[Action] = [Publish(feed, goal.entries)] if goal.entries else []
        return arrived + self._reached(feed, goal)

    def _reached(self, feed: str, goal: Goal) -> list[Action]:
        if goal.proof is None:
            return []
        if feed in self._copies.damaged:
            self._asking.unproven([feed])
            return [Delay(feed)]
        self._asking.proven(feed)
        return [Prove(feed, *goal.proof)]

    # Proof

    def _tick(self, now: float) -> Action:
        if self._in_flight:
            if now < self._token_due:
                return Wait(self._token_due)
            if self._stalled or now < self._token_due + STALL:
                return Reconnect()
            self._stalled = True  # only once: if the next token is overdue too, pub/sub is what stalls
        elif now < self._probe_due and not self._wanted:
            return Wait(self._probe_due)
        self._partial = now < self._probe_due
        self._probe, self._in_flight, self._asked, self._token_due = None, True, now, now + PROBE_TIMEOUT
        self._wanted = False
        asked = self._asking.stale() if self._partial else self._asking.due()
        if not self._partial:
            self._probe_due = now if self._asking.more else now + PROBE_INTERVAL
        return SendProbe({feed: self._copies.channels[feed].feed.tail.offset for feed in asked})

    def _token_arrived(self, token: str, now: float) -> list[Action]:
        probe, damaged = self._probe, self._copies.damaged
        if probe is None or token != probe.token:
            return []
        self._probe, self._in_flight = None, False
        if now - self._asked > PROBE_TIMEOUT:
            again, self._stalled, self._probe_due = self._stalled, True, now
            return [Reconnect()] if again else []
        self._stalled = False
        if gone := probe.had.keys() - probe.ends.keys() - damaged:
            self._asking.unproven(gone)
            return [*map(Delay, sorted(gone)), SetUp(tuple(sorted(gone)))]
        proof = Proof(probe.at, not self._partial and now >= self._beat_due, self._asked)
        actions: list[Action] = []
        retried: AbstractSet[str] = set()
        if proof.beat:
            # Half a probe early rather than half a probe late, so that the mean is BEAT_INTERVAL.
            self._beat_due = now + BEAT_INTERVAL - PROBE_INTERVAL / 2
            retried = set(damaged)  # somebody may have mended them
            actions += [*map(Restart, sorted(retried)), CheckKeys()]
        channels = self._copies.channels
        for feed, had in probe.had.items():
            end = probe.ends.get(feed)
            if feed in retried:
                self._goals[feed] = Goal(had, proof=proof)  # it is reached by the Restart
            elif end is not None and end.offset == had and feed not in damaged and end == channels[feed].feed.tail:
                # What `_compare` does where nothing is new, as in most of many feeds: a third of the cost of a probe.
                self._goals.pop(feed, None)
                self._asking.proven(feed)
                actions.append(Prove(feed, *proof))
            else:
                actions += self._compare(feed, had, end, proof)
        return actions
