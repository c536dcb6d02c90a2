"""A feed's log, its clock, and readers whose sockets do as they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ticker.changes import fold
from ticker.channel import Channel
from ticker.entry import Entry, Tail, chain
from ticker.feed import Feed
from ticker.hub import Hub
from ticker.reader import Reader
from ticker.wire import CloseCode, Encoding

AT = "2026-03-11T14:30:00.000Z"
PROOF, LATER = "2026-03-11T14:30:10.000Z", "2026-03-11T14:30:20.000Z"
LONGEST_FRAME = 2048


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Log:
    """A feed's log as the journal keeps it: written entry by entry, each chained to the one before."""

    def __init__(self, origin: str = "0" * 40) -> None:
        self.tails = [Tail(0, origin)]
        self.entries: list[Entry] = []

    def write(self, kind: str, **content: Any) -> Entry:
        text = orjson.dumps({"kind": kind, "at": AT, "by": "Desk", **content})
        tail = self.tails[-1]
        self.entries.append(Entry.read(tail.offset + 1, chain(tail.hash, text), text))
        self.tails.append(self.entries[-1].tail)
        return self.entries[-1]

    def file(self, text: str = "Quake", id: str | None = None, revision: int = 1) -> Entry:
        id = id or f"{len(self.tails):08}"
        dispatch = {"id": id, "text": text, "filed": AT, "updated": AT, "revision": revision, "status": "usable"}
        return self.write("file" if revision == 1 else "correct", dispatch=dispatch)

    def kill(self, id: str, revision: int = 9) -> Entry:
        return self.write("kill", id=id, reason="withdrawn", filed=AT, revision=revision)

    def feed(self, offset: int, name: str = "breaking") -> Feed:
        """What the feed shows at an offset."""
        feed = Feed(name, "Breaking news", "en", self.tails[0])
        for entry in self.entries[:offset]:
            fold(entry, feed)
        return feed

    def channel(self, clock: Callable[[], float], *, capacity: int = 8) -> Channel:
        """A node's channel that starts from here."""
        end, base = len(self.entries), max(len(self.entries) - capacity, 0)
        return Channel(self.feed(end), self.entries[base:], self.tails[base], capacity=capacity, clock=clock)

    def open_in(self, hub: Hub, name: str = "breaking") -> Channel:
        """Open this log's feed in a hub, from its beginning."""
        return hub.open(self.feed(len(self.entries), name), self.entries, self.tails[0])

    def position(self, offset: int) -> str:
        return str(self.tails[offset].position)


class Socket(Reader):
    """A reader that keeps what it is given. A slow one takes each write only when it is drained."""

    def __init__(self, encoding: Encoding = "lines", *, slow: bool = False) -> None:
        super().__init__()
        self.encoding = encoding
        self.slow = slow
        self.full = self.is_cut = False
        self.dismissed: CloseCode | None = None
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> bool:
        assert data, "a write of nothing"
        assert not self.full, "written to while full"
        assert self.dismissed is None, "written to after it was dismissed"
        self.writes.append(data)
        self.full = self.slow
        return not self.full

    def cut(self) -> None:
        self.is_cut = True

    def dismiss(self, why: CloseCode) -> None:
        assert self.dismissed is None, "dismissed twice"
        self.dismissed = why

    def drain(self) -> None:
        self.full = False
        self.channel.on_writable(self)

    def take(self) -> list[dict[str, Any]]:
        """Frames written since last asked, of a reader in the encoding `lines`."""
        lines = b"".join(self.writes).splitlines()
        self.writes.clear()
        return [orjson.loads(line) for line in lines]

    def recover(self) -> list[dict[str, Any]]:
        """Drain for good; return what comes then."""
        self.writes.clear()
        self.slow = False
        self.drain()
        return self.take()


def joined(channel: Channel, after: str | None = None, *, slow: bool = False) -> Socket:
    """A reader that has joined and whose first frames have been taken."""
    socket = Socket(slow=slow)
    channel.join(socket, after)
    socket.writes.clear()
    return socket


def publish(channel: Channel, log: Log, times: int = 1, text: str = "Quake") -> None:
    for _ in range(times):
        channel.publish(log.file(text))


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["type"] for frame in frames]


def offsets(frames: list[dict[str, Any]]) -> list[int]:
    return [int(frame["position"].split("-")[0]) for frame in frames]
