"""The live stream of the desk: the frames of the feed, and beside them what only the desk sees.

A stream of the desk is a reader of the feed like any other, served by the application. It has no queue either: of each
kind of desk frame only the newest waits, in place of the one before.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any, Final

import orjson
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from ticker.desk.state import Viewer
from ticker.desk_watch import DeskWatch
from ticker.errors import TickerError
from ticker.journal.holder import Holder
from ticker.web.admission import SSE_HEADERS, Admission, admit, sse_start
from ticker.web.auth import authorize, credential_of
from ticker.web.credentials import has_valid_key
from ticker.web.faults import CLOSED, OTHER_ORIGIN
from ticker.web.header_lists import headers_of
from ticker.web.live import BAD_HANDSHAKE, LAST_EVENT_ID, UPGRADE_REQUIRED, AsgiReader, send_frames
from ticker.web.node import node_of
from ticker.web.operation import Operation, Resource, Returns
from ticker.web.parameters import AFTER, FEED, FEED_NAME
from ticker.web.problems import problem
from ticker.wire import Encoding, Frame

ROUTES: Final = Resource("Desk", (FEED_NAME,))

PATH: Final = FEED + "/desk/live"

KEEP_ALIVE: Final = 4.0
"""Seconds without a frame after which a comment is sent as an event, so that a phone that vanished is noticed soon: its
system acknowledges nothing. WebSockets have pings for that."""

_COMMENT: Final = b":\n"


class DeskReader(AsgiReader):
    """A reader of a feed who also gets the frames of its desk."""

    __slots__ = ("_last", "_waiting", "digest", "feed", "name", "since", "viewer")

    def __init__(self, encoding: Encoding, connection: HTTPConnection, watch: DeskWatch) -> None:
        """`connection` is a request that was authorised."""
        super().__init__(encoding)
        credential = credential_of(connection)
        holder = credential.holder
        self.feed = connection.path_params["feed"]
        self.viewer = Viewer(holder.id, sees_all=holder.role != "correspondent")
        self.name = holder.name
        self.since = watch.now()
        self.digest = credential.digest
        self.session = credential.session
        self._last: dict[str, bytes] = {}
        """The last frame of each kind that was sent or waits, as JSON."""
        self._waiting: dict[str, bytes] = {}
        """Frames to be sent, as they are encoded; one that was not sent yet is replaced by the next of its kind."""

    def show(self, frame: dict[str, Any]) -> None:
        """See `desk_watch.Stream`."""
        what, text = f"{frame['kind']} {frame.get('id', '')}", orjson.dumps(frame)
        if self._last.get(what) == text:
            return
        if "id" not in frame:  # of deliveries there are many, and the desk itself shows each state once
            self._last[what] = text
        self._waiting[what] = getattr(Frame(frame), self.encoding)
        self._ready.set()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), KEEP_ALIVE)

    def _take(self) -> bytes:
        waiting, self._waiting = self._waiting, {}
        data = super()._take() + b"".join(waiting.values())
        return data or (_COMMENT if self.encoding == "sse" else b"")


class _DeskResponse(StreamingResponse):
    """The stream as Server-Sent Events, which leaves the desk however it ends."""

    def __init__(self, reader: DeskReader, watch: DeskWatch, admission: Admission, request: Request) -> None:
        super().__init__(reader.chunks(admission, partial(has_valid_key, request), sse_start()), headers=SSE_HEADERS)
        self._reader = reader
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._watch.leave(self._reader)


@Operation(
    ROUTES,
    "GET",
    PATH,
    "followDesk",
    "Follow the feed and its desk",
    (
        Returns(101, "A WebSocket: each frame is one text message.", media_type=""),
        Returns(
            200,
            "Server-Sent Events: `event` is the frame's type, `data` the frame, `id` its position.",
            media_type="text/event-stream",
            example='retry: 3120\nevent: desk\ndata: {"type":"desk","kind":"flash","flashes":[]}\n\n',
        ),
    ),
    role="correspondent",
    parameters=(AFTER, LAST_EVENT_ID),
    faults=(BAD_HANDSHAKE, CLOSED, OTHER_ORIGIN, UPGRADE_REQUIRED),
    description="As `followFeed`, with frames of the type `desk` beside those of the feed: who is at the desk, what is "
    "held, which flashes wait, who filed what, and how it is delivered. It ends with the key or the session.",
)
async def events(request: Request, _: Holder) -> Response:
    """Stream Server-Sent Events, to a request that accepts them."""
    admission = _admit(request, websocket=False)
    if request.method == "HEAD":
        return Response(headers=SSE_HEADERS)
    watch = node_of(request).desk_watch
    reader = DeskReader("sse", request, watch)
    await watch.enter(reader)
    return _DeskResponse(reader, watch, admission, request)


@ROUTES.websocket(PATH)
async def websocket(socket: WebSocket) -> None:
    """Send frames over a WebSocket."""
    watch = node_of(socket).desk_watch
    try:
        await authorize(socket, "correspondent")
        admission = _admit(socket, websocket=True)
        reader = DeskReader("lines", socket, watch)
        await watch.enter(reader)
    except TickerError as error:
        await socket.send_denial_response(problem(error))
        return
    try:
        await send_frames(socket, reader, admission)
    finally:
        watch.leave(reader)


def _admit(connection: HTTPConnection, *, websocket: bool) -> Admission:
    node, credential = node_of(connection), credential_of(connection)
    return admit(
        node.hub,
        node.settings,
        feed=connection.path_params["feed"],
        query=connection.url.query,
        headers=headers_of(connection),
        websocket=websocket,
        key=credential.holder.key,
        session=credential.session,
    )
