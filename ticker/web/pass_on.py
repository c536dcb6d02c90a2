"""What a relay cannot serve is passed on to its upstream: sent there as a proxy does, or redirected.

A handler that needs the log raises AtUpstream; so the routes of a relay are those of a node, and each request is served
here if it can be.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final, cast
from urllib.parse import urlsplit, urlunsplit

import httpx
import orjson
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Origin

from ticker.entry import Position
from ticker.errors import Misdirected, TickerError, Unavailable
from ticker.hub import Hub
from ticker.relay.node import RelayNode
from ticker.web.address_share import stop_counting
from ticker.web.key_lookup import secret_in
from ticker.web.node import node_of
from ticker.web.problems import UPGRADE, problem
from ticker.web.relay import READERS, count

CONNECT_TIMEOUT: Final = 4.0
"""Seconds to reach the upstream."""

READ_TIMEOUT: Final = 40.0
"""Seconds of silence in a response: more than the longest wait for changes, and than a stream is silent."""

SEEN_TIMEOUT: Final = 2.0
"""Seconds for which the response to a change waits until this relay has that too: who made it may read it next."""

LONGEST_WHOLE: Final = 64 * 1024
"""Bytes of a response that is read to its end before it is sent on, as receipts are; a longer one is streamed."""

HOP_BY_HOP: Final = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "expect"),
    )
)
"""Headers that are meant for one connection (RFC 9110 section 7.6.1)."""

UPGRADE_REQUIRED: Final = 426
"""Status of a response that says on which terms this connection could be another one (RFC 9110 section 15.5.22)."""

OURS: Final = frozenset(("date", "server", "x-content-type-options", "x-request-id"))
"""Headers of a response that this process adds itself."""

READS: Final = ("GET", "HEAD")

log = logging.getLogger("ticker.relay")


def proxy_client() -> httpx.AsyncClient:
    """Return what requests are sent to upstreams with."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT, pool=CONNECT_TIMEOUT),
        limits=httpx.Limits(max_connections=1000, max_keepalive_connections=64),
    )


async def pass_on(connection: HTTPConnection, error: Exception) -> Response | None:
    """Respond to what needs the log. Of a WebSocket, nothing is left to respond."""
    node = node_of(connection)
    assert isinstance(node, RelayNode)
    if isinstance(connection, WebSocket):
        if _looped(connection, node):
            await connection.send_denial_response(problem(_loop(node)))
        else:
            await _pass_socket_on(connection, node)
        return None
    assert isinstance(connection, Request)
    if _looped(connection, node):
        return problem(_loop(node))
    if connection.url.path == READERS and node.shares_key(secret_in(connection.headers)):
        try:
            return await count(connection)
        except TickerError as refused:
            return problem(refused)
    if node.settings.redirects:
        return _redirect(connection, node)
    return await _proxy(connection, node)


def _url(connection: HTTPConnection, node: RelayNode) -> str:
    scope = connection.scope
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path, query = raw.decode("latin-1"), connection.url.query
    return node.upstream_follower.upstream + path + (f"?{query}" if query else "")


def _redirect(request: Request, node: RelayNode) -> Response:
    url = _url(request, node)
    if request.method in READS:
        return RedirectResponse(url, 307, {"cache-control": "no-store"})
    return problem(Misdirected(f"This is a relay, which takes no changes; send this to {url}", upstream=url))


def forwarded(connection: HTTPConnection) -> list[tuple[str, str]]:
    """Return the headers of a request as it is sent on, with the address of the client added."""
    peer = connection.client.host if connection.client else ""
    named = {token.strip().lower() for token in connection.headers.get("connection", "").split(",")}
    kept = [
        (name, value)
        for name, value in connection.headers.items()
        if name not in HOP_BY_HOP and name not in named and name != "x-forwarded-for"
    ]
    before = connection.headers.getlist("x-forwarded-for")
    return [*kept, ("x-forwarded-for", ", ".join([*before, *([peer] if peer else [])]))]


def _via(node: RelayNode) -> tuple[str, str]:
    """Return the header by which this process knows its own requests if they come back to it."""
    return "via", f"1.1 {node.name}"


def _looped(connection: HTTPConnection, node: RelayNode) -> bool:
    passed = ",".join(connection.headers.getlist("via")).split(",")
    return any(each.split()[1:2] == [node.name] for each in passed)


def _loop(node: RelayNode) -> Unavailable:
    upstream = node.upstream_follower.upstream
    log.warning("%s leads back to this relay; name an upstream that is nearer to the log", upstream)
    return Unavailable("The upstream of this relay leads back to the relay itself; its operator must name another one")


def returned(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a response as it is sent on."""
    every = [(name.lower(), value) for name, value in headers]
    named = {token.strip().lower() for name, value in every if name == "connection" for token in value.split(",")}
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in every
        if name not in HOP_BY_HOP and name not in named and name not in OURS
    ]


async def _proxy(request: Request, node: RelayNode) -> Response:
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    sent = httpx.Request(
        request.method,
        _url(request, node),
        headers=[*forwarded(request), _via(node)],
        content=_body(request) if has_body else None,
    )
    client: httpx.AsyncClient = request.scope["state"]["proxy"]
    try:
        stop_counting()
        response = await client.send(sent, stream=True)
    except (httpx.RequestError, OSError) as error:
        log.warning("a request could not be passed on to %s: %s", node.upstream_follower.upstream, type(error).__name__)
        raise Unavailable("The upstream of this relay cannot be reached; try again in a moment") from None
    # What the upstream found too short to compress is not compressed here either: its ETag would be another one.
    if int(response.headers.get("content-length", LONGEST_WHOLE + 1)) > LONGEST_WHOLE:
        passed = StreamingResponse(_raw(response), response.status_code)
        passed.raw_headers = returned(response.headers.multi_items())
        return passed
    content = b"".join([piece async for piece in _raw(response)])
    if request.method not in READS and response.status_code < 300:
        await _seen(request, node, content)
    whole = Response(content, response.status_code)
    whole.raw_headers = returned(response.headers.multi_items())
    if whole.status_code == UPGRADE_REQUIRED:
        whole.headers.update(UPGRADE)
    return whole


async def _body(request: Request) -> AsyncIterator[bytes]:
    read = request.scope["state"].get("body")
    if isinstance(read, bytes):  # by the handler, before it turned out that it needs the log
        yield read
        return
    async for piece in request.stream():
        if piece:
            yield piece


async def _raw(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in response.aiter_raw():
            yield piece
    finally:
        await response.aclose()


async def _seen(request: Request, node: RelayNode, content: bytes) -> None:
    """Wait until this relay has a change that was made; who made it reads it here next."""
    try:
        receipt = orjson.loads(content)
    except orjson.JSONDecodeError:
        return
    if not isinstance(receipt, dict):
        return
    feed = request.path_params.get("feed", receipt.get("name"))
    if not isinstance(feed, str):
        return
    deadline = time.monotonic() + SEEN_TIMEOUT
    while not _has(node.hub, feed, receipt) and time.monotonic() < deadline:
        await asyncio.sleep(0.002)


def _has(hub: Hub, feed: str, receipt: dict[str, Any]) -> bool:
    """Return True if a relay has what a receipt is of; also if it is of nothing that it could have."""
    channel = hub.channels.get(feed)
    position = Position.parse(str(receipt.get("position")))
    if position is not None:
        return channel is None or channel.feed.tail.offset >= position.offset
    if "visibility" not in receipt:
        return True
    if channel is None:
        return bool(receipt["visibility"] != "public")
    told = ("title", "visibility", "closed", "timezone", "origins")
    origins = receipt.get("origins")
    wanted = receipt | {"origins": None if origins is None else tuple(origins)}
    return all(getattr(channel.feed, name) == wanted.get(name) for name in told)


# WebSockets

_GIVEN: Final = ("host", "origin", "user-agent")
"""Headers that the library adds itself, given their values."""


async def _pass_socket_on(socket: WebSocket, node: RelayNode) -> None:
    if node.settings.redirects:
        http = _url(socket, node)
        refusal = problem(Misdirected(f"This is a relay, which does not have this stream; open {http}", upstream=http))
        await socket.send_denial_response(refusal)
        return
    upstream_url = urlsplit(_url(socket, node))
    secure = upstream_url.scheme == "https"
    # The address has the host that the client asked, as for other requests; the connection goes to the upstream.
    url = urlunsplit(upstream_url._replace(scheme="wss" if secure else "ws", netloc=socket.headers.get("host", "")))
    headers = [(n, v) for n, v in forwarded(socket) if not n.startswith("sec-websocket-") and n not in _GIVEN]
    headers.append(_via(node))
    tls: dict[str, Any] = {"server_hostname": upstream_url.hostname} if secure else {}
    try:
        async with connect(
            url,
            **tls,
            additional_headers=headers,
            origin=cast("Origin | None", socket.headers.get("origin")),
            user_agent_header=socket.headers.get("user-agent"),
            compression=None,
            open_timeout=CONNECT_TIMEOUT,
            ping_interval=None,
            proxy=None,
            host=upstream_url.hostname,
            port=upstream_url.port or (443 if secure else 80),
        ) as upstream:
            await socket.accept()
            await _exchange(socket, upstream)
    except InvalidStatus as refused:
        response = refused.response
        denial = Response(bytes(response.body), response.status_code)  # of a body in chunks, a bytearray
        denial.raw_headers = returned(response.headers.raw_items())
        await socket.send_denial_response(denial)
    except (OSError, WebSocketException, TimeoutError):
        with contextlib.suppress(RuntimeError):
            await socket.send_denial_response(
                problem(Unavailable("The upstream of this relay cannot be reached; try again in a moment"))
            )


async def _exchange(socket: WebSocket, upstream: ClientConnection) -> None:
    """Pass messages on in both directions until one of both ends."""
    listening = asyncio.create_task(_listen(socket, upstream))
    try:
        async for message in upstream:
            await (socket.send_text(message) if isinstance(message, str) else socket.send_bytes(message))
    except (WebSocketDisconnect, ConnectionClosed, RuntimeError):
        pass
    finally:
        listening.cancel()
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(upstream.close_code or 1011, upstream.close_reason or "")


async def _listen(socket: WebSocket, upstream: ClientConnection) -> None:
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        text = message.get("text")
        with contextlib.suppress(ConnectionClosed):
            await upstream.send(text if text is not None else message.get("bytes") or b"")
    await upstream.close(1000)
