"""Offers of permessage-deflate: which of them are accepted, and how (RFC 7692 section 7.1).

All readers share one compressed frame, so the service uses no context and the largest window. An offer that asks for
something else, or that is malformed, is declined, and the next one is considered; the handshake goes on without
compression if there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from websockets.exceptions import InvalidHeader
from websockets.headers import parse_extension

ACCEPTED: Final = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
"""The extension as it is agreed on: no context on either side."""

WINDOW_BITS: Final = 15
"""Size of the window that frames are compressed with, as the base-2 logarithm of its bytes."""

_WINDOWS: Final = frozenset(str(bits) for bits in range(8, 16))


@lru_cache(maxsize=64)  # browsers send one of a few values, and each reader sends it
def accepted(offered: str) -> str | None:
    """Return what to respond to a Sec-WebSocket-Extensions header; None if nothing in it is accepted."""
    try:
        offers = parse_extension(offered)
    except InvalidHeader:
        return None
    for name, parameters in offers:
        if name == "permessage-deflate" and _acceptable(parameters):
            # A client that limits the window of the service is to be told that the limit is kept.
            limited = any(parameter == "server_max_window_bits" for parameter, _ in parameters)
            return f"{ACCEPTED}; server_max_window_bits={WINDOW_BITS}" if limited else ACCEPTED
    return None


def _acceptable(parameters: Sequence[tuple[str, str | None]]) -> bool:
    given = dict(parameters)
    if len(given) < len(parameters):
        return False  # a parameter is doubled
    for name, value in given.items():
        match name:
            case "server_no_context_takeover" | "client_no_context_takeover":
                if value is not None:
                    return False
            case "client_max_window_bits":  # without a value: the client can be told one, and is not
                if value is not None and value not in _WINDOWS:
                    return False
            case "server_max_window_bits":  # frames that all share cannot have a smaller window
                if value != str(WINDOW_BITS):
                    return False
            case _:
                return False
    return True
