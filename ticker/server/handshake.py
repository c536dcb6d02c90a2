"""Request heads as understood without uvicorn, and the response heads that open a stream."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Mapping

from websockets.utils import accept_key

from ticker.server.websocket import DEFLATE
from ticker.web.admission import SSE_HEADERS, SSE_HELLO


def headers_in(lines: bytes) -> dict[str, str] | None:
    """Return the headers of a plain head, as `combined`; None if they do not name exactly one host."""
    pairs = []
    for line in lines.decode().split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        pairs.append((name.lower(), value.strip(" \t")))
    return combined(pairs) if sum(name == "host" for name, _ in pairs) == 1 else None


def combined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by lower-case name; values of repeated ones are combined into one list (RFC 9110 section 5.3)."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def tokens(value: str) -> list[str]:
    """Return the members of a list of tokens, in lower case (RFC 9110 section 5.6.1)."""
    return [token.strip(" \t").lower() for token in value.split(",")]


def wants_websocket(headers: Mapping[str, str]) -> bool:
    """Return True if the headers of a GET ask for a WebSocket. A request with a body does not."""
    return (
        "upgrade" in headers
        and "websocket" in tokens(headers["upgrade"])
        and "upgrade" in tokens(headers.get("connection", ""))
        and "transfer-encoding" not in headers
        and headers.get("content-length", "0") == "0"
    )


def accept_for_key(headers: Mapping[str, str]) -> str | None:
    """Return the Sec-WebSocket-Accept of a handshake; None if that is not valid (RFC 6455 section 4.2.1)."""
    key = headers.get("sec-websocket-key", "")
    try:
        nonce = binascii.a2b_base64(key, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return accept_key(key) if len(nonce) == 16 and headers.get("sec-websocket-version") == "13" else None


def switching_protocols(accept: str, *, deflated: bool) -> bytes:
    """Return the response head that opens a WebSocket."""
    extension = f"Sec-WebSocket-Extensions: {DEFLATE}\r\n" if deflated else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{extension}\r\n"
    ).encode()


def sse_head(cross_origin_headers: dict[str, str]) -> bytes:
    """Return the response head that opens an event stream, and what the stream begins with."""
    headers = SSE_HEADERS | cross_origin_headers | {"connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + SSE_HELLO
