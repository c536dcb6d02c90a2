"""Reads the responses of long-polls: "Following by long-poll" in PROTOCOL.md.

response       what it means
─────────────  ──────────────────────────────────────────────────────────────────────────────
200            frames in their order; then `at` counts as a beat, unless a frame was `delayed`
204            nothing new; `Ticker-At` counts as a beat at the requested position
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from ticker.client.frames import Malformed
from ticker.client.response import Response

NOTHING: Final[dict[str, Any]] = {"type": "nothing"}
"""Stands for a response without a proof: of no known type, but it breaks the silence as any frame does."""


def frames_of(response: Response, after: str | None) -> list[dict[str, Any]]:
    """Return what a response to a long-poll from `after` brings, as messages that `read_frame` still has to check.

    Raises:
        Malformed: it is not of that form.
    """
    if response.status == 204:
        return [_beat(after, response.headers.get("ticker-at"))]
    try:
        content = orjson.loads(response.body)
        frames, position, at = content["frames"], content["position"], content["at"]
        delayed = any(frame["type"] == "delayed" for frame in frames)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise Malformed("A long-poll's response has no frames") from None
    return [*frames, NOTHING if delayed else _beat(position, at)]


def _beat(position: Any, at: Any) -> dict[str, Any]:
    return {"type": "beat", "position": position, "at": at} if at else NOTHING
