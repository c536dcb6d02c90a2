"""Request heads as understood without uvicorn, and the response heads that open a stream."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Mapping

from websockets.utils import accept_key

from ticker.errors import BadRequest, UpgradeRequired, WrongMethod
from ticker.server.http_date import http_date
from ticker.web.admission import SSE_HEADERS, sse_start
from ticker.web.header_lists import combined, tokens


def headers_in(lines: bytes) -> dict[str, str] | None:
    """Return the headers of a plain head, as `combined`; None if they do not name exactly one host."""
    pairs = []
    for line in lines.decode().split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        pairs.append((name.lower(), value.strip(" \t")))
    return combined(pairs) if sum(name == "host" for name, _ in pairs) == 1 else None


def check_head(method: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Check what is required of every request; header names are in lower case.

    Raises:
        BadRequest: it does not have exactly one Host.
        WrongMethod: it asks for a tunnel.
    """
    hosts = sum(name == b"host" for name, _ in headers)
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        raise BadRequest("A request must have exactly one Host header (RFC 9112 section 3.2)", field="Host")
    if method == b"CONNECT":
        raise WrongMethod("CONNECT is not supported")


def wants_websocket(headers: Mapping[str, str]) -> bool:
    """Return True if the headers of a GET ask for a WebSocket. A request with a body does not."""
    return (
        "upgrade" in headers
        and "websocket" in tokens(headers["upgrade"])
        and "upgrade" in tokens(headers.get("connection", ""))
        and "transfer-encoding" not in headers
        and headers.get("content-length", "0") == "0"
    )


def without_upgrade(method: bytes, url: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return a request's head without its offer of an upgrade; header names are in lower case."""
    lines = [b"%s %s HTTP/%s\r\n" % (method, url, version.encode())]
    for name, value in headers:
        if name == b"connection":
            kept = [token for token in value.split(b",") if token.strip().lower() != b"upgrade"]
            lines.append(b"connection: %s\r\n" % b",".join(kept))
        elif name != b"upgrade":
            lines.append(b"%s: %s\r\n" % (name, value))
    return b"".join([*lines, b"\r\n"])


def accept_for_key(headers: Mapping[str, str]) -> str:
    """Return the Sec-WebSocket-Accept of a handshake.

    Raises:
        UpgradeRequired, BadRequest: the handshake is not valid (RFC 6455 sections 4.2.1 and 4.4).
    """
    if headers.get("sec-websocket-version") != "13":
        raise UpgradeRequired("A WebSocket needs one Sec-WebSocket-Version: 13", field="Sec-WebSocket-Version")
    key = headers.get("sec-websocket-key", "")
    try:
        nonce = binascii.a2b_base64(key, strict_mode=True)
    except (binascii.Error, ValueError):
        nonce = b""
    if len(nonce) != 16:
        raise BadRequest("A WebSocket needs one Sec-WebSocket-Key: 16 bytes in base64", field="Sec-WebSocket-Key")
    return accept_key(key)


def switching_protocols(accept: str, extension: str | None) -> bytes:
    """Return the response head that opens a WebSocket, with an extension if one was agreed on."""
    extensions = "" if extension is None else f"Sec-WebSocket-Extensions: {extension}\r\n"
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{extensions}\r\n"
    ).encode()


def sse_head(cross_origin_headers: dict[str, str]) -> bytes:
    """Return the response head that opens an event stream, and what the stream begins with."""
    headers = {"date": http_date()} | SSE_HEADERS | cross_origin_headers | {"connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + sse_start()
