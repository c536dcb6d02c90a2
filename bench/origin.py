"""What a cache asks of the service behind it, counted on the way between the two."""

from __future__ import annotations

import contextlib
import time
from typing import Self

from tests.proxy import proxy
from tests.service import Service


class Origin:
    """A proxy between a cache and the service. Used as a context: inside, it listens on `port`.

    Attributes:
        requests: how many requests for changes the cache has sent.
        unchanged: when each 204 passed, by the clock of `time.monotonic`.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.requests = 0
        self.unchanged: list[float] = []

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.port = stack.enter_context(proxy(self._service, ask=self._ask, answer=self._answer))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _ask(self, piece: bytes) -> bytes:
        # A request is one piece: it is short, and Varnish waits for its response before it sends another.
        self.requests += piece.startswith(b"GET ") and b"/changes?" in piece.partition(b"\r\n")[0]
        return piece

    def _answer(self, piece: bytes) -> bytes:
        if piece.startswith(b"HTTP/1.1 204"):
            self.unchanged.append(time.monotonic())
        return piece
