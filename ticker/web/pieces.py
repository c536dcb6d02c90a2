"""Long work in pieces, between which everybody else has a turn of the event loop.

A page of a hundred dispatches takes ten milliseconds to draw and two to compress. With several of them in a turn of
the loop, a dispatch, which takes some turns from its request to its 201, would be kept in a tenth of a second. So one
page is drawn at a time, and a turn has a piece of it, however many clients ask for some.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import jinja2
from starlette.requests import Request

PIECE: Final = 0.0005
"""Seconds of work in a turn. A turn with nothing in it takes a tenth of that."""

T = TypeVar("T")


class Pieces:
    """How the pages of a node are made.

    Attributes:
        drawing: held while a page is drawn. What the page shows is to be looked up while it is held, and nothing else
            is to be waited for meanwhile: a page that had to wait for its turn would show what was killed since.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.drawing = asyncio.Lock()
        self._clock = clock
        self._turn = False
        """Whether there was work in this turn of the loop already."""
        self._until = 0.0
        """When it has had its piece."""

    async def all(self, steps: Iterable[T]) -> list[T]:
        """Return what the steps give, with a turn for others after each piece of them."""
        done: list[T] = []
        self._begin_turn()
        for step in steps:
            done.append(step)
            if self._clock() >= self._until:
                await asyncio.sleep(0)
                self._begin_turn()
        return done

    def _begin_turn(self) -> None:
        if not self._turn:
            self._turn = True
            self._until = self._clock() + PIECE
            asyncio.get_running_loop().call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._turn = False

    async def render(self, template: jinja2.Template, **context: object) -> str:
        """Return what a template makes of a context, as its own `render` does."""
        return "".join(await self.all(template.generate(**context)))


def pieces_of(request: Request) -> Pieces:
    """Return how the pages of the node are made that a request came to."""
    pieces = request.app.state.pieces
    assert isinstance(pieces, Pieces)
    return pieces
