"""Reads the events in a piece of a stream, by the marks in their dispatches.

A mark is `@`, the run's name, the sender's clock in nanoseconds (CLOCK_MONOTONIC, which all processes of a machine
share) and the dispatch's number, from 1. It shows how long the dispatch took, and whether a reader got every dispatch
once and in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

_CLOCK: Final = 19
_NUMBER: Final = 7
_STARTS: Final = 40
"""Bytes at the start of a frame that contain its type."""
_CACHE_SIZE: Final = 1024
_MAX_CACHED_PIECE: Final = 64 * 1024
"""Bytes of a piece worth caching: longer ones come to readers that are far behind, and differ for each."""
_POSITION: Final = b'"position":"'


def mark(run: str, sent: int, number: int) -> str:
    """Return the mark of a run's dispatch that is sent at `sent`, by the clock in nanoseconds."""
    return f"@{run}{sent:0{_CLOCK}d}{number:0{_NUMBER}d}"


class Dispatch(NamedTuple):
    """A dispatch with a mark of this run: when it was sent (ns), and its number."""

    sent: int
    number: int


class Snapshot(NamedTuple):
    """A fresh start: the numbers of the dispatches in it, and whether it replaces everything before."""

    numbers: frozenset[int]
    reset: bool


class Beat(NamedTuple):
    """The proof that a reader has caught up."""


class Ping(NamedTuple):
    """A ping, to be answered with the same bytes (RFC 6455 section 5.5.2)."""

    payload: bytes


class Close(NamedTuple):
    """The close frame of a WebSocket (RFC 6455 section 5.5.1)."""


Event = Dispatch | Snapshot | Beat
Control = Ping | Close


class Piece(NamedTuple):
    """The contents of some bytes.

    Attributes:
        events: what is to be counted, in order.
        controls: control frames that the reader has to act on.
        position: the last position in it, if there is one.
        rest: the beginning of an incomplete frame.
    """

    events: tuple[Event, ...] = ()
    controls: tuple[Control, ...] = ()
    position: str = ""
    rest: bytes = b""


class PollResponses:
    """Reads the bodies of responses to requests for changes; all readers get the same, so each is read once."""

    def __init__(self, run: str) -> None:
        """Look for the marks of a run."""
        self._mark = b"@" + run.encode()
        self._known = (b"", Piece())

    def read(self, body: bytes) -> Piece:
        """Return the contents of a whole body; the next request continues from its position."""
        known, piece = self._known
        if body != known:
            piece = self._read(body)
            self._known = (body, piece)
        return piece

    def _read(self, body: bytes) -> Piece:
        found = list(_dispatches(self._mark, body))
        events: list[Event] = [*found, Beat()]
        if b'"type":"snapshot"' in body[:_STARTS]:
            events = [Snapshot(frozenset(dispatch.number for dispatch in found), b'"reset":true' in body)]
        return Piece(tuple(events), position=_position(body, body.rfind(_POSITION)))


class Frames:
    """Reads the frames of one kind of stream.

    A server that builds a frame once sends all readers the same bytes, so each piece is read once and cached: reading
    is the larger part of what a reader costs here, on a core that the service may have to share.
    """

    def __init__(self, run: str, *, sse: bool) -> None:
        """Look for the marks of a run in WebSocket frames, unmasked as a server sends them, or Server-Sent Events."""
        self._mark = b"@" + run.encode()
        self._sse = sse
        self._known: dict[bytes, Piece] = {}

    def read(self, data: bytes) -> Piece:
        """Return the contents of a piece of a stream, which starts at the beginning of a frame."""
        piece = self._known.get(data)
        if piece is None:
            piece = self._read(data)
            if len(data) <= _MAX_CACHED_PIECE:
                if len(self._known) >= _CACHE_SIZE:
                    self._known.clear()
                self._known[data] = piece
        return piece

    def _read(self, data: bytes) -> Piece:
        events: list[Event] = []
        controls: list[Control] = []
        at, position = 0, ""
        for end in self._ends(data):
            frame, at = data[at:end], end
            position = _position(frame, frame.find(_POSITION)) or position
            if not self._sse and (control := _control(frame)) is not None:
                controls.append(control)
            else:
                events += self._events(frame)
        return Piece(tuple(events), tuple(controls), position, data[at:])

    def _ends(self, data: bytes) -> Iterator[int]:
        """Yield the end of each whole frame."""
        at = 0
        while (at := _event_end(data, at) if self._sse else _frame_end(data, at)) and at <= len(data):
            yield at

    def _events(self, frame: bytes) -> list[Event]:
        """Return what is in a frame; some servers put several messages into one."""
        start = frame[:_STARTS]
        found = list(_dispatches(self._mark, frame))
        if b"snapshot" in start:
            return [Snapshot(frozenset(dispatch.number for dispatch in found), b'"reset":true' in frame)]
        if b"beat" in start:
            return [Beat()]
        return [*found]


def _dispatches(marked: bytes, data: bytes) -> Iterator[Dispatch]:
    at = 0
    while (at := data.find(marked, at) + len(marked)) >= len(marked):
        clock, number = at + _CLOCK, at + _CLOCK + _NUMBER
        yield Dispatch(int(data[at:clock]), int(data[clock:number]))


def _control(frame: bytes) -> Control | None:
    match frame[0] & 0x0F:
        case 8:
            return Close()
        case 9:
            return Ping(frame[2:])
    return None


def _event_end(data: bytes, at: int) -> int:
    """Return the end of a Server-Sent Event, or 0 while it is incomplete."""
    found = data.find(b"\n\n", at)
    return 0 if found < 0 else found + 2


def _frame_end(data: bytes, at: int) -> int:
    """Return the end of a WebSocket frame (section 5.2), or 0 while its header is incomplete."""
    size = data[at + 1] if len(data) > at + 1 else 0
    head = at + {126: 4, 127: 10}.get(size, 2)
    if len(data) < head:
        return 0
    return head + (size if size < 126 else int.from_bytes(data[at + 2 : head]))


def _position(data: bytes, found: int) -> str:
    """Return the position whose member was found there; an empty one if none was found (-1)."""
    at = found + len(_POSITION)
    return data[at : data.find(b'"', at)].decode() if found >= 0 else ""
