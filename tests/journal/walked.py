"""A log to be walked: nine entries about three dispatches, and how to damage it."""

from __future__ import annotations

from tests.journal.test_append import FIELDS, MONA
from ticker import changes
from ticker.journal import names
from ticker.journal.log import Journal
from ticker.journal.redis import Redis

LOG, STATE = names.log("breaking"), names.state("breaking")


async def life(journal: Journal) -> list[str]:
    """Nine entries about three dispatches; return the ids of these."""

    async def append(change: changes.Change) -> str:
        return str((await journal.append("breaking", change)).body.get("id", ""))

    first = await append(changes.File(MONA, FIELDS | {"text": "one"}))
    second = await append(changes.File(MONA, FIELDS | {"text": "two"}))
    await append(changes.Correct(MONA, first, FIELDS | {"text": "one, corrected"}))
    await append(changes.Pin(MONA, first))
    await append(changes.Correct(MONA, first, FIELDS | {"text": "one, corrected again"}))
    await append(changes.Kill(MONA, second, "false"))
    await append(changes.Air(MONA, {"on": False, "label": None, "url": None}))
    third = await append(changes.File(MONA, FIELDS | {"text": "three"}))
    await append(changes.Pin(MONA, None))
    return [first, second, third]


async def rewrite(redis: Redis, offset: int, **members: bytes) -> None:
    """Change an entry in place, as no command can."""
    kept = await redis("XRANGE", LOG, "-", "+")
    await redis("DEL", LOG)
    for id, said in kept:
        if id == f"{offset}-0".encode():
            said |= {name.encode(): value for name, value in members.items()}
        await redis("XADD", LOG, id, *(part for member in said.items() for part in member))


async def entry_at(redis: Redis, offset: int) -> dict[bytes, bytes]:
    [(_, kept)] = await redis("XRANGE", LOG, f"{offset}-0", f"{offset}-0")
    return dict(kept)
