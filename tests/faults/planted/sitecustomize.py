"""Eight bugs, each planted by a patch of the running service: what the checker must find within 20 plans.

Python imports a `sitecustomize` from its path when it starts. The tests put this folder there for the nodes of a plan,
and name a bug in PLANTED_BUG. The service itself knows nothing of this.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

BUGS: Final[dict[str, Callable[[], None]]] = {}
CAUGHT_BY: Final[dict[str, set[str]]] = {}
"""The laws that each bug breaks. Another one that is broken meanwhile does not count as having found it."""


def bug(*laws: str) -> Callable[[Callable[[], None]], None]:
    def remember(plant: Callable[[], None]) -> None:
        BUGS[plant.__name__] = plant
        CAUGHT_BY[plant.__name__] = set(laws)

    return remember


@bug("gap")
def skipped_gap_fill() -> None:
    """Of a hole that is filled from the log, the first entry is left out, and nobody checks that entries chain."""
    from ticker.entry import Entry
    from ticker.journal.log import Journal

    entries = Journal.entries

    async def without_the_first(self: Journal, feed: str, first: int, last: int) -> list[Entry]:
        found = await entries(self, feed, first, last)
        is_a_hole = last - first < 31  # more is read when a feed is opened
        return found[1:] if is_a_hole and len(found) > 1 else found

    vars(Entry)["follows"]  # that it is there, and named so
    Entry.follows = lambda self, tail: True  # type: ignore[method-assign]
    Journal.entries = without_the_first  # type: ignore[method-assign]


@bug("gap")
def double_publish() -> None:
    """Each fifth entry is written to readers twice."""
    from ticker.channel import Channel

    publish = Channel.publish

    def twice(self: Channel, *entries: Any, pinned: Any = None) -> None:
        for entry in entries:
            publish(self, entry, pinned=pinned or {})
            if entry.tail.offset % 5 == 0:
                self.announce((self.ring.after(entry.tail.offset - 1) or [])[-1])

    Channel.publish = twice  # type: ignore[method-assign]


@bug("proof")
def beat_without_proof() -> None:
    """A node that has lost Redis beats on."""
    from ticker.channel import Channel

    vars(Channel)["delay"]
    Channel.delay = lambda self, now: self.prove(now, beat=True)  # type: ignore[method-assign]


@bug("promise", "position")
def ack_before_append() -> None:
    """A change is acknowledged although it is not known to be in the log."""
    import secrets

    from ticker.errors import Unavailable
    from ticker.journal.append import Receipt
    from ticker.journal.log import Journal

    append = Journal.append

    async def at_once(self: Journal, feed: str, change: Any) -> Receipt:
        try:
            return await append(self, feed, change)
        except Unavailable:
            at, id = "2026-01-01T00:00:00.000Z", secrets.token_hex(13)
            body = {"id": id, "position": f"1-{secrets.token_hex(6)}", "revision": 1, "filed": at, "updated": at}
            return Receipt(body, repeated=False)

    Journal.append = at_once  # type: ignore[method-assign]


@bug("promise", "held")
def no_wait_for_replicas() -> None:
    """A change is acknowledged before its replicas have it."""
    from ticker.journal.log import Journal

    async def nothing(self: Journal, redis: Any) -> str:
        return ""  # is lacking

    vars(Journal)["_wait"]
    Journal._wait = nothing  # type: ignore[method-assign]


@bug("kill")
def killed_text_left_in_the_ring() -> None:
    """A kill does not replace the earlier frames of its dispatch."""
    from ticker.ring import Ring

    vars(Ring)["_bury"]
    Ring._bury = lambda self, withdrawn, kill: None  # type: ignore[method-assign]


@bug("promise")
def forgotten_idempotency_record() -> None:
    """An Idempotency-Key is remembered for a second."""
    from ticker.journal import append

    assert append.REQUEST_TTL == 24 * 3600
    append.REQUEST_TTL = 1  # type: ignore[misc]


@bug("promise")
def release_done_twice() -> None:
    """A held dispatch is filed first and marked as released after that, as if nobody else looked meanwhile."""
    import orjson

    from ticker import changes
    from ticker.dispatch import FIELDS
    from ticker.journal import names
    from ticker.journal.holder import Holder
    from ticker.release import Releaser

    async def in_two_steps(self: Any, due: Any) -> bool:
        record, filer = await self._held.dispatch(due.feed, due.id)
        if record["status"] != "held":
            return False
        fields = {name: record[name] for name in FIELDS if name in record}
        author = Holder(filer, record["by"], "correspondent", record["held"])
        receipt = await self._journal.append(due.feed, changes.File(author, fields))
        record |= {"status": "released", "dispatch": receipt.body["id"]}
        redis = self._journal._redis
        await redis("HSET", names.held(due.feed), due.id, orjson.dumps(record))
        await redis("ZREM", names.due(due.feed), due.id)
        return True

    vars(Releaser)["release"]
    Releaser.release = in_two_steps  # type: ignore[method-assign]


if (name := os.environ.get("PLANTED_BUG")) is not None:
    BUGS[name]()
