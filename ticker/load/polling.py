"""A crowd of readers that follow by long-poll: keep-alive connections, a new request as soon as the last is answered.

`python -m ticker.load.polling SPEC`, with the same commands as `ticker.load.crowd`. Readers follow the rules of our
clients: each request asks from the last position, and the same URL is not requested twice within a second.
"""

from __future__ import annotations

import json
import re
import sys
import time
from typing import Final, NamedTuple

from ticker.load.crowd import Crowd, Reader, Spec, raise_file_limit
from ticker.load.frames import Beat, PollResponses

REQUEST_INTERVAL: Final = 1_000_000_000
"""Nanoseconds within which the same URL is not requested twice."""
_HEAD_ENDS: Final = b"\r\n\r\n"
_STATUS_AT: Final = len(b"HTTP/1.1 ")
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CLOSES: Final = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)


class Response(NamedTuple):
    """A whole response (RFC 9112).

    Attributes:
        status: its status line from the code on, such as `204 No Content`.
        body: empty where it has no content.
        closes: whether the server closes the connection after it.
        rest: bytes that follow it.
    """

    status: str
    body: bytes
    closes: bool
    rest: bytes


def read(data: bytes) -> Response | None:
    """Return the response that `data` begins with, or None while it is incomplete."""
    head, end, body = data.partition(_HEAD_ENDS)
    if not end:
        return None
    length = _LENGTH.search(head)
    size = int(length[1]) if length else 0
    if len(body) < size:
        return None
    status = head.partition(b"\r\n")[0][_STATUS_AT:].decode("latin-1")
    return Response(status, body[:size], _CLOSES.search(head) is not None, body[size:])


class PollingReader(Reader):
    """A reader with a request in flight, or one that is to be sent later.

    Attributes:
        asked: the position in the last request.
        asked_at: when that was sent (ns).
        delayed: whether the next request waits for its time, with the connection open.
    """

    __slots__ = ("asked", "asked_at", "delayed")

    def __init__(self, position: str) -> None:
        super().__init__()
        self.position = position
        self.asked = ""
        self.asked_at = 0
        self.delayed = False


class PollingCrowd(Crowd):
    """All readers of this process. One counts as open as soon as its first request is sent."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.responses = PollResponses(spec.run)
        self.everyone = [PollingReader(spec.position) for _ in range(spec.count)]
        self.unconnected = list(self.everyone)

    def _connect(self, reader: Reader) -> None:
        """Connect and send the request; on a connection that is still open, send the delayed one."""
        assert isinstance(reader, PollingReader)
        delayed, reader.delayed = reader.delayed, False
        if reader.connection is None or reader.connection.fileno() not in self.readers:
            super()._connect(reader)
        elif delayed:
            self._request_again(reader)

    def _request_again(self, reader: Reader) -> None:
        if not self._send_request(reader):  # no room for a hundred bytes: the server does not read
            self._reconnect(reader)

    def _send_request(self, reader: Reader) -> bool:
        assert isinstance(reader, PollingReader)
        now = time.monotonic_ns()
        if reader.asked == reader.position and now - reader.asked_at < REQUEST_INTERVAL:
            reader.delayed = True
            self._connect_at(reader, reader.asked_at + REQUEST_INTERVAL)
            return True
        if not super()._send_request(reader):
            return False
        reader.asked, reader.asked_at = reader.position, now
        if not reader.opened:
            self._opened(reader, now)
        return True

    def _take(self, reader: Reader, data: bytes) -> None:
        now = time.monotonic_ns()
        response = read(reader.rest + data)
        if response is None:
            reader.rest += data
            return
        reader.rest = response.rest
        if response.status.startswith("200"):
            piece = self.responses.read(response.body)
            reader.position = piece.position
            self.count.record(reader, piece.events, now)
        elif response.status.startswith("204"):
            self.count.record(reader, (Beat(),), now)
        else:
            self._refuse(response.status)
            self._reconnect(reader)
            return
        if response.closes:
            self._reconnect(reader)
        else:
            self._request_again(reader)


def main() -> None:
    """Run the crowd that the first argument describes."""
    raise_file_limit()
    PollingCrowd(Spec(**json.loads(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
