"""The version of the data in Redis: a stamp, so that a program never works on data of a newer form than it knows.

The version is raised when a stored form changes in a way that an older program would misread, which is far more seldom
than the program's own version changes. Data without a stamp was written by ticker 0.1.0, and is version 1.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import version
from typing import Final

from ticker.errors import CannotWrite, NewerData
from ticker.journal.names import VERSION
from ticker.journal.redis import Redis

DATA_VERSION: Final = 1
"""The version that this program writes, and the newest that it reads."""


async def refuse_newer(redis: Redis) -> None:
    """Make sure that this program knows the form of the data.

    Raises:
        NewerData: a newer program has written it.
    """
    found = await redis("GET", VERSION)
    if found is None or (found.isdigit() and int(found) <= DATA_VERSION):
        return
    raise NewerData(
        f"the data is of version {found.decode(errors='replace')}, and ticker {version('ticker')} knows versions up to "
        f"{DATA_VERSION}: run the ticker that wrote it, or a newer one; nothing was changed"
    )


async def stamp(redis: Redis) -> None:
    """Stamp data that has no stamp yet.

    Data that takes no writes for now stays as it is: it is no less readable, and the next start stamps it.
    """
    if await redis("EXISTS", VERSION):
        return
    with suppress(CannotWrite):
        await redis("SET", VERSION, DATA_VERSION, "NX")
