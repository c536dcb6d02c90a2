"""uvicorn's HTTP protocol, which knows to which of several pipelined requests it is responding.

uvicorn itself knows only the latest one. If the client of a stream has sent another request behind it and then leaves,
that one would be told, and the stream would never end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ticker.errors import Unavailable
from ticker.server.refusal import refusal
from ticker.web.address_share import GONE, ON_LEAVING

MAX_PIPELINED: Final = 64
"""Requests that may be sent behind one that is not answered yet."""

MAX_PIPELINED_SIZE: Final = 128 * 1024
"""Bytes of memory that they may take: their URLs, headers and bodies."""

HEADER_SIZE: Final = 160
"""Bytes of memory that a header takes beside those of its name and value: a tuple and two objects, and their places."""

STOPPING: Final = Unavailable("This node is stopping, and the request was not answered in time; send it again")


class PipelinedHttpProtocol(HttpToolsProtocol):
    """See above."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._running: RequestResponseCycle | None = None
        self._pipelined_sizes: deque[int] = deque()
        """Bytes of memory of each request that has not begun, the next one first."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Abort a connection that was reset before: it has lost its address, and its requests would count for none."""
        super().connection_made(transport)
        if self.client is None:
            transport.abort()

    @property
    def responding(self) -> bool:
        """Whether a request is not answered yet, begun or not."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def streaming(self) -> bool:
        """Whether the response is an event stream."""
        cycle = self._running
        return cycle is not None and cycle.response_started and cycle.scope["path"].endswith("/live")

    @property
    def pipelines_too_much(self) -> bool:
        """Whether the requests that have not begun are too many or too large."""
        return len(self.pipeline) > MAX_PIPELINED or sum(self._pipelined_sizes) > MAX_PIPELINED_SIZE

    def on_headers_complete(self) -> None:
        """Begin the request, or let it wait for the responses to those before it."""
        before = len(self.pipeline)
        super().on_headers_complete()
        if len(self.pipeline) > before:
            size = sum(len(name) + len(value) + HEADER_SIZE for name, value in self.headers)
            self._pipelined_sizes.append(len(self.url) + size)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body of the latest request."""
        super().on_body(body)
        if self._pipelined_sizes:
            self._pipelined_sizes[-1] += len(body)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle

        async def run(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
            try:
                await app(scope, receive, send)
            except asyncio.CancelledError:
                self._end_cancelled(cycle)

        super()._start_asgi_task(cycle, run)

    def _end_cancelled(self, cycle: RequestResponseCycle) -> None:
        """End a request that uvicorn cancels, as it does with those that are not answered in time when it stops."""
        cycle.disconnected = True
        if not cycle.response_started and not self.transport.is_closing():
            self.transport.write(refusal(STOPPING))
            self.app_state["node"].responses[STOPPING.status] += 1
        self.transport.close()

    def on_response_complete(self) -> None:
        """Start the next request, if there is one."""
        self._running = None
        if self._pipelined_sizes:
            self._pipelined_sizes.popleft()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application that the client has left, and forget the requests that have not begun."""
        self.pipeline.clear()
        self._pipelined_sizes.clear()
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
            state = self._running.scope["state"]
            state[GONE] = True
            if on_leaving := state.get(ON_LEAVING):
                on_leaving()
        super().connection_lost(exc)
