"""Reads a response: its JSON, or the exception that it stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import orjson

from ticker.client.backoff import rest
from ticker.client.problems import PROBLEMS, TYPE_PREFIX, Problem, UnexpectedResponse

_NEXT: Final = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, whole.

    Attributes:
        status: HTTP status code.
        headers: names in lower case.
        body: as it came, decompressed.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def rest(self) -> int:
        """Milliseconds that `Retry-After` asks for, 0 without one."""
        return rest(self.headers.get("retry-after"))


def content(response: Response) -> dict[str, Any]:
    """Return the JSON object of a response; an empty one if it has no body.

    Raises:
        Problem: the service refused.
        UnexpectedResponse: it is no success, or not a JSON object.
    """
    if not 200 <= response.status < 300:
        raise failure(response)
    found = _object(response) if response.body else {}
    if found is None:
        raise UnexpectedResponse(f"The response ({response.status}) is not one of a ticker service", response.status)
    return found


def failure(response: Response) -> Problem | UnexpectedResponse:
    """Return the exception for a response that is no success: the service's problem, if it is one of the service."""
    members = _object(response)
    type = str((members or {}).get("type"))
    if members is None or not type.startswith(TYPE_PREFIX):
        target = response.headers.get("location")
        message = f"The response ({response.status}) is not one of a ticker service"
        return UnexpectedResponse(f"{message}; it points to {target}" if target else message, response.status)
    kind = PROBLEMS.get(type.removeprefix(TYPE_PREFIX), Problem)
    return kind(response.status, members, response.rest // 1000 or None)


def next_page(response: Response, parameter: str) -> str | None:
    """Return the parameter of this name that leads to the next page; None if there is none.

    Of the link only this parameter is used, so that no response can send our key to another host.
    """
    link = _NEXT.search(response.headers.get("link", ""))
    return parse_qs(urlsplit(link[1]).query).get(parameter, [None])[0] if link else None


def _object(response: Response) -> dict[str, Any] | None:
    try:
        found = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
