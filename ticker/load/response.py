"""The response head that opens a stream, and the chunks that a server or a proxy may cut the body into."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_HEAD_ENDS: Final = b"\r\n\r\n"
_LINE_ENDS: Final = b"\r\n"
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)


class ResponseHead(NamedTuple):
    """The head of a response (RFC 9112).

    Attributes:
        refused: its status line, if it opens no stream.
        chunked: whether its body comes in chunks.
        body: the bytes of that which have come with the head.
    """

    refused: str
    chunked: bool
    body: bytes


def read_head(data: bytes, *, sse: bool) -> ResponseHead | None:
    """Return the head of the response to a request for events or a WebSocket; None while it is incomplete."""
    head, end, body = data.partition(_HEAD_ENDS)
    if not end:
        return None
    first = head.partition(_LINE_ENDS)[0].decode("latin-1")
    opens = head.startswith(b"HTTP/1.1 200" if sse else b"HTTP/1.1 101")
    return ResponseHead("" if opens else first, _CHUNKED.search(head) is not None, body)


class Chunks:
    """Decodes a chunked body (RFC 9112 section 7.1), however its bytes are split into reads."""

    __slots__ = ("_ended", "_left", "_rest")

    def __init__(self) -> None:
        self._left = 0
        self._rest = b""
        self._ended = False

    def body(self, data: bytes) -> bytes:
        """Return the content of these bytes. An incomplete line with a length is kept for the next call.

        Raises:
            ValueError: a length is not a number.
        """
        rest, parts = self._rest + data, []
        while not self._ended:
            parts.append(rest[: self._left])
            rest = rest[self._left :]
            self._left -= len(parts[-1])
            # Each chunk ends with a line break, which comes before the length of the next one.
            end = -1 if self._left else rest.find(_LINE_ENDS, 2 * rest.startswith(_LINE_ENDS))
            if end < 0:
                self._rest = rest
                break
            self._left = int(rest[:end].partition(b";")[0], 16)
            rest = rest[end + 2 :]
            self._ended = not self._left  # trailers may follow the last, empty chunk; they are not part of the body
        return b"".join(parts)
