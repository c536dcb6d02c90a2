"""Web origins: which pages a browser lets read a feed (RFC 6454, and the Fetch standard's CORS)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

EVERY: Final = "*"
"""Stands for every origin; alone in its list."""

_LABEL: Final = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_HOST: Final = rf"({_LABEL}(\.{_LABEL})*|\[[0-9a-f:.]{{2,45}}\])"
_PORT: Final = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"

PATTERN: Final = rf"https://{_HOST}(:(?!443$){_PORT})?|http://{_HOST}(:(?!80$){_PORT})?"
"""An origin exactly as browsers write it: in small letters, and without a port where it is the scheme's own."""

_ORIGIN: Final = re.compile(PATTERN)

NO_ORIGIN: Final = (
    "is not a web origin such as https://news.example: scheme, host in small letters, "
    "a port only if it is not the scheme's own, and nothing else"
)


def origin(text: str) -> str:
    """Return an entry of a list of origins, which may also be `*`.

    Raises:
        ValueError: no browser sends this as an origin, so the entry could never match.
    """
    if text != EVERY and not _ORIGIN.fullmatch(text):
        raise ValueError(NO_ORIGIN)
    return text


def alone(entries: Sequence[str]) -> Sequence[str]:
    """Return a list of origins in which `*`, if it is there, is the only entry.

    Raises:
        ValueError: it is not.
    """
    if EVERY in entries and len(entries) > 1:
        raise ValueError("has * among other entries; to allow every site, * must be the only entry")
    return entries


@lru_cache(maxsize=8)
def listed(text: str) -> tuple[str, ...]:
    """Return the origins of a list separated by commas.

    Raises:
        ValueError: an entry is not an origin; it is named.
    """
    entries = [entry.strip() for entry in text.split(",")]
    for entry in entries:
        try:
            origin(entry)
        except ValueError as fault:
            raise ValueError(f"{entry!r} {fault}") from None
    return tuple(alone(entries))


def allows(allowed: tuple[str, ...], page: str | None) -> bool:
    """Return True if a page of this origin may read; a request without an origin is not a page's and always may."""
    return page is None or EVERY in allowed or page in allowed


_AUTHORITY: Final = re.compile(rf"{_HOST}(:[0-9]{{1,5}})?")


def host(header: str | None) -> str | None:
    """Return what a Host header names, in lower case (RFC 9110 section 7.2); None if that is not a host."""
    name = (header or "").lower()
    return name if _AUTHORITY.fullmatch(name) else None
