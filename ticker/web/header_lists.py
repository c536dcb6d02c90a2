"""Headers whose values are lists (RFC 9110 section 5.6.1): over several lines, in any case, with parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from starlette.requests import HTTPConnection


def combined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by lower-case name; values of repeated ones are combined into one list (RFC 9110 section 5.3)."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def headers_of(request: HTTPConnection) -> Mapping[str, str]:
    """Return the headers of a request, as `combined`: Starlette's own mapping has only the first line of each."""
    return combined(request.headers.items())


def tokens(value: str) -> list[str]:
    """Return the members of a list of tokens, in lower case."""
    return [token.strip(" \t").lower() for token in value.split(",")]


@lru_cache(maxsize=64)  # browsers send one of a few values, and each reader sends it
def accepts(accept: str, media_type: str) -> bool:
    """Return True if an Accept header names this media type, and not with a weight of 0 (RFC 9110 section 12.5.1).

    Ranges such as `*/*` do not count: a client that can take everything asks for nothing in particular.
    """
    for member in accept.split(","):
        name, *parameters = (part.strip(" \t").lower() for part in member.split(";"))
        if name == media_type:
            weights = [parameter[2:].strip(" \t") for parameter in parameters if parameter.startswith("q=")]
            return all(_weight(weight) > 0 for weight in weights)
    return False


def _weight(text: str) -> float:
    """Return a weight; 1 for one that is malformed, as if it was not there."""
    try:
        return float(text)
    except ValueError:
        return 1.0
