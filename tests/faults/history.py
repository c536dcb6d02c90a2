"""Everything that was seen during one run of a plan, as records with times. The checker reads nothing else.

All times are seconds of Unix time by the clock of this machine, which is also the clock of every Redis under test,
unless a plan sets that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple


class Position(NamedTuple):
    """A place in a log: its offset, and the tag that names the history it belongs to."""

    offset: int
    tag: str

    @classmethod
    def read(cls, text: str) -> Position:
        offset, _, tag = text.partition("-")
        return cls(int(offset), tag)

    def __str__(self) -> str:
        return f"{self.offset}-{self.tag}"


def moment(text: str) -> float:
    """Return the Unix time of an RFC 3339 time."""
    return datetime.fromisoformat(text).timestamp()


def rfc3339(time: float) -> str:
    """Return a Unix time as the service writes it: UTC with milliseconds."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Attempt:
    """One request of a writer and its response.

    Attributes:
        change: the number of the change; all attempts for it have the same Idempotency-Key.
        status: of the response; None if there was none.
    """

    change: int
    node: int
    began: float
    ended: float
    status: int | None
    body: dict[str, Any]


@dataclass
class Change:
    """What a writer wanted, and everything it tried for that.

    Attributes:
        kind: `file`, `hold`, `correct`, `kill`, `pin`, `air`, `release`, `spike`, or `hold_revoked`: it is
            held by a key that is revoked after that.
        token: a word that is in the text of this change and in no other; empty if it has no text.
        target: id of the dispatch or held dispatch that it changes.
        revoked: when the key that asked was known to be revoked, for `hold_revoked`.
        due: Unix time of the release of a held dispatch.
    """

    number: int
    kind: str
    token: str = ""
    target: str = ""
    due: float = 0.0
    attempts: list[Attempt] = field(default_factory=list)
    revoked: float | None = None

    @property
    def kept(self) -> Attempt | None:
        """The first response that promised the change."""
        return next((attempt for attempt in self.attempts if attempt.status in (200, 201)), None)


@dataclass
class Connection:
    """One connection of a reader; for a reader that polls, all its polls at one node.

    Attributes:
        way: `websocket`, `sse` or `poll`.
        after: the position that it resumed from.
        closed: when it ended; None while it is open.
    """

    node: int
    way: str
    dialed: float
    after: str | None
    opened: float | None = None
    closed: float | None = None
    ended_by: str = ""


@dataclass
class Received:
    """A frame as a reader got it; `at` and `position` of a response with changes are the frame `poll`.

    Attributes:
        asked: when the reader asked for it: when it dialed, or sent the poll.
    """

    time: float
    connection: Connection
    frame: dict[str, Any]
    asked: float


@dataclass
class Reader:
    """All that one reader got, in order; `ended` once the plan ended with it."""

    name: str
    connections: list[Connection] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)


@dataclass
class Fetched:
    """A response that somebody who is no reader got: `what` is `snapshot`, `history`, `dispatch` or `page`."""

    what: str
    node: int
    began: float
    ended: float
    status: int
    text: str
    body: dict[str, Any]


@dataclass
class Fault:
    """A fault as it was done; `ended` is None for one that is over at once."""

    kind: str
    detail: str
    began: float
    ended: float | None = None


@dataclass
class Outage:
    """A time in which none of these nodes can prove anything: what they send with an `at` inside is a lie.

    Attributes:
        frozen: the nodes themselves do not run, so that they cannot report it either.
    """

    nodes: frozenset[int]
    began: float
    ended: float
    frozen: bool = False

    def has(self, node: int, time: float, *, margin: float = 0.0) -> bool:
        return node in self.nodes and self.began + margin <= time <= self.ended - margin


class Entry(NamedTuple):
    """An entry as it is in the log."""

    offset: int
    hash: str
    text: bytes
    content: dict[str, Any]

    @property
    def position(self) -> Position:
        return Position(self.offset, self.hash[:12])


@dataclass
class Log:
    """The log of the feed as one Redis held it at one time."""

    taken: float
    origin: str
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Loss:
    """A declared loss: what was promised before `ended` may be gone, and other entries take its offsets.

    Attributes:
        began: since when there may have been two writable logs.
        log: the history that was given up, as it was known.
        promises: whether promised changes may be gone too; if not, only what was never answered with a 201.
    """

    kind: str
    began: float
    ended: float
    log: Log
    promises: bool


@dataclass
class History:
    """One run of one plan."""

    began: float = 0.0
    ended: float = 0.0
    workers: int = 1
    """Of each node."""
    stalled: float = 0.0
    """The longest time, in seconds, that the driver itself did not get to run: times may be off by as much."""
    changes: list[Change] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)
    fetched: list[Fetched] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    log: Log = field(default_factory=lambda: Log(0.0, ""))
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Held dispatches by id, at the end."""
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Delivery reports by dispatch id, at the end."""
    printed: list[tuple[float, str]] = field(default_factory=list)
    """What the nodes wrote to stderr, and when."""
    failures: list[tuple[str, str]] = field(default_factory=list)
    """Who did not come to its end, and why: such as a node that did not come back."""

    @property
    def logs(self) -> list[Log]:
        """All histories that the feed had, the one that is left last."""
        return [*(loss.log for loss in self.losses), self.log]

    @property
    def log_clock_was_set(self) -> bool:
        """Whether the clock of the log was set: its times cannot be compared with ours, nor always with each other."""
        return any(fault.kind == "redis_clock_stepped" for fault in self.faults)

    def attempts(self) -> Iterator[tuple[Change, Attempt]]:
        for change in self.changes:
            for attempt in change.attempts:
                yield change, attempt


@dataclass(frozen=True)
class Violation:
    """A law that was broken: which, when, by whom, and in what words.

    Attributes:
        law: the name of the rule in `checker.py`.
        situation: what the known breaks are told apart by; see `known.py`.
    """

    law: str
    time: float
    who: str
    what: str
    situation: str = ""
