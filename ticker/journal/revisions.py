"""One dispatch with its earlier revisions, a page of them at a time.

Each dispatch that was corrected has a list of its earlier revisions, so that a correction writes one revision and not
all of them again. Version 0.1.0 kept them in one hash, as one text for each dispatch; what is there is still read, also
where such a node runs beside this one: revisions are numbered without gaps, so the two are put together by number.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from ticker.errors import NotFound
from ticker.journal import names
from ticker.journal.redis import Redis

PAGE: Final = 20
"""Earlier revisions read at once: more than almost any dispatch has, and at most 300 KB."""


class Revisions(NamedTuple):
    """Some earlier revisions, oldest first, and the `before` of the page with those before them, if there are any."""

    revisions: list[dict[str, Any]]
    before: int | None


async def current(redis: Redis, feed: str, id: str) -> dict[str, Any]:
    """Return the current revision of a dispatch, or its tombstone.

    Raises:
        NotFound: it was never filed in this feed.
    """
    return _dispatch(await redis("HGET", names.dispatches(feed), id), feed, id)


async def with_earlier(redis: Redis, feed: str, id: str, before: int | None = None) -> tuple[dict[str, Any], Revisions]:
    """Return a dispatch as `current`, and its newest PAGE revisions before that numbered `before`, or the current one.

    Raises:
        NotFound: it was never filed in this feed.
    """
    stored, hashed, newest = await redis.pipeline(
        ("HGET", names.dispatches(feed), id),
        ("HGET", names.revisions(feed), id),
        ("LRANGE", names.earlier(feed, id), -PAGE - 1, -1),  # one of them may be newer than what the first command read
    )
    dispatch = _dispatch(stored, feed, id)
    if dispatch["status"] == "killed":
        return dispatch, Revisions([], None)
    old = in_hash(hashed)
    end: int = dispatch["revision"]
    if before is not None and before < end:
        end, last = before, place(before, old) - 1
        newest = await redis("LRANGE", names.earlier(feed, id), max(last - PAGE + 1, 0), last) if last >= 0 else []
    every = sorted([*old, *map(orjson.loads, newest)], key=_number)
    page = [revision for revision in every if _number(revision) < end][-PAGE:]
    return dispatch, Revisions(page, _number(page[0]) if page and _number(page[0]) > 1 else None)


def in_hash(text: bytes | None) -> list[dict[str, Any]]:
    """Return the revisions that the hash has of a dispatch."""
    found: list[dict[str, Any]] = orjson.loads(b"[" + (text or b"") + b"]")
    return found


def place(revision: int, in_hash: list[dict[str, Any]]) -> int:
    """Return the index of a revision in the list of a dispatch, given the revisions that are in the hash instead."""
    return revision - 1 - sum(_number(each) < revision for each in in_hash)


def _number(revision: dict[str, Any]) -> int:
    number: int = revision["revision"]
    return number


def _dispatch(stored: bytes | None, feed: str, id: str) -> dict[str, Any]:
    if stored is None:
        raise NotFound(f"There is no dispatch {id!r} in the feed {feed!r}")
    dispatch: dict[str, Any] = orjson.loads(stored)
    return dispatch
