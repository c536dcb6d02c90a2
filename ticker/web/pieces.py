"""Long work in pieces, between which everybody else has some turns of the event loop.

A page of a hundred dispatches takes ten milliseconds to draw and two to compress. With several of them in a turn of
the loop, a dispatch, which takes some turns from its request to its 201, would be kept in a tenth of a second. So one
page is drawn at a time, and of many turns only one has a piece of it, however many clients ask for some.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

import jinja2
from starlette.requests import Request

from ticker.yielding import yield_to_others

PIECE: Final = 0.0005
"""Seconds of work between turns of the others."""

T = TypeVar("T")


class Pieces:
    """How the pages of a node are made.

    Attributes:
        drawing: held while a page is drawn. What the page shows is to be looked up while it is held, and nothing else
            is to be waited for meanwhile: a page that had to wait for its turn would show what was killed since.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.drawing = asyncio.Lock()
        self._working = asyncio.Lock()
        self._clock = clock
        self._worked = 0.0
        """Seconds since the others had their turns."""

    async def all(self, steps: Iterable[T]) -> list[T]:
        """Return what the steps give, with turns for others after each piece of them."""
        done: list[T] = []
        left = iter(steps)
        while not await self._piece(left, done):
            pass
        return done

    async def _piece(self, steps: Iterator[T], done: list[T]) -> bool:
        """Take as many steps as fit into a piece, when it is their turn; return True if that was all of them."""
        async with self._working:
            if self._worked >= PIECE:
                await yield_to_others()
                self._worked = 0.0
            worked, began = self._worked, self._clock()
            for step in steps:
                done.append(step)
                self._worked = worked + self._clock() - began
                if self._worked >= PIECE:
                    return False
            return True

    async def render(self, template: jinja2.Template, **context: object) -> str:
        """Return what a template makes of a context, as its own `render` does."""
        return "".join(await self.all(template.generate(**context)))


def pieces_of(request: Request) -> Pieces:
    """Return how the pages of the node are made that a request came to."""
    pieces = request.app.state.pieces
    assert isinstance(pieces, Pieces)
    return pieces
