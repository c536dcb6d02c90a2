"""The answer that opens a stream, and the chunks that a server or a proxy may cut its body into."""

from __future__ import annotations

from typing import Final, NamedTuple

_HEAD_ENDS: Final = b"\r\n\r\n"
_LINE_ENDS: Final = b"\r\n"


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


def read(data: bytes) -> Answer | None:
    """Return what the beginning of a connection answers; None while the head is not whole."""
    head, end, body = data.partition(_HEAD_ENDS)
    if not end:
        return None
    first = head.partition(_LINE_ENDS)[0].decode("latin-1")
    opens = head.startswith((b"HTTP/1.1 101", b"HTTP/1.1 200"))
    return Answer("" if opens else first, b"\r\ntransfer-encoding: chunked" in head.lower(), body)


class Chunks:
    """Takes the chunks of a body apart (RFC 9112 section 7.1), wherever their bytes were cut on the way."""

    __slots__ = ("_left", "_rest")

    def __init__(self) -> None:
        self._left = 0
        self._rest = b""

    def body(self, data: bytes) -> bytes:
        """Return what these bytes carry. A line with a length that is not whole waits for the next."""
        rest, parts = self._rest + data, []
        while True:
            parts.append(rest[: self._left])
            rest = rest[self._left :]
            self._left -= len(parts[-1])
            # Behind each chunk but the first stands the end of a line before the next one's length.
            end = -1 if self._left else rest.find(_LINE_ENDS, 2 * rest.startswith(_LINE_ENDS))
            if end < 0:
                self._rest = rest
                return b"".join(parts)
            self._left = int(rest[:end].partition(b";")[0], 16)
            rest = rest[end + 2 :]
