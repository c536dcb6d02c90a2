"""What a piece of a stream says to a reader of the load.

A mark is `@`, the run's name, the sender's clock in nanoseconds (CLOCK_MONOTONIC, which all processes of a machine
share) and the line's number, from 1. Wherever it stands in a frame, it tells how long the line was on its way, and
whether a reader has had every line once and in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

_CLOCK: Final = 19
_NUMBER: Final = 7
_STARTS: Final = 40
"""Bytes of a frame in which its type stands."""
_KNOWN_AT_MOST: Final = 4096
_KNOWN_UP_TO: Final = 16 * 1024
"""Bytes of a piece worth remembering: the long ones are those of readers who are far behind, each its own way."""
_POSITION: Final = b'"position":"'


def mark(run: str, sent: int, number: int) -> str:
    """Return the mark of a run's line that is sent now, by the clock in nanoseconds."""
    return f"@{run}{sent:0{_CLOCK}d}{number:0{_NUMBER}d}"


class Line(NamedTuple):
    """A line with a mark of this run: when it was sent (ns), and its number."""

    sent: int
    number: int


class Snapshot(NamedTuple):
    """A fresh start: the numbers of the lines in it, and whether it makes void what was seen before."""

    numbers: frozenset[int]
    reset: bool


class Beat(NamedTuple):
    """The word that a reader is level."""


class Ping(NamedTuple):
    """A question that wants these bytes back (RFC 6455 section 5.5.2)."""

    payload: bytes


class Farewell(NamedTuple):
    """The end of a WebSocket (RFC 6455 section 5.5.1)."""


News = Line | Snapshot | Beat
Request = Ping | Farewell


class Piece(NamedTuple):
    """What some bytes say.

    Attributes:
        news: what is to be counted, in order.
        requests: what asks something of the reader.
        position: the last position in it, if there is one.
        rest: the beginning of a frame whose end is yet to come.
    """

    news: tuple[News, ...] = ()
    requests: tuple[Request, ...] = ()
    position: str = ""
    rest: bytes = b""


class Changes:
    """Bodies of responses to requests for changes: the same for everybody, so each is read once."""

    def __init__(self, run: str) -> None:
        """Look for the marks of a run."""
        self._mark = b"@" + run.encode()
        self._known = (b"", Piece())

    def read(self, body: bytes) -> Piece:
        """Return what a whole body says; its position is where the next request goes on from."""
        known, piece = self._known
        if body != known:
            piece = self._read(body)
            self._known = (body, piece)
        return piece

    def _read(self, body: bytes) -> Piece:
        found = list(_lines(self._mark, body))
        news: list[News] = [*found, Beat()]
        if b'"type":"snapshot"' in body[:_STARTS]:
            news = [Snapshot(frozenset(line.number for line in found), b'"reset":true' in body)]
        return Piece(tuple(news), position=_position(body, body.rfind(_POSITION)))


class Frames:
    """The frames of one kind of stream.

    A server that builds a frame once sends all readers the same bytes, so what a piece says is worked out once
    too: it is the larger part of what a reader costs here, on a core that the service may have to share.
    """

    def __init__(self, run: str, *, sse: bool) -> None:
        """Look for the marks of a run in WebSocket frames, unmasked as a server sends them, or Server-Sent Events."""
        self._mark = b"@" + run.encode()
        self._sse = sse
        self._known: dict[bytes, Piece] = {}

    def read(self, data: bytes) -> Piece:
        """Return what a piece of an open stream says. It starts with the beginning of a frame."""
        piece = self._known.get(data)
        if piece is None:
            piece = self._read(data)
            if len(data) <= _KNOWN_UP_TO:
                if len(self._known) >= _KNOWN_AT_MOST:
                    self._known.clear()
                self._known[data] = piece
        return piece

    def _read(self, data: bytes) -> Piece:
        news: list[News] = []
        requests: list[Request] = []
        at, position = 0, ""
        for end in self._ends(data):
            frame, at = data[at:end], end
            position = _position(frame, frame.find(_POSITION)) or position
            if not self._sse and (request := _request(frame)) is not None:
                requests.append(request)
            elif (event := self._event(frame)) is not None:
                news.append(event)
        return Piece(tuple(news), tuple(requests), position, data[at:])

    def _ends(self, data: bytes) -> Iterator[int]:
        """Return where each whole frame ends."""
        at = 0
        while (at := _event_end(data, at) if self._sse else _frame_end(data, at)) and at <= len(data):
            yield at

    def _event(self, frame: bytes) -> News | None:
        start = frame[:_STARTS]
        if b"snapshot" in start:
            return Snapshot(frozenset(line.number for line in _lines(self._mark, frame)), b'"reset":true' in frame)
        if b"beat" in start:
            return Beat()
        return next(_lines(self._mark, frame), None)


def _lines(marked: bytes, data: bytes) -> Iterator[Line]:
    at = 0
    while (at := data.find(marked, at) + len(marked)) >= len(marked):
        clock, number = at + _CLOCK, at + _CLOCK + _NUMBER
        yield Line(int(data[at:clock]), int(data[clock:number]))


def _request(frame: bytes) -> Request | None:
    match frame[0] & 0x0F:
        case 8:
            return Farewell()
        case 9:
            return Ping(frame[2:])
    return None


def _event_end(data: bytes, at: int) -> int:
    """Return where a Server-Sent Event ends, or 0."""
    found = data.find(b"\n\n", at)
    return 0 if found < 0 else found + 2


def _frame_end(data: bytes, at: int) -> int:
    """Return where a WebSocket frame ends (section 5.2), or 0 while its own head is not whole."""
    size = data[at + 1] if len(data) > at + 1 else 0
    head = at + {126: 4, 127: 10}.get(size, 2)
    if len(data) < head:
        return 0
    return head + (size if size < 126 else int.from_bytes(data[at + 2 : head]))


def _position(data: bytes, found: int) -> str:
    """Return the position whose member was found there; nothing where none was (-1)."""
    at = found + len(_POSITION)
    return data[at : data.find(b'"', at)].decode() if found >= 0 else ""
