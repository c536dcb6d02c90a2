"""Earlier revisions: a list for each dispatch, read a page at a time together with what version 0.1.0 wrote."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.journal.test_append import FIELDS, MONA, filing, opened
from ticker import changes
from ticker.journal import names
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.revisions import PAGE, in_hash, place
from ticker.journal.verify import Verifier

pytestmark = pytest.mark.anyio


async def correct(journal: Journal, id: str, first: int, last: int, text: str = "") -> None:
    """Correct a dispatch so that it has the revisions from one number to another."""
    for revision in range(first, last + 1):
        fields = FIELDS | {"text": f"{revision}{text}"}
        await journal.append("breaking", changes.Correct(MONA, id, fields, revision=revision - 1))


async def as_version_0_1_0_wrote(redis: Redis, id: str, *moved: int) -> None:
    """Move revisions of a dispatch, by their indexes in the list, from there to the hash."""
    listed = await redis("LRANGE", names.earlier("breaking", id), 0, -1)
    hashed = await redis("HGET", names.revisions("breaking"), id)
    texts = [*([hashed] if hashed else []), *(listed[index] for index in moved)]
    await redis("HSET", names.revisions("breaking"), id, b",".join(texts))
    for index in moved:
        await redis("LREM", names.earlier("breaking", id), 1, listed[index])


async def every_page(journal: Journal, id: str) -> list[list[int]]:
    found, before = [], None
    while True:
        _, page = await journal.dispatch_with_revisions("breaking", id, before)
        found.append([revision["revision"] for revision in page.revisions])
        if page.before is None:
            return found
        before = page.before


async def test_a_correction_writes_one_revision_and_not_all_of_them_again(redis: Redis) -> None:
    journal, _ = await opened(redis)
    id = (await journal.append("breaking", filing())).body["id"]

    async def written() -> int:
        return int((await redis("INFO", "persistence"))["aof_current_size"])

    await correct(journal, id, 2, 11, " " + "x" * 900)
    start = await written()
    await correct(journal, id, 12, 21, " " + "x" * 900)
    early, start = await written() - start, await written()
    await correct(journal, id, 22, 121, " " + "x" * 900)
    late = (await written() - start) / 10
    assert late < 1.2 * early, "what a correction writes does not grow with those before it"
    assert await redis("LLEN", names.earlier("breaking", id)) == 120
    assert await redis("EXISTS", names.revisions("breaking")) == 0


async def test_revisions_are_read_page_by_page_from_the_newest(redis: Redis) -> None:
    journal, _ = await opened(redis)
    id = (await journal.append("breaking", filing())).body["id"]
    assert await every_page(journal, id) == [[]]
    await correct(journal, id, 2, PAGE + 1)
    assert await every_page(journal, id) == [[*range(1, PAGE + 1)]]
    await correct(journal, id, PAGE + 2, 2 * PAGE + 6)
    pages = [[*range(PAGE + 6, 2 * PAGE + 6)], [*range(6, PAGE + 6)], [1, 2, 3, 4, 5]]
    assert await every_page(journal, id) == pages
    dispatch, page = await journal.dispatch_with_revisions("breaking", id, 3)
    assert (dispatch["revision"], [each["text"] for each in page.revisions]) == (2 * PAGE + 6, [FIELDS["text"], "2"])
    newest_first = [each["revision"] async for each in journal.earlier_revisions("breaking", id)]
    assert newest_first == [*range(2 * PAGE + 5, 0, -1)]
    _, page = await journal.dispatch_with_revisions("breaking", id, 1)
    assert page == ([], None)
    _, page = await journal.dispatch_with_revisions("breaking", id, 10_000)
    assert [each["revision"] for each in page.revisions] == pages[0]


@pytest.mark.parametrize("moved", [(0, 1, 2), (0, 2, 3, 40), tuple(range(44))])
async def test_what_version_0_1_0_wrote_stands_in_its_place(redis: Redis, moved: tuple[int, ...]) -> None:
    journal, _ = await opened(redis)
    id = (await journal.append("breaking", filing())).body["id"]
    await correct(journal, id, 2, 45)
    before = await every_page(journal, id)
    await as_version_0_1_0_wrote(redis, id, *moved)
    assert await every_page(journal, id) == before
    assert (await Verifier(redis, "breaking").verify()).fault is None
    await correct(journal, id, 46, 46)
    assert [number for page in reversed(await every_page(journal, id)) for number in page] == [*range(1, 46)]
    assert (await Verifier(redis, "breaking").verify()).fault is None


async def test_a_kill_removes_both(redis: Redis) -> None:
    journal, _ = await opened(redis)
    id = (await journal.append("breaking", filing())).body["id"]
    await correct(journal, id, 2, 6)
    await as_version_0_1_0_wrote(redis, id, 0, 1)
    await journal.append("breaking", changes.Kill(MONA, id, "false"))
    dispatch, page = await journal.dispatch_with_revisions("breaking", id)
    assert (dispatch["status"], page) == ("killed", ([], None))
    assert await redis("EXISTS", names.revisions("breaking"), names.earlier("breaking", id)) == 0


async def test_one_text_in_the_hash_is_several_revisions() -> None:
    revisions: list[dict[str, Any]] = [{"revision": 1}, {"revision": 4}]
    assert in_hash(b",".join(map(orjson.dumps, revisions))) == revisions
    assert in_hash(None) == []
    assert [place(revision, revisions) for revision in (2, 3, 5)] == [0, 1, 2]
