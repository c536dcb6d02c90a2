"""A request to a service, before any HTTP library has seen it: where to, with what; and how its parts are written."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode

import orjson

_KEY_BYTES: Final = 16
"""128 bits: two changes never get the same Idempotency-Key by chance."""


Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Request(Generic[Content]):
    """One HTTP request, whose response holds this content.

    Attributes:
        method: `GET`, `POST`, `PATCH`, `PUT` or `DELETE`.
        path: path and query, below the service's URL.
        headers: names in lower case.
        body: JSON, None for a request without a body.
        idempotency_key: of a change; None for a request that only reads.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    idempotency_key: str | None = None


def read_request(path: str, query: Iterable[tuple[str, str]] = ()) -> Request[Any]:
    """Return a request that only reads."""
    encoded = urlencode(list(query))
    return Request("GET", f"{path}?{encoded}" if encoded else path, {"accept": "application/json"})


def change_request(
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: int | str | None = "",
) -> Request[Any]:
    """Return a request that changes a feed, with an Idempotency-Key: this one, or a new random one.

    `if_match` is the revision that the change is based on, None for any revision; unless given there is no If-Match.

    Raises:
        ValueError: the key is not 1 to 255 visible ASCII characters without a double quote.
    """
    key = secrets.token_hex(_KEY_BYTES) if idempotency_key is None else idempotency_key
    if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()) or '"' in key or " " in key:
        raise ValueError("an Idempotency-Key has 1 to 255 visible ASCII characters, without double quotes")
    headers = {"accept": "application/json", "idempotency-key": f'"{key}"'}
    if if_match != "":
        headers["if-match"] = "*" if if_match is None else f'"{if_match}"'
    content = None
    if body is not None:
        headers["content-type"] = "application/json"
        content = orjson.dumps(body)
    return Request(method, path, headers, content, key)


def feed_path(feed: str, *rest: str) -> str:
    """Return the path of a feed, or of something in it."""
    return "/".join(["/v1/feeds", *(quote(part, safe="") for part in (feed, *rest))])


def rfc3339(moment: datetime | str) -> str:
    """Return a time as the protocol writes it (RFC 3339, UTC); text is sent as it is, for the service to check.

    Raises:
        ValueError: a datetime without a time zone, which could mean any of 38 times.
    """
    if isinstance(moment, str):
        return moment
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone, such as datetime.now(UTC)")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
