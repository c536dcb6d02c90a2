"""The outcomes of append.lua: the same table in Lua and in Python, and each of them occurs."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

import pytest

from tests.journal.test_append import FIELDS, LUIS, MONA, filing, opened
from ticker import changes
from ticker.errors import TickerError
from ticker.journal import names
from ticker.journal.append import ACCEPTED, REFUSED
from ticker.journal.log import Journal
from ticker.journal.redis import Redis, Script
from ticker.journal.registry import Registry
from ticker.limits import Limits
from ticker.release import OnTimer

FEED = "breaking"
ALL = {*ACCEPTED, *REFUSED}


def lua(name: str) -> str:
    return resources.files("ticker.journal").joinpath(name).read_text()


def test_lua_and_python_have_the_same_outcomes() -> None:
    table = re.findall(r"^  (\w+) = '(\w+)', -- \w", lua("outcomes.lua"), re.MULTILINE)
    assert [name for name, value in table if name != value] == []
    assert {name for name, _ in table} == ALL
    assert len(table) == len(ALL)


def test_the_script_returns_every_outcome_and_no_other() -> None:
    script = lua("held.lua") + lua("flash.lua") + lua("limits.lua") + lua("append.lua")
    assert set(re.findall(r"\boutcome\.(\w+)", script)) == ALL
    assert len(re.findall(r"return (?:nil, )?\{", script)) == len(re.findall(r"return (?:nil, )?\{outcome\.", script))


class Recorder(Redis):
    """A client that remembers the outcome of each script."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.channels = redis.channels
        self.outcome = ""

    async def __call__(self, *command: Any) -> Any:
        return await self._redis(*command)

    async def run(self, script: Script, names: list[str], args: list[Any]) -> Any:
        found = await self._redis.run(script, names, args)
        if isinstance(found, list) and len(found) in (2, 3):
            self.outcome = found[0].decode()
        return found


@pytest.mark.anyio
async def test_every_outcome_occurs_and_is_what_it_says(redis: Redis) -> None:
    recorder = Recorder(redis)
    journal, _ = await opened(recorder)

    async def outcome(change: changes.Change, feed: str = FEED) -> str:
        try:
            body = (await journal.append(feed, change)).body
        except TickerError:
            return recorder.outcome
        ids.append(body.get("id", ""))
        return recorder.outcome

    ids: list[str] = []
    soon = 4_000_000_000_000
    assert await outcome(filing(idempotency_key="k")) == "kept"
    assert await outcome(filing(idempotency_key="k")) == "repeated"
    assert await outcome(filing(idempotency_key="k", fields=FIELDS | {"text": "other"})) == "reused"
    assert await outcome(filing(), "unopened") == "unopened"
    assert await outcome(changes.Kill(MONA, "nothing", "r")) == "absent"
    assert await outcome(changes.Kill(LUIS, ids[0], "r", own_only=True)) == "not_owner"
    assert await outcome(changes.Correct(MONA, ids[0], FIELDS, revision=2)) == "stale"
    assert await outcome(changes.Correct(LUIS, ids[0], FIELDS, confirmation=changes.GiveConfirmation())) == "unasked"
    assert await outcome(changes.Kill(MONA, ids[0], "r")) == "kept"
    assert await outcome(changes.Pin(MONA, ids[0])) == "killed"

    assert await outcome(changes.Hold(MONA, FIELDS, 1)) == "over"
    assert await outcome(changes.Hold(MONA, FIELDS, soon)) == "kept"
    held = ids[-1]
    assert await outcome(changes.Spike(MONA, "nothing", "r")) == "absent"
    assert await outcome(changes.Edit(LUIS, held, FIELDS, soon, own_only=True)) == "not_owner"
    assert await outcome(changes.Edit(MONA, held, FIELDS, soon, revision=2)) == "stale"
    assert await outcome(changes.Spike(MONA, held, "r")) == "kept"
    assert await outcome(changes.Release(MONA, held, FIELDS)) == "ended"

    assert await outcome(filing(confirmation=changes.RequestConfirmation(timeout=3_600_000))) == "kept"
    flash = ids[-1]
    confirm = changes.Correct(LUIS, flash, FIELDS, confirmation=changes.GiveConfirmation())
    assert await outcome(changes.Correct(MONA, flash, FIELDS, confirmation=changes.GiveConfirmation())) == "alone"
    await redis("HSET", names.state(FEED), "at", soon)
    assert await outcome(confirm) == "late"

    await redis("HSET", names.state(FEED), "at", 0)
    journal = Journal(recorder, limits=Limits(revisions=1, labels=1, held=2, held_by_key=1))
    assert await outcome(filing()) == "kept"
    assert await outcome(filing(fields=FIELDS | {"story": "other"})) == "many_labels"
    assert await outcome(changes.Correct(MONA, ids[-1], FIELDS)) == "many_revisions"
    assert await outcome(changes.Hold(MONA, FIELDS, soon)) == "kept"
    assert await outcome(changes.Hold(MONA, FIELDS, soon)) == "many_held_by_key"
    assert await outcome(changes.Hold(LUIS, FIELDS, soon)) == "kept"
    assert await outcome(changes.Hold(LUIS, FIELDS, soon)) == "many_held"
    journal = Journal(recorder)

    assert await outcome(changes.Hold(LUIS, FIELDS, 2 * soon)) == "kept"
    await redis("SADD", names.revoked(FEED), "luis")
    assert await outcome(changes.Release(OnTimer("luis", "Luis"), ids[-1], FIELDS)) == "parked"
    assert await outcome(changes.Kill(LUIS, ids[0], "r")) == "revoked"

    await Registry(redis).close(FEED)
    assert await outcome(filing()) == "closed"
