"""`ticker verify` and `audit` beside a real service: what is damaged is named, and only editors see what was killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Here, at
from tests.service import Service
from ticker.dispatch import rfc3339
from ticker.errors import Unavailable
from ticker.journal import names
from ticker.journal.audit import Audit
from ticker.journal.embedded import SOCKET
from ticker.journal.redis import Redis
from ticker.web.audit import LINES_PER_CHECK
from ticker.web.audit import _lines as audit_lines
from ticker.web.auth import unknown_key


def _on_redis(service: Service, act: Callable[[Redis], Awaitable[None]]) -> None:
    """Do something to the log that the service itself never would."""

    async def with_redis() -> None:
        redis = Redis(f"unix://{service.data / SOCKET}")
        await act(redis)
        await redis.close()

    asyncio.run(with_redis())


async def _delete_an_entry(redis: Redis, feed: str, _: str) -> None:
    await redis("XDEL", names.log(feed), "2-0")


async def _change_a_byte(redis: Redis, feed: str, _: str) -> None:
    kept = await redis("XRANGE", names.log(feed), "-", "+")
    await redis("DEL", names.log(feed))
    for id, said in kept:
        text = said[b"entry"].replace(b"line 2", b"line Z")
        await redis("XADD", names.log(feed), id, "hash", said[b"hash"], "entry", text)


async def _change_a_hash(redis: Redis, feed: str, _: str) -> None:
    kept = await redis("XRANGE", names.log(feed), "-", "+")
    await redis("DEL", names.log(feed))
    for id, said in kept:
        hash = b"0" * 40 if id == b"3-0" else said[b"hash"]
        await redis("XADD", names.log(feed), id, "hash", hash, "entry", said[b"entry"])


async def _change_a_dispatch(redis: Redis, feed: str, id: str) -> None:
    shown = await redis("HGET", names.dispatches(feed), id)
    await redis("HSET", names.dispatches(feed), id, shown.replace(b"line 2", b"line Z"))


async def _cut_the_tail(redis: Redis, feed: str, _: str) -> None:
    await redis("XTRIM", names.log(feed), "MAXLEN", 0)


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (_delete_an_entry, "entry 2 is missing; unbroken to {0}"),
        (_change_a_byte, "entry 2 does not follow from the one before it; unbroken to {0}"),
        (_change_a_hash, "entry 3 does not follow from the one before it; unbroken to {1}"),
        (_change_a_dispatch, "the dispatch {id} is not shown as the log says; unbroken to {2}"),
        (_cut_the_tail, "the log ends at 0-"),
    ],
)
def test_damage_is_named_with_its_place_and_the_status_is_1(
    service: Service, damage: Callable[[Redis, str, str], Awaitable[None]], fault: str, here: Here
) -> None:
    feed, data = service.open_feed(), ["--data", str(service.data)]
    receipts = [service.file(feed, f"line {number}") for number in (1, 2, 3)]
    positions = [receipt["position"] for receipt in receipts]
    good = f"{feed}: 3 entries, unbroken to {positions[2]}\n"
    assert here({}, "verify", "--feed", feed, *data).printed == good
    id = receipts[1]["id"]
    _on_redis(service, lambda redis: damage(redis, feed, id))
    found = here({}, "verify", "--feed", feed, *data)
    assert found.complaint.startswith(f"ticker: {feed}: {fault.format(*positions, id=id)}")
    assert found.status == 1
    # All feeds: the sound ones are named beside it.
    every = here({}, "verify", *data)
    assert (every.status, found.errors in every.errors) == (1, True)
    assert "breaking: 0 entries, unbroken to 0-" in every.output
    _on_redis(service, lambda redis: redis("HDEL", names.FEEDS, feed))


def test_a_log_is_verified_while_the_service_is_down(tmp_path: Path, here: Here) -> None:
    with Service(tmp_path) as service:
        position = service.file("breaking", "one")["position"]
    assert here({}, "verify", "--data", str(tmp_path)).printed == f"breaking: 1 entry, unbroken to {position}\n"
    assert "nowhere" in here({}, "verify", "--feed", "nowhere", "--data", str(tmp_path)).complaint
    assert "there is no log in" in here({}, "verify", "--data", str(tmp_path / "empty")).complaint
    assert not (tmp_path / "empty").exists()


def _key(service: Service, role: str, feed: str) -> str:
    body = {"name": role, "role": role, "feeds": [feed]}
    key: str = service.http.post("/v1/keys", json=body).json()["key"]
    return key


def _told(line: str) -> tuple[str, Any, Any]:
    change = json.loads(line)
    before, after = (
        what.get("text") or what["status"] if isinstance(what, dict) else what
        for what in (change["before"], change["after"])
    )
    return change["kind"], before, after


def test_an_editor_sees_every_change_and_nobody_else_sees_what_was_killed(service: Service, here: Here) -> None:
    feed = service.open_feed()
    held, dispatches = f"/v1/feeds/{feed}/held", f"/v1/feeds/{feed}/dispatches"
    soon = rfc3339(datetime.now(UTC) + timedelta(days=1))
    first, second = (service.file(feed, "embargoed", release_at=soon)["id"] for _ in range(2))
    wrong = service.file(feed, "a libel")
    service.http.request("DELETE", f"{held}/{second}", json={"reason": "no"})
    service.http.patch(f"{held}/{first}", json={"text": "released"}, headers={"if-match": "*"})
    assert service.http.post(f"{held}/{first}/release").status_code == 201
    service.http.post(f"{dispatches}/{wrong['id']}/kill", json={"reason": "untrue"})
    editor, correspondent = _key(service, "editor", feed), _key(service, "correspondent", feed)
    told = here(at(service, editor), "audit", "--feed", feed).printed.splitlines()
    assert [_told(line) for line in told] == [
        ("hold", None, "embargoed"),
        ("hold", None, "embargoed"),
        ("file", None, "a libel"),
        ("spike", "embargoed", "spiked"),
        ("edit", "embargoed", "released"),
        ("release", "released", "released"),
        ("file", None, "released"),
        ("kill", "a libel", "killed"),
    ]
    assert {json.loads(line)["by"] for line in told} == {"admin"}
    address = f"/v1/feeds/{feed}/audit"
    answer = service.http.get(address, headers={"authorization": f"Bearer {editor}"})
    assert answer.text.splitlines() == told
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers
    for key, status in ((correspondent, 403), ("tk_unknown", 401), (_key(service, "editor", "breaking"), 403)):
        refused = service.http.get(address, headers={"authorization": f"Bearer {key}"})
        assert (refused.status_code, refused.headers["cache-control"]) == (status, "no-store")
        assert "libel" not in refused.text
    assert service.http.get(address, headers={"authorization": ""}).status_code == 401
    assert "editor" in here(at(service, correspondent), "audit", "--feed", feed).complaint
    assert "TICKER_KEY" in here(at(service) | {"key": ""}, "audit", "--feed", feed).complaint
    assert "nowhere" in here(at(service), "audit", "--feed", "nowhere").complaint


def test_the_audit_of_a_damaged_log_says_so_and_the_status_is_1(service: Service, here: Here) -> None:
    feed = service.open_feed()
    for number in (1, 2, 3):
        service.file(feed, f"line {number}")
    _on_redis(service, lambda redis: _delete_an_entry(redis, feed, ""))
    ended = here(at(service), "audit", "--feed", feed)
    assert (ended.status, ended.errors) == (1, "")
    assert [json.loads(line).get("fault") for line in ended.output.splitlines()] == [None, "entry 2 is missing"]
    _on_redis(service, lambda redis: redis("HDEL", names.FEEDS, feed))


def test_an_audit_that_loses_the_log_on_the_way_ends_with_a_fault() -> None:
    class Lost(Audit):
        async def changes(self) -> AsyncIterator[dict[str, Any]]:
            yield {"kind": "file"}
            raise Unavailable("The log cannot be reached")

    async def lines() -> list[bytes]:
        return [line async for line in audit_lines(Lost(Redis("unix:///nowhere"), "breaking"))]

    assert asyncio.run(lines()) == [b'{"kind":"file"}\n', b'{"fault":"The log cannot be reached"}\n']


def test_an_audit_whose_key_is_revoked_on_the_way_ends_with_a_fault() -> None:
    class Long(Audit):
        async def changes(self) -> AsyncIterator[dict[str, Any]]:
            while True:
                yield {"kind": "file"}

    async def revoked() -> None:
        raise unknown_key()

    async def lines() -> list[bytes]:
        return [line async for line in audit_lines(Long(Redis("unix:///nowhere"), "breaking"), revoked)]

    *whole, last = asyncio.run(lines())
    assert whole == [b'{"kind":"file"}\n'] * (LINES_PER_CHECK - 1)
    assert "revoked" in json.loads(last)["fault"]
