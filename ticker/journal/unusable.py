"""Why a Redis cannot be used, in one line for the operator who starts the service or runs a command."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Final
from urllib.parse import urlsplit

from ticker.errors import BadSetting, TickerError, Unavailable
from ticker.journal.address import SETTING, WrongAddress
from ticker.journal.redis_errors import cause

DEFAULT_PORT: Final = 6379

LOOK_TIMEOUT: Final = 1.5
"""Seconds to find out whether a port speaks TLS."""


async def explained(url: str, error: Unavailable, setting: str = SETTING) -> TickerError:
    """Return the error to report for one that the server at this address gave; `setting` has the address.

    A BadSetting means that it is of no use to try again.
    """
    if isinstance(error, WrongAddress):
        return BadSetting(f"{setting}: {error.advice}")
    if mismatch := await _tls_mismatch(url):
        return BadSetting(f"{setting}: {mismatch}")
    return Unavailable(cause(error))


async def _tls_mismatch(url: str) -> str | None:
    """Return what is wrong if an address asks for TLS of a port without it, or the reverse."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss"):
        return None
    host, port = parts.hostname or "localhost", parts.port or DEFAULT_PORT
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(LOOK_TIMEOUT):
            if parts.scheme == "redis" and await _speaks_tls(host, port):
                return "the server at this port speaks TLS; write rediss:// instead of redis://"
            if parts.scheme == "rediss" and await _speaks_plainly(host, port):
                return "the server at this port does not speak TLS; write redis:// instead of rediss://"
    return None


async def _speaks_tls(host: str, port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is sent
    _, writer = await asyncio.open_connection(host, port, ssl=context)
    writer.close()
    return True


async def _speaks_plainly(host: str, port: int) -> bool:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"PING\r\n")
        return await reader.readexactly(1) in (b"+", b"-")
    finally:
        writer.close()
