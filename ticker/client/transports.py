"""Opens what a connection wants, and passes on what arrives: WebSocket, Server-Sent Events, single requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from ticker.client.attempt import Attempt, Transport
from ticker.client.events import LONGEST, EventReader, TooLong
from ticker.client.exchange import read
from ticker.client.http import http_client
from ticker.client.outage import Lost, reason_of
from ticker.client.response import Response
from ticker.client.target import Target

CONNECT_TIMEOUT: Final = 10.0
"""Seconds to open a connection. Whether an open one is still alive, the connection itself decides."""

CLOSE_TIMEOUT: Final = 1.0
"""Seconds that a closing handshake may take: nothing depends on it."""

Arrival = str | bytes | Response | Lost
"""A message; or, at the end, a whole response, or why it has ended or could not be opened."""

_ENDED: Final = "The connection was closed"

Deliver = Callable[[Arrival], Awaitable[None]]


class Transports:
    """Ways to reach a service, with HTTP connections of their own: a stream takes none from the changes."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._http = http_client(target, httpx.Timeout(CONNECT_TIMEOUT, read=None))

    async def aclose(self) -> None:
        """Close what is open."""
        await self._http.aclose()

    async def open(self, attempt: Attempt, deliver: Deliver) -> None:
        """Open what an attempt names and deliver what arrives, up to and including the end."""
        ways = {Transport.WEBSOCKET: self._web_socket, Transport.EVENTS: self._events, Transport.POLL: self._poll}
        try:
            end = await ways[attempt.transport](attempt, deliver)
        except (OSError, ImportError, httpx.RequestError, WebSocketException, TooLong) as error:
            # An ImportError: the environment names a SOCKS proxy, and nothing here speaks SOCKS.
            end = Lost(reason_of(error))
        await deliver(end)

    async def _web_socket(self, attempt: Attempt, deliver: Deliver) -> Response | Lost:
        target = self._target
        url = "ws" + (target.url + attempt.path).removeprefix("http")
        try:
            async with connect(
                url,
                additional_headers=target.headers,
                ssl=target.tls if url.startswith("wss") else None,
                proxy=True if target.by_proxy else None,
                open_timeout=CONNECT_TIMEOUT,
                close_timeout=CLOSE_TIMEOUT,
                ping_interval=None,  # the service sends beats; readers send nothing
                max_size=LONGEST,
            ) as socket:
                async for message in socket:
                    await deliver(message)
                return Lost(socket.close_reason or _ENDED)
        except InvalidStatus as refusal:
            refused = refusal.response
            headers = {name.lower(): value for name, value in refused.headers.raw_items()}
            return Response(refused.status_code, headers, bytes(refused.body or b""))

    async def _poll(self, attempt: Attempt, deliver: Deliver) -> Response:
        return read(await self._http.get(attempt.path))

    async def _events(self, attempt: Attempt, deliver: Deliver) -> Response | Lost:
        headers = {"accept": "text/event-stream", "cache-control": "no-store"}
        async with self._http.stream("GET", attempt.path, headers=headers) as response:
            if response.status_code != 200:
                await response.aread()
                return read(response)
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                return Lost(f"The response ({response.status_code}) is not a stream of events")
            reader = EventReader()
            async for piece in response.aiter_bytes():
                for data in reader.feed(piece):
                    await deliver(data)
        return Lost(_ENDED)
