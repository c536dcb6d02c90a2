"""Request heads as understood without uvicorn, and the response heads that open a stream."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Final

from websockets.utils import accept_key

from ticker.errors import BadRequest, UpgradeRequired, WrongMethod
from ticker.server.http_date import http_date
from ticker.web.admission import SSE_HEADERS, bad_handshake, sse_start
from ticker.web.header_lists import combined, tokens
from ticker.web.public_url import no_host

_HOST: Final = re.compile(r"(\[[0-9A-Za-z:.%]+\]|[0-9A-Za-z._~!$&'()*+,;=%-]*)(:[0-9]*)?")
"""A value of Host (RFC 9110 section 7.2); it may be empty."""

_BEFORE_PATH: Final = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)
"""What a target in absolute form has before its path (RFC 9112 section 3.2.2)."""


def headers_in(lines: bytes) -> dict[str, str] | None:
    """Return the headers of a plain head, as `combined`; None if they do not name exactly one valid host."""
    pairs = []
    for line in lines.decode().split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        pairs.append((name.lower(), value.strip(" \t")))
    hosts = [value for name, value in pairs if name == "host"]
    return combined(pairs) if len(hosts) == 1 and _HOST.fullmatch(hosts[0]) else None


def origin_form(target: bytes) -> bytes:
    """Return the path and query of a request's target, which clients may also send in absolute form."""
    if target.startswith(b"/") or (before := _BEFORE_PATH.match(target)) is None:
        return target
    rest = target[before.end() :]
    return rest if rest.startswith(b"/") else b"/" + rest


def check_head(method: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Check what is required of every request; header names are in lower case.

    Raises:
        BadRequest: it does not have exactly one Host, or that is not valid.
        WrongMethod: it asks for a tunnel.
    """
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise BadRequest("A request must have exactly one Host header (RFC 9112 section 3.2)", field="Host")
    if hosts and not _HOST.fullmatch(hosts[0].decode("latin-1")):
        raise no_host()
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
        raise bad_handshake()
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
