"""A page that believes nothing it has not checked, and the plain list that it is compared with."""

from __future__ import annotations

from typing import Any, Final, Protocol

import orjson

from ticker.entry import Entry
from ticker.feed import ON_AIR
from ticker.reader import Reader
from ticker.unplaced import UNPLACED
from ticker.wire import CloseCode, Encoding

WINDOW: Final = 4
"""Dispatches in a snapshot, for the time of the test."""

CHUNK: Final = 600
"""Bytes written at once, for the time of the test: a few frames."""

LONGEST_DISPATCH: Final = 600
"""Bytes that no frame of a single dispatch reaches."""

LONGEST_STATUS: Final = 100
"""Bytes that no beat reaches."""

Shown = dict[str, Any]


def put(dispatches: dict[str, Shown], dispatch: Shown) -> None:
    """A page's own fold: a dispatch goes to its place among the newest, and a killed one stays killed."""
    id, known = dispatch["id"], dispatches.get(dispatch["id"])
    if known is None and dispatches and id < min(dispatches):
        return
    if known is None or (known["status"] != "killed" and known["revision"] < dispatch["revision"]):
        dispatches[id] = dispatch
    for oldest in sorted(dispatches)[:-WINDOW]:
        del dispatches[oldest]


def tombstone(kill: Shown, at: str) -> Shown:
    kept = {name: kill[name] for name in ("id", "filed", "revision", "reason")}
    return kept | {"updated": at, "status": "killed"}


def shows(entries: list[Entry]) -> Shown:
    """What the feed shows at the end of a plain list of entries."""
    air, pinned = ON_AIR, None
    dispatches: dict[str, Shown] = {}
    for entry in entries:
        match entry.kind:
            case "file" | "correct":
                dispatches[entry.content["dispatch"]["id"]] = entry.content["dispatch"]
            case "kill":
                dispatches[entry.content["id"]] = tombstone(entry.content, entry.at)
            case "pin":
                pinned = entry.content["id"]
            case "air":
                air = entry.content["air"]
    newest = sorted(dispatches, reverse=True)[:WINDOW]
    return {"air": air, "pinned": pinned, "dispatches": [dispatches[id] for id in newest]}


class Witness(Protocol):
    """What pages check their frames against."""

    pages: list[Page]
    before: dict[str, str]
    """Position of each entry of any history → the position before it."""
    seen: list[str]
    """Positions that some reader was once told."""
    leaving: CloseCode | None
    """What all readers are dismissed with now, if they are."""

    def withdrawn(self) -> list[bytes]:
        """Every text that a dispatch killed in the history that the node has ever had."""

    def check_proof(self, at: str, position: str) -> None:
        """Check that what is at a position was in sync with the log at this time, or later."""

    def check_reset(self, before: str, after: str) -> None:
        """Check that a reader is not put back in the history that the log has now."""


class Page(Reader):
    """A reader with a socket of little room that believes nothing it has not checked."""

    encoding: Encoding = "lines"

    def __init__(self, world: Witness, room: int | None, after: str | None) -> None:
        super().__init__()
        self.world = world
        self.room = room
        self.after = self.position = after
        self.pending = self.rest = b""
        self.air: Shown | None = None
        self.pinned: str | None = None
        self.dispatches: dict[str, Shown] = {}
        self.status: str | None = None
        """Time of the last beat, or `delayed`."""
        self.got: list[str] = []
        self.is_cut = False
        self.knows = after is None
        """Whether it shows what was there at its position."""
        self.closed = False
        """Whether it was told that the feed is closed."""
        self.reopened = False
        """Whether the feed was opened again before it took all of that."""

    def comes_back(self, room: int | None) -> Page:
        """The same page on another connection: what it shows, and from where it asks to go on."""
        page = Page(self.world, room, self.position)
        page.air, page.pinned, page.dispatches = self.air, self.pinned, {**self.dispatches}
        page.knows = self.knows
        return page

    @classmethod
    def shown_elsewhere(cls, world: Witness, room: int | None, position: str, shown: Shown) -> Page:
        """A page that another node brought to a position, where it shows this."""
        page = cls(world, room, position)
        page.air, page.pinned = shown["air"], shown["pinned"]
        page.dispatches = {each["id"]: each for each in shown["dispatches"]}
        page.knows = True
        return page

    @property
    def held(self) -> bool:
        """Whether this node cannot place it yet."""
        return self.cursor == UNPLACED

    # Its socket

    def write(self, data: bytes) -> bool:
        assert not self.pending, "written to while full"
        for text in self.world.withdrawn():
            assert text not in data, "a killed text was written again"
        taken = len(data) if self.room is None else min(self.room, len(data))
        self.room = None if self.room is None else self.room - taken
        self.pending = data[taken:]
        snapshot = len(orjson.dumps(self.channel.feed.snapshot()))
        whole = snapshot if b'"type":"snapshot"' in data else CHUNK + LONGEST_DISPATCH
        assert len(data) < whole + LONGEST_STATUS, "a slow reader may come to hold more than a chunk or a snapshot"
        self.read(data[:taken])
        return not self.pending

    def drain(self, room: int | None) -> None:
        """The network takes some more bytes."""
        taken = len(self.pending) if room is None else min(room, len(self.pending))
        now, self.pending = self.pending[:taken], self.pending[taken:]
        self.room = None if room is None else room - taken
        self.read(now)
        if now and self.pending:
            self.channel.made_progress(self)
        elif now:
            self.channel.on_writable(self)

    def cut(self) -> None:
        self.is_cut = True

    def dismiss(self, why: CloseCode) -> None:
        self.world.pages.remove(self)
        if self.world.leaving is not None:
            assert why is self.world.leaving
            return
        assert why is CloseCode.GOING_AWAY
        assert self.closed, "dismissed without a last snapshot"
        assert not self.pending, "dismissed before its socket took the last snapshot"
        assert self.channel.feed.closed is not None or self.reopened

    # Its eyes

    def read(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in filter(None, lines):
            frame = orjson.loads(line)
            assert len(line) < LONGEST_DISPATCH or frame["type"] == "snapshot"
            self.take(frame)
            self.got.append(frame["type"])

    def take(self, frame: Shown) -> None:
        assert not self.closed, "something came after the last snapshot"
        match frame["type"]:
            case "snapshot" if "closed" in frame and not frame["reset"]:
                # The last of all. What came before it is complete, so it says nothing new.
                self.closed = True
                shown = {name: frame[name] for name in ("air", "pinned", "dispatches")}
                assert self.position in (None, frame["position"]), "a hole before the end"
                assert self.position is None or not self.knows or self.shows() == shown
                self.position = frame["position"]
                self.world.seen.append(frame["position"])
                return
            case "snapshot":
                self.closed = "closed" in frame
                if frame["at"] is not None:
                    self.world.check_proof(frame["at"], frame["position"])
                if self.position is not None:
                    self.world.check_reset(self.position, frame["position"])
                # Only the very first snapshot of a reader that had nothing may leave what it shows standing.
                assert frame["reset"] == (bool(self.got) or self.after is not None)
                self.dispatches = {each["id"]: each for each in frame["dispatches"]}
                self.air, self.pinned = frame["air"], frame["pinned"]
                self.position = frame["position"]
                self.world.seen.append(frame["position"])
                return
            case "move":
                return
            case "delayed":
                self.status = "delayed"
                return
            case "beat":
                assert frame["position"] == self.position, "a beat before all it speaks for"
                assert self.status is None or frame["at"] != self.status, "told twice"
                self.world.check_proof(frame["at"], frame["position"])
                self.status = frame["at"]
                return
            case "dispatch":
                put(self.dispatches, frame["dispatch"])
            case "kill":
                put(self.dispatches, tombstone(frame, frame["at"]))
            case "pin":
                self.pinned = frame["id"]
            case "air":
                self.air = frame["air"]
        assert self.world.before[frame["position"]] == self.position, "a hole, a double or another history"
        self.position = frame["position"]
        self.world.seen.append(frame["position"])

    def shows(self) -> Shown:
        return {
            "air": self.air,
            "pinned": self.pinned,
            "dispatches": [self.dispatches[id] for id in sorted(self.dispatches)[::-1]],
        }
