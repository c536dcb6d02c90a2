"""Editions: the same dispatch in other languages, each in a feed of its own.

A dispatch names the one that it is an edition of, in its own log. Beside the logs, each dispatch has a set with the
`feed/id` of those tied to it: its original, and the editions whose authors may write to its feed. The sets only say
where to look. Whether two dispatches are editions is read from the dispatches, so a tie that is left behind, by a
failure half-way or by version 0.1.0, shows nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson

from ticker.changes import Change
from ticker.journal import names
from ticker.journal.redis import Redis, Script

MAX_EDITIONS: Final = 16
"""Editions of one dispatch that are tied to it and shown."""

LOOKED_AT: Final = 64
"""Dispatches that are read to find the editions of one. Version 0.1.0 tied any number."""


class Editions:
    """Which dispatches are editions of each other, in Redis. Raises Unavailable whenever Redis does not respond."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._script = Script("tie.lua")

    async def update(self, feed: str, id: str, change: Change) -> None:
        """Tie and untie a dispatch as a change of it asks. To repeat it does no harm.

        The other feed may be kept elsewhere in a cluster, so this is not part of the script that writes the log.
        """
        if change.kind == "kill":
            await self.untie(feed, id)
        written, replaced = change.written().get("edition_of"), change.replaced().get("edition_of")
        if written is None and replaced is None:
            return
        await self.move(feed, id, replaced, written, both=written is not None and change.holder.writes(_feed(written)))

    async def move(self, feed: str, id: str, before: str | None, after: str | None, *, both: bool) -> None:
        """Tie a dispatch to its original, which was `before` and is `after`, each as `feed/id` or None.

        The original shows the tie only with `both`.
        """
        own, mine = f"{feed}/{id}", names.editions(feed, id)
        if before is not None and before != after:
            await self._redis.pipeline(("SREM", mine, before), ("SREM", _set_of(before), own))
        if after is not None:
            await self._redis.run(self._script, [mine], [after, MAX_EDITIONS])
            if both:
                await self._redis.run(self._script, [_set_of(after)], [own, MAX_EDITIONS])

    async def untie(self, feed: str, id: str) -> None:
        """Remove a killed dispatch from the editions of others. Its own stay: the response to the kill names them."""
        tied = await self._tied(names.editions(feed, id))
        await self._redis.pipeline(*(("SREM", _set_of(name), f"{feed}/{id}") for name in tied))

    async def of(self, feed: str, dispatch: dict[str, Any]) -> list[str]:
        """Return the `feed/id` of each edition of a dispatch that is not killed, MAX_EDITIONS at most.

        Editions of the same original are editions of each other. Of a tombstone, those of the dispatch that was killed.
        """
        own, original = f"{feed}/{dispatch['id']}", dispatch.get("edition_of")
        tied = {*await self._tied(names.editions(feed, dispatch["id"])), *([] if original is None else [original])}
        gone = dispatch["status"] == "killed"  # and with it, of what it was an edition
        near = {
            name: each
            for name, each in (await self._dispatches(tied - {own})).items()
            if gone or name == original or each.get("edition_of") == own
        }
        found = dict(near)
        if near:
            sets = await asyncio.gather(*(self._tied(_set_of(name)) for name in near))
            pairs = [(name, other) for name, tied in zip(near, sets, strict=True) for other in tied][:LOOKED_AT]
            others = await self._dispatches({other for _, other in pairs} - {own} - near.keys())
            for name, other in pairs:
                if other in others and (
                    others[other].get("edition_of") == name or near[name].get("edition_of") == other
                ):
                    found[other] = others[other]
        return sorted(name for name, each in found.items() if each["status"] != "killed")[:MAX_EDITIONS]

    async def _tied(self, key: str) -> list[str]:
        # Any LOOKED_AT of them, where there are more.
        return sorted(name.decode() for name in await self._redis("SRANDMEMBER", key, LOOKED_AT))

    async def _dispatches(self, tied: set[str]) -> dict[str, dict[str, Any]]:
        """Return those of these dispatches that there are."""
        listed = sorted(tied)[:LOOKED_AT]
        stored = await self._redis.pipeline(
            *(("HGET", names.dispatches(_feed(name)), name.partition("/")[2]) for name in listed)
        )
        return {name: orjson.loads(text) for name, text in zip(listed, stored, strict=True) if text is not None}


def _feed(name: str) -> str:
    return name.partition("/")[0]


def _set_of(name: str) -> str:
    feed, _, id = name.partition("/")
    return names.editions(feed, id)
