"""The answer that opens a stream, and the chunks that a server or a proxy may cut its body into."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_HEAD_ENDS: Final = b"\r\n\r\n"
_LINE_ENDS: Final = b"\r\n"
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)


class Answer(NamedTuple):
    """The head of an answer (RFC 9112).

    Attributes:
        refused: its first line, if it opens no stream.
        chunked: whether its body comes in chunks.
        body: what has come of that already.
    """

    refused: str
    chunked: bool
    body: bytes


def read(data: bytes, *, sse: bool) -> Answer | None:
    """Return what a connection begins with, asked for events or a WebSocket; None while the head is not whole."""
    head, end, body = data.partition(_HEAD_ENDS)
    if not end:
        return None
    first = head.partition(_LINE_ENDS)[0].decode("latin-1")
    opens = head.startswith(b"HTTP/1.1 200" if sse else b"HTTP/1.1 101")
    return Answer("" if opens else first, _CHUNKED.search(head) is not None, body)


class Chunks:
    """Takes the chunks of a body apart (RFC 9112 section 7.1), wherever their bytes were cut on the way."""

    __slots__ = ("_ended", "_left", "_rest")

    def __init__(self) -> None:
        self._left = 0
        self._rest = b""
        self._ended = False

    def body(self, data: bytes) -> bytes:
        """Return what these bytes carry. A line with a length that is not whole waits for the next.

        Raises:
            ValueError: what should be a length is none.
        """
        rest, parts = self._rest + data, []
        while not self._ended:
            parts.append(rest[: self._left])
            rest = rest[self._left :]
            self._left -= len(parts[-1])
            # Behind each chunk but the first stands the end of a line before the next one's length.
            end = -1 if self._left else rest.find(_LINE_ENDS, 2 * rest.startswith(_LINE_ENDS))
            if end < 0:
                self._rest = rest
                break
            self._left = int(rest[:end].partition(b";")[0], 16)
            rest = rest[end + 2 :]
            self._ended = not self._left  # what may follow the last, empty chunk is no part of the body
        return b"".join(parts)
