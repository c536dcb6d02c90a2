"""Long work in pieces: what others get in between, and that the result is the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import jinja2
import pytest

from ticker.web.pieces import PIECE, Pieces
from ticker.yielding import TURNS

pytestmark = pytest.mark.anyio


class World:
    """Work of which each step takes a time of its own, beside somebody who counts the turns of the loop."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pieces = Pieces(lambda: self.now)
        self.turns: list[float] = []
        """How much was worked before each turn of the others."""

    def steps(self, count: int, seconds: float) -> Iterator[int]:
        for number in range(count):
            self.now += seconds
            yield number

    async def beside(self, *works: asyncio.Task[list[int]]) -> None:
        while not all(work.done() for work in works):
            before = self.now
            await asyncio.sleep(0)
            self.turns.append(self.now - before)


async def test_others_have_turns_after_each_piece() -> None:
    world = World()
    work = asyncio.create_task(world.pieces.all(world.steps(100, PIECE * 0.3)))
    await world.beside(work)
    assert work.result() == list(range(100))
    assert max(world.turns) == pytest.approx(4 * PIECE * 0.3), "the step with which the piece is over"
    assert len(world.turns) >= 24 * TURNS


async def test_there_is_one_piece_however_much_is_to_be_done() -> None:
    """What fits into a piece, again and again and beside one another: an example on a page of examples."""
    world = World()

    async def many() -> list[int]:
        return [each for _ in range(20) for each in await world.pieces.all(world.steps(3, PIECE / 8))]

    works = [asyncio.create_task(many()) for _ in range(2)]
    await world.beside(*works)
    assert [work.result() for work in works] == [[0, 1, 2] * 20] * 2
    assert max(world.turns) <= PIECE + PIECE / 8 + 1e-9
    assert len(world.turns) >= 13 * TURNS, "of 15 pieces, the last need not be full"


async def test_what_is_short_waits_for_nobody() -> None:
    world = World()
    work = asyncio.create_task(world.pieces.all(world.steps(3, PIECE / 8)))
    await asyncio.sleep(0)
    assert work.done()


async def test_a_template_gives_what_it_gives_at_once() -> None:
    environment = jinja2.Environment(autoescape=True)
    template = environment.from_string("{% for each in many %}<li>{{ each }}</li>{% endfor %}")
    many = [f"{number} <b>" for number in range(300)]
    world = World()
    assert await world.pieces.render(template, many=many) == template.render(many=many)


async def test_a_step_that_fails_leaves_the_next_work_alone() -> None:
    world = World()
    with pytest.raises(ValueError, match="a word"):
        await world.pieces.all(map(int, ["a word"]))
    assert await world.pieces.all(world.steps(3, PIECE / 8)) == [0, 1, 2]
