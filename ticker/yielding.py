"""Yielding to the event loop between two pieces of long work."""

from __future__ import annotations

import asyncio
from typing import Final

TURNS: Final = 8
"""Turns of the loop for all others after each piece, since a request takes about a dozen to become an entry: with one
turn, its 201 would wait for a dozen pieces. A turn in which nothing is to be done costs two microseconds."""


async def yield_to_others() -> None:
    """Let all others go on for some turns of the loop."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
