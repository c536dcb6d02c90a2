"""ETags: how they are made, and what is left of one after a proxy compressed the response (RFC 9110 section 8.8.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple

from starlette.requests import Request

# Apache appends -gzip or -br to the ETag of what it compressed, Jetty --gzip, and nginx makes it weak.
_TAG: Final = re.compile(r'(?:W/)?"([^"]*?)(?:--?(?:gzip|br|zstd|deflate))?"')
_REVISION: Final = re.compile(r"r?([0-9]{1,9})(?:\.[0-9a-f]{8})?")


def tag_of_dispatch(revision: int, editions: Iterable[str]) -> str:
    """Return the content of the ETag of a dispatch: its revision, and a digest of its editions if there are any."""
    listed = "\n".join(sorted(editions))
    return f"{revision}.{sha256(listed.encode()).hexdigest()[:8]}" if listed else str(revision)


def content_of(tag: str) -> str | None:
    """Return what an ETag has between its quotes, without what a proxy added; None if it is not an ETag."""
    match = _TAG.fullmatch(tag)
    return None if match is None else match[1]


def tags_seen(request: Request) -> list[str]:
    """Return the ETags of If-None-Match, which is a list and may have several lines (RFC 9110 section 13.1.2)."""
    return [tag.strip() for tag in ",".join(request.headers.getlist("if-none-match")).split(",")]


def revision_of(tag: str) -> int | None:
    """Return the revision that an ETag of a dispatch names, or that a bare number is; None if it names none."""
    content = content_of(tag)
    match = _REVISION.fullmatch(tag if content is None else content)
    return None if match is None else int(match[1])


class IfMatch(NamedTuple):
    """An If-Match of a request: the revisions that it names, or None for `*` (RFC 9110 section 13.1.1)."""

    revisions: tuple[int, ...] | None

    def base(self, current: int) -> int:
        """Return the revision that a change must find when it is written: the `current` one, which it was merged with.

        It is -1, which is none, if the current one is not named: the script then refuses the change, but only after it
        has looked for an earlier response to the same request.
        """
        return current if self.revisions is None or current in self.revisions else -1

    def sent(self) -> int | list[int] | None:
        """Return what the fingerprint of the request holds: one revision as a number, several as a list."""
        if self.revisions is None:
            return None
        return self.revisions[0] if len(self.revisions) == 1 else sorted(self.revisions)
