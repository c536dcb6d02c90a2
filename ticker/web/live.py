"""Live streams the plain ASGI way, for any ASGI server. Under `ticker serve`, the acceptor in server/ is faster.

An ASGI reader is a cursor like any other. It takes one chunk at a time and lags until its task has
sent that, so it too has no queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from ticker.allowance import Allowance
from ticker.errors import TickerError, Unavailable
from ticker.reader import Reader
from ticker.web.admission import (
    SSE_HEADERS,
    Admission,
    admit,
    bad_handshake,
    cross_origin,
    find_readable,
    governing,
    refuse_foreign,
    sse_start,
    stream_needed,
)
from ticker.web.credentials import has_valid_key
from ticker.web.faults import CLOSED, OTHER_ORIGIN
from ticker.web.header_lists import headers_of
from ticker.web.key_lookup import address_of
from ticker.web.node import node_of
from ticker.web.operation import Fault, Operation, Parameter, Resource, Returns
from ticker.web.parameters import AFTER, FEED, FEED_NAME
from ticker.web.problems import problem
from ticker.wire import CloseCode, Encoding

ROUTES: Final = Resource("Feeds", (FEED_NAME,))

PATH: Final = FEED + "/live"

LAST_EVENT_ID: Final = Parameter(
    "LastEventId",
    "Last-Event-ID",
    "header",
    "As `after`, over Server-Sent Events; it wins.",
    {"type": "string"},
    "43-001a935170bb",
)
BAD_HANDSHAKE: Final = Fault("BadHandshake", bad_handshake())
UPGRADE_REQUIRED: Final = Fault("UpgradeRequired", stream_needed())


class AsgiReader(Reader):
    """A reader whose bytes are taken by a task."""

    __slots__ = ("_chunk", "_ended", "_ready", "encoding", "session", "why")

    def __init__(self, encoding: Encoding) -> None:
        super().__init__()
        self.encoding = encoding
        self.session = None
        self._chunk = b""
        self._ready = asyncio.Event()
        self._ended = False
        self.why = CloseCode.SERVICE_RESTART
        """What to close with when it ends."""

    def write(self, data: bytes) -> bool:
        self._chunk = data
        self._ready.set()
        return False

    def cut(self) -> None:
        self._ended = True
        self._ready.set()

    def dismiss(self, why: CloseCode) -> None:
        self.why = why
        self.cut()

    async def chunks(
        self, admission: Admission, still_valid: Callable[[], Awaitable[bool]], head: bytes = b""
    ) -> AsyncIterator[bytes]:
        """Join the channel and yield what is to be sent, until the channel ends it.

        `still_valid` returns whether the key by which it was let in, if there is one, is not revoked.
        """
        channel = admission.channel
        self.origin, self.key, self.session = admission.origin, admission.key, admission.session
        channel.join(self, admission.after, head)
        try:
            # A key that is revoked from now on dismisses this reader; before it had joined, that could not. While Redis
            # is away nobody knows, and keys are checked again with the next beat.
            with suppress(Unavailable):
                if self.key is not None and not await still_valid():
                    channel.dismiss(self, CloseCode.POLICY_VIOLATION)
            while True:
                await self._wait()
                if self._ended:
                    return
                self._ready.clear()
                yield self._take()
                channel.on_writable(self)
        finally:
            channel.leave(self)

    async def _wait(self) -> None:
        """Wait until there is something to send, or the stream is to end."""
        await self._ready.wait()

    def _take(self) -> bytes:
        """Return what is to be sent now."""
        chunk, self._chunk = self._chunk, b""
        return chunk


@Operation(
    ROUTES,
    "GET",
    PATH,
    "followFeed",
    "Follow the feed",
    (
        Returns(101, "A WebSocket: each frame is one text message.", media_type=""),
        Returns(
            200,
            "Server-Sent Events: `event` is the frame's type, `data` the frame, `id` its position.",
            media_type="text/event-stream",
            example='retry: 3120\nevent: pin\nid: 47-001d0c2f577f\ndata: {"type":"pin",'
            '"position":"47-001d0c2f577f","id":"01KAPN3V12000000127Q2MZX4H"}\n\n',
        ),
    ),
    parameters=(AFTER, LAST_EVENT_ID),
    faults=(BAD_HANDSHAKE, CLOSED, OTHER_ORIGIN, UPGRADE_REQUIRED),
    description="A WebSocket when the request asks for one, Server-Sent Events when it has "
    "`Accept: text/event-stream`. /asyncapi.json describes the frames.",
)
async def events(request: Request) -> Response:
    """Stream Server-Sent Events, to a request that accepts them."""
    node = node_of(request)
    access = await find_readable(node, request.headers, request.path_params["feed"], address_of(request))
    request.scope["state"]["governing"] = feed = access.channel.feed
    refuse_foreign(node.settings, feed, request.headers)
    headers = SSE_HEADERS | cross_origin(node.settings, request.headers.get("origin"), feed)
    if request.method == "HEAD" and feed.closed is None:
        return Response(headers=headers)
    admission = admit(
        node.hub,
        node.settings,
        feed=request.path_params["feed"],
        query=request.url.query,
        headers=headers_of(request),
        websocket=False,
        key=access.key,
        session=access.session,
    )
    chunks = AsgiReader("sse").chunks(admission, partial(has_valid_key, request), sse_start())
    return StreamingResponse(chunks, headers=headers)


@ROUTES.websocket(PATH)
async def websocket(socket: WebSocket) -> None:
    """Send frames over a WebSocket."""
    node = node_of(socket)
    try:
        access = await find_readable(node, socket.headers, socket.path_params["feed"], address_of(socket))
        socket.scope["state"]["governing"] = access.channel.feed
        admission = admit(
            node.hub,
            node.settings,
            feed=socket.path_params["feed"],
            query=socket.url.query,
            headers=socket.headers,
            websocket=True,
            key=access.key,
            session=access.session,
        )
    except TickerError as error:
        refusal = problem(error)
        refusal.headers.update(cross_origin(node.settings, socket.headers.get("origin"), governing(socket)))
        await socket.send_denial_response(refusal)
        return
    await send_frames(socket, AsgiReader("lines"), admission)


async def send_frames(socket: WebSocket, reader: AsgiReader, admission: Admission) -> None:
    """Accept a WebSocket and send a reader's frames over it, until one of both ends."""
    await socket.accept()
    listening = asyncio.create_task(_listen(socket, reader))
    try:
        async for chunk in reader.chunks(admission, partial(has_valid_key, socket)):
            for line in chunk.splitlines():
                await socket.send_text(line.decode())
        await socket.close(reader.why)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the reader is gone; nothing is owed to it
    finally:
        listening.cancel()


async def _listen(socket: WebSocket, reader: AsgiReader) -> None:
    """Receive what a reader sends, which is ignored: it is how one learns that it has left."""
    clock = asyncio.get_running_loop().time
    allowance = Allowance(clock())
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        sent = message.get("bytes") or (message.get("text") or "").encode()
        if not allowance.spend(clock(), frames=1, size=len(sent)):
            reader.why = CloseCode.POLICY_VIOLATION
            break
    reader.cut()
