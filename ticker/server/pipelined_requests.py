"""uvicorn's HTTP protocol, which knows to which of several pipelined requests it is responding.

uvicorn itself knows only the latest one. If the client of a stream has sent another request behind it and then leaves,
that one would be told, and the stream would never end.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ticker.web.address_share import GONE, ON_LEAVING


class PipelinedHttpProtocol(HttpToolsProtocol):
    """See above."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._running: RequestResponseCycle | None = None

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

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Start the next request, if there is one."""
        self._running = None
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application that the client has left, and forget the requests that have not begun."""
        self.pipeline.clear()
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
            state = self._running.scope["state"]
            state[GONE] = True
            if on_leaving := state.get(ON_LEAVING):
                on_leaving()
        super().connection_lost(exc)
