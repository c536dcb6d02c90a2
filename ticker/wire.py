"""Frames: what readers are sent, encoded once for all of them.

A frame is one JSON object. It is encoded here for each way in which it may be sent: as a WebSocket text frame (RFC 6455
section 5.2, unmasked, final), the same deflated (RFC 7692), or as a Server-Sent Event (WHATWG HTML section 9.2).
PROTOCOL.md describes all frames; those of log entries are made in `ticker.changes`.
"""

from __future__ import annotations

import zlib
from enum import IntEnum
from typing import Any, Final, Literal

import orjson

from ticker.entry import Position
from ticker.feed import Feed

Encoding = Literal["websocket", "deflated", "sse", "lines"]
"""How frames are encoded for a reader. `deflated` is a WebSocket with permessage-deflate; `lines` is bare JSON, a frame
a line, for transports that add an encoding of their own."""

BEAT_INTERVAL: Final = 10.0
"""Seconds between beats to a reader. Part of the protocol: readers show a feed as dead some seconds later."""


class CloseCode(IntEnum):
    """Close codes of a WebSocket (RFC 6455 section 7.4), and what the client should do then.

    The names are those of `websockets.frames.CloseCode`; this one says what each
    asks of a client, and frames need no network library.
    """

    GOING_AWAY = 1001
    """The feed was closed or removed: a client that reconnects gets 404 or 410."""
    INVALID_DATA = 1007
    """The reader sent text that is not UTF-8: reconnect, and send nothing."""
    POLICY_VIOLATION = 1008
    """The reader sent more than a reader may, or may no longer read this feed."""
    SERVICE_RESTART = 1012
    """This node is shutting down: reconnect at a random moment, and resume."""


_FIN_TEXT: Final = 0x81
_COMPRESSED: Final = 0x40


class Frame:
    """One message to readers, in every encoding."""

    __slots__ = ("_deflated", "lines", "sse", "websocket")

    def __init__(self, content: dict[str, Any]) -> None:
        text = orjson.dumps(content)
        self.lines = text + b"\n"
        self.websocket = _websocket_header(len(text), _FIN_TEXT) + text
        self._deflated: bytes | None = None
        position = content.get("position")
        mark = b"id: " + position.encode() + b"\n" if position else b""
        self.sse = b"event: " + content["type"].encode() + b"\n" + mark + b"data: " + self.lines + b"\n"

    @property
    def deflated(self) -> bytes:
        """The WebSocket frame compressed by itself (RFC 7692), or plain if that is not longer. Compressed on first use.

        Without a context shared between frames, the same bytes serve all readers.
        """
        if self._deflated is None:
            deflate = zlib.compressobj(wbits=-15)
            # The last four bytes of the block are the same in all messages, and are not sent (section 7.2.1).
            text = (deflate.compress(self.lines[:-1]) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
            shorter = _websocket_header(len(text), _FIN_TEXT | _COMPRESSED) + text
            self._deflated = min(shorter, self.websocket, key=len)
        return self._deflated


def _websocket_header(length: int, first: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 1 << 16:
        return bytes((first, 126)) + length.to_bytes(2)
    return bytes((first, 127)) + length.to_bytes(8)


def snapshot_frame(feed: Feed, *, reset: bool, at: str | None) -> Frame:
    """Return the frame from which a reader starts; `reset` tells it to discard what it shows.

    `at` is the time of the node's last proof (RFC 3339, by the clock of Redis), None before the first.
    """
    return Frame(feed.snapshot(reset=reset, at=at))


def beat_frame(position: Position, at: str, watching: int) -> Frame:
    """Return the proof that this node was in sync with Redis at `at` (RFC 3339, by the clock of Redis)."""
    return Frame({"type": "beat", "position": str(position), "at": at, "watching": watching})


def delayed_frame(since: str) -> Frame:
    """Return the frame that tells readers that this node lost Redis at `since` (RFC 3339)."""
    return Frame({"type": "delayed", "since": since})


def move_frame(within: int) -> Frame:
    """Return the request to reconnect at a random moment within that many milliseconds."""
    return Frame({"type": "move", "within": within})
