"""The revocation of keys: in each place that a key can change, before the request to revoke it is answered.

A request whose body takes long, or that waits for its turn, may have been let in before its key was revoked. So each
script that changes something refuses revoked keys itself. One script cannot reach all places, since a cluster may keep
each feed elsewhere; so each has a set of revoked ids beside it: every feed, and the settings of feeds.

First the key leaves the hash of keys, for a hash of revocations that have begun. From then on no request is let in with
it, and every feed for which one was let in is listed. Then its id enters the sets of all feeds that it reaches. If that
is interrupted, it is repeated with the request, or by the next node that connects.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

import orjson

from ticker.journal import names
from ticker.journal.append import revoked, script_keys
from ticker.journal.holder import Person
from ticker.journal.redis import Redis, Script
from ticker.journal.redis_errors import CommandError, cause

log = logging.getLogger("ticker.revocation")


class Revocation:
    """Issues and revokes keys in Redis. Raises Unavailable when Redis cannot be reached."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._keys = Script("keys.lua")
        self._add_revoked = Script("revoked.lua")
        self._revoke = Script("writes.lua", "store.lua", "outcomes.lua", "time.lua", "held.lua", "revoke.lua")

    async def issue(self, digest: str, holder: bytes, asking: str = "", owner: Person | None = None) -> bool:
        """Add a key to the hash of keys; return False if the person to whom it is to belong is not known.

        `asking` is the id of the key that asks, or empty; `owner` is None for a person of its own.

        Raises:
            InvalidToken: that key is revoked.
        """
        person, stored = ("", b"") if owner is None else (owner.id, owner.stored)
        return await self._change_keys("issue", asking, digest, holder, person, stored) == b"issued"

    async def begin(self, id: str, asking: str = "") -> dict[str, Any] | None:
        """Take a key out of the hash of keys; return its holder, or None if no key has this id.

        Raises:
            InvalidToken: the key that asks is revoked.
        """
        found = await self._change_keys("revoke", asking, id)
        return None if found is None else orjson.loads(found)

    async def _change_keys(self, act: str, asking: str, *args: str | bytes) -> bytes | None:
        keys = [names.KEYS, names.REVOKING, names.OWNERS, names.PEOPLE]
        found: bytes | None = await self._redis.run(self._keys, keys, [act, asking, *args])
        if found == b"refused":
            raise revoked()
        return found

    async def finish(self, id: str, feeds: Iterable[str], by: str | None = None) -> None:
        """Revoke a key in these feeds, or in all; `by` is the name of the key that asks. It may be repeated."""
        await self._redis.run(self._add_revoked, [names.REVOKED], [id])  # before the feeds are listed; see `check`
        await asyncio.gather(*(self._finish_in(feed, id, by) for feed in list(feeds) or await self._listed()))
        # Nodes are notified, since readers of private feeds may be connected with it.
        await self._redis.pipeline(
            ("HDEL", names.USED, id),
            ("HDEL", names.OWNERS, id),
            ("PUBLISH", self._redis.channels.settings, b""),
        )
        await self._redis("HDEL", names.REVOKING, id)  # after all else, which is on other shards in a cluster

    async def _finish_in(self, feed: str, id: str, by: str | None) -> None:
        try:
            await self._redis.run(self._revoke, script_keys(feed), [id, orjson.dumps(by)])
        except CommandError as error:  # a damaged feed does not keep the key valid in others
            log.error("held dispatches of %s could not be parked: %s", feed, cause(error))

    async def check(self, id: str) -> None:
        """Check that a key is not revoked, once a feed is known to be listed.

        A key that is valid now is in that feed's own set before a request to revoke it is answered.

        Raises:
            InvalidToken: it is revoked.
        """
        if id and await self._redis("SISMEMBER", names.REVOKED, id):
            raise revoked()

    async def finish_begun(self) -> None:
        """Finish the revocations that were interrupted."""
        for id, holder in (await self._redis("HGETALL", names.REVOKING)).items():
            await self.finish(id.decode(), orjson.loads(holder)["feeds"])

    async def readmit(self, id: str) -> None:
        """Make a key valid again that may have been revoked: the one that the operator sets."""
        places = [names.REVOKED, *map(names.revoked, await self._listed())]
        await self._redis.pipeline(*(("SREM", place, id) for place in places))

    async def _listed(self) -> list[str]:
        return [name.decode() for name in await self._redis("HKEYS", names.FEEDS)]


def refuse_revoked(outcome: int | bytes | None) -> None:
    """Refuse a change to the settings of a feed that a script refused since the key that asked is revoked.

    Raises:
        InvalidToken: it is.
    """
    if outcome in (-1, b"revoked"):
        raise revoked()
