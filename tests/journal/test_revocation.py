"""Revoked keys, on a real Valkey and a real Redis 7.0: every script refuses them, and what they held is parked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tests.journal.test_append import FIELDS, filing, opened
from ticker import changes
from ticker.errors import Conflict, InvalidToken, NotFound, TickerError, Unavailable
from ticker.feed import Feed
from ticker.journal import names
from ticker.journal.audit import Audit
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.held import HeldDispatches
from ticker.journal.holder import Holder
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.registry import NEVER, Registry
from ticker.journal.revocation import Revocation
from ticker.release import OnTimer

pytestmark = pytest.mark.anyio

SOON = 4_000_000_000_000
GOOD_FIELDS = FIELDS | {"sections": ["Economy"], "places": ["MENA"]}


class Desk:
    """A feed with a correspondent, Mona, and an editor, Luis; and an admin."""

    def __init__(self, redis: Redis, journal: Journal, settings: FeedSettings) -> None:
        self.redis, self.journal, self.settings = redis, journal, settings
        self.registry = Registry(redis)
        self.held = HeldDispatches(redis)

    async def set_up(self) -> None:
        _, self.mona = await self.registry.issue("Mona", "correspondent", [])
        _, self.luis = await self.registry.issue("Luis", "editor", [])
        _, self.admin = await self.registry.issue("Ada", "admin", [])

    async def make(self, change: changes.Change) -> dict[str, Any]:
        return (await self.journal.append("breaking", change)).body

    async def hold(self, holder: Holder) -> str:
        return str((await self.make(changes.Hold(holder, GOOD_FIELDS, SOON)))["id"])

    async def feed(self) -> Feed:
        feed = await self.journal.read_state(self.settings)
        assert feed is not None
        return feed

    async def record(self, id: str) -> dict[str, Any]:
        return (await self.held.dispatch("breaking", id))[0]

    async def due(self, id: str) -> int:
        return int(await self.redis("ZSCORE", names.due("breaking"), id))

    async def everything(self) -> dict[bytes, bytes | None]:
        """All that is stored."""
        keys = sorted(await self.redis("KEYS", "*"))
        return dict(zip(keys, await self.redis.pipeline(*(("DUMP", key) for key in keys)), strict=True))


@pytest.fixture
async def desk(redis: Redis) -> Desk:
    desk = Desk(redis, *await opened(redis))
    await desk.set_up()
    return desk


CHANGES: dict[str, Callable[[Holder, str, str], changes.Change]] = {
    "file": lambda key, _, __: filing(holder=key, idempotency_key="another"),
    "a repeated request": lambda key, _, __: filing(holder=key, idempotency_key="k"),
    "correct": lambda key, filed, _: changes.Correct(key, filed, FIELDS),
    "kill": lambda key, filed, _: changes.Kill(key, filed, "r"),
    "pin": lambda key, filed, _: changes.Pin(key, filed),
    "unpin": lambda key, _, __: changes.Pin(key, None),
    "air": lambda key, _, __: changes.Air(key, {"on": False, "label": None, "url": None}),
    "hold": lambda key, _, __: changes.Hold(key, FIELDS, SOON),
    "edit": lambda key, _, held: changes.Edit(key, held, FIELDS, SOON),
    "spike": lambda key, _, held: changes.Spike(key, held, "r"),
    "release": lambda key, _, held: changes.Release(key, held, FIELDS),
    "confirm": lambda key, filed, _: changes.Correct(key, filed, FIELDS, confirmation=changes.GiveConfirmation()),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_no_change_of_a_revoked_key_is_made(desk: Desk, change: str) -> None:
    """Whether its request was let in before is nothing that the script could know."""
    id = (await desk.make(filing(holder=desk.mona, idempotency_key="k")))["id"]
    held = await desk.hold(desk.luis)
    await desk.registry.revoke(desk.mona.id)
    before = await desk.everything()
    with pytest.raises(InvalidToken, match="revoked"):
        await desk.make(CHANGES[change](desk.mona, id, held))
    assert await desk.everything() == before
    if change not in ("a repeated request", "confirm"):
        await desk.make(CHANGES[change](desk.luis, id, held))


async def test_a_key_is_revoked_in_every_feed_that_it_reaches(desk: Desk) -> None:
    await desk.registry.open_feed(FeedSettings("sports", "Sports", "en", ""))
    _, bound = await desk.registry.issue("Bound", "correspondent", ["sports", "opened-later"])
    for revoked in (desk.mona, bound):
        await desk.registry.revoke(revoked.id)
    await desk.registry.open_feed(FeedSettings("opened-later", "Later", "en", ""))
    for feed, refused in (("breaking", {"Mona"}), ("sports", {"Mona", "Bound"}), ("opened-later", {"Bound"})):
        for key in (desk.mona, bound, desk.luis):
            try:
                await desk.journal.append(feed, filing(holder=key))
            except InvalidToken:
                assert key.name in refused
            else:
                assert key.name not in refused


@pytest.mark.parametrize("bound", [True, False])
async def test_what_a_revoked_key_held_is_parked_for_an_editor(desk: Desk, *, bound: bool) -> None:
    _, key = await desk.registry.issue("Mona", "correspondent", ["breaking"] if bound else [])
    parked, other = await desk.hold(key), await desk.hold(desk.luis)
    before = await desk.record(parked)
    await desk.registry.revoke(key.id, desk.admin)
    after = await desk.record(parked)
    assert after == before | {"revision": 2, "updated": after["parked"], "parked": after["parked"]}
    assert await desk.due(parked) == NEVER, "no timer releases it, also not one of another version"
    waiting = [record for record, _ in await desk.held.waiting("breaking", 9)]
    assert waiting == [await desk.record(other), after]
    assert "parked" not in await desk.record(other)
    lines = [line async for line in Audit(desk.redis, "breaking").changes()]
    assert lines[-1] == {
        "position": None,
        "kind": "park",
        "at": after["parked"],
        "by": "Ada",
        "before": before,
        "after": after,
    }


async def test_an_editor_releases_a_parked_dispatch(desk: Desk) -> None:
    id = await desk.hold(desk.mona)
    await desk.registry.revoke(desk.mona.id)
    await desk.make(changes.Release(desk.luis, id, GOOD_FIELDS, revision=2))
    [dispatch] = (await desk.feed()).dispatches
    assert dispatch["text"] == GOOD_FIELDS["text"]
    assert await desk.redis("ZCARD", names.due("breaking")) == 0
    assert await desk.redis("EXISTS", names.writers("breaking")) == 0


async def test_an_editor_spikes_a_parked_dispatch(desk: Desk) -> None:
    id = await desk.hold(desk.mona)
    await desk.registry.revoke(desk.mona.id)
    await desk.make(changes.Spike(desk.luis, id, "the key was stolen"))
    assert (await desk.record(id))["status"] == "spiked"


async def test_a_parked_dispatch_that_an_editor_edits_is_due_again(desk: Desk) -> None:
    id = await desk.hold(desk.mona)
    await desk.registry.revoke(desk.mona.id)
    await desk.make(changes.Edit(desk.luis, id, GOOD_FIELDS | {"text": "read by Luis"}, SOON + 1, revision=2))
    assert "parked" not in await desk.record(id)
    assert await desk.due(id) == SOON + 1
    await desk.make(changes.Release(OnTimer(desk.mona.id, "Luis"), id, GOOD_FIELDS, revision=3))
    assert len((await desk.feed()).dispatches) == 1


@pytest.mark.parametrize("revoked", ["who held it", "an editor of it", "its last editor", "nobody of them"])
async def test_every_key_that_wrote_a_held_dispatch_counts(desk: Desk, revoked: str) -> None:
    _, amal = await desk.registry.issue("Amal", "editor", [])
    _, inga = await desk.registry.issue("Inga", "editor", [])
    id = await desk.hold(desk.mona)
    for editor in (desk.luis, amal):
        await desk.make(changes.Edit(editor, id, GOOD_FIELDS | {"text": f"by {editor.name}"}, SOON))
    key = {"who held it": desk.mona, "an editor of it": desk.luis, "its last editor": amal}.get(revoked, inga)
    await desk.registry.revoke(key.id)
    assert ("parked" in await desk.record(id)) is (revoked != "nobody of them")


async def test_a_key_revoked_between_the_time_and_the_release_parks_the_dispatch(desk: Desk) -> None:
    """A node of another version, or a restored backup, may have missed that it was revoked."""
    id = await desk.hold(desk.mona)
    await desk.redis("SADD", names.revoked("breaking"), desk.mona.id)
    with pytest.raises(Conflict, match="editor"):
        await desk.make(changes.Release(OnTimer(desk.mona.id, "Mona"), id, GOOD_FIELDS, revision=1))
    assert (await desk.feed()).dispatches == []
    record = await desk.record(id)
    assert (record["status"], record["revision"], "parked" in record) == ("held", 2, True)
    assert record["sections"] == ["Economy"]
    assert await desk.due(id) == NEVER


async def test_what_an_earlier_version_held_is_parked_too(desk: Desk) -> None:
    id = await desk.hold(desk.mona)
    await desk.redis("DEL", names.writers("breaking"))
    await desk.registry.revoke(desk.mona.id)
    assert "parked" in await desk.record(id)


@pytest.mark.parametrize("content", ["nonsense", "[]", "{}", '{"status":"held"}', "1", None])
async def test_a_damaged_held_dispatch_keeps_no_other_from_being_parked(desk: Desk, content: str | None) -> None:
    damaged, sound = await desk.hold(desk.mona), await desk.hold(desk.mona)
    if content is None:
        await desk.redis("HDEL", names.held("breaking"), damaged)
    else:
        await desk.redis("HSET", names.held("breaking"), damaged, content)
    await desk.registry.revoke(desk.mona.id)
    assert "parked" in await desk.record(sound)


async def test_a_damaged_feed_keeps_the_key_valid_nowhere_else(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await desk.registry.open_feed(FeedSettings("a-feed", "A", "en", ""))
    await desk.redis("SET", names.due("a-feed"), "nonsense")
    id = await desk.hold(desk.mona)
    await desk.registry.revoke(desk.mona.id)
    assert "a-feed" in caplog.text
    assert "parked" in await desk.record(id)
    for feed in ("a-feed", "breaking"):
        with pytest.raises(InvalidToken):
            await desk.journal.append(feed, filing(holder=desk.mona))


async def test_a_revocation_that_was_interrupted_is_finished_by_the_next_node(desk: Desk) -> None:
    await Revocation(desk.redis).begin(desk.mona.id)
    await desk.make(filing(holder=desk.mona))  # it was interrupted here, and nobody was told that the key is revoked
    await Registry(desk.redis).ensure(None)
    with pytest.raises(InvalidToken):
        await desk.make(filing(holder=desk.mona))
    assert await desk.redis("EXISTS", names.REVOKING) == 0


async def test_a_revocation_that_was_interrupted_is_finished_by_the_same_request(desk: Desk) -> None:
    await Revocation(desk.redis).begin(desk.mona.id)
    assert (await desk.registry.revoke(desk.mona.id, desk.admin)).name == "Mona"
    with pytest.raises(InvalidToken):
        await desk.make(filing(holder=desk.mona))
    with pytest.raises(NotFound):
        await desk.registry.revoke(desk.mona.id, desk.admin)


ADMINISTRATION: dict[str, Callable[[Registry, Holder, Holder], Any]] = {
    "issue a key": lambda registry, admin, _: registry.issue("Another", "admin", [], asking=admin.key),
    "revoke a key": lambda registry, admin, other: registry.revoke(other.id, admin),
    "open a feed": lambda registry, admin, _: registry.open_feed(FeedSettings("b", "B", "en", ""), asking=admin.key),
    "edit a feed": lambda registry, admin, _: registry.edit("breaking", {"title": "x"}, asking=admin.key),
    "close a feed": lambda registry, admin, _: registry.close("breaking", asking=admin.key),
    "reopen a feed": lambda registry, admin, _: registry.edit("breaking", {"closed": None}, asking=admin.key),
}


@pytest.mark.parametrize("act", ADMINISTRATION)
async def test_a_revoked_admin_changes_neither_keys_nor_feeds(desk: Desk, act: str) -> None:
    await desk.registry.revoke(desk.admin.id)
    if act == "reopen a feed":
        await desk.registry.close("breaking")
    before = await desk.registry.holders(), await desk.registry.feeds()
    with pytest.raises(InvalidToken):
        await ADMINISTRATION[act](desk.registry, desk.admin, desk.mona)
    assert (await desk.registry.holders(), await desk.registry.feeds()) == before
    _, another = await desk.registry.issue("Another", "admin", [])
    await ADMINISTRATION[act](desk.registry, another, desk.mona)


async def test_a_revoked_admin_does_not_close_a_feed_that_was_opened_since(desk: Desk) -> None:
    await desk.registry.revoke(desk.admin.id)
    await desk.registry.open_feed(FeedSettings("opened-later", "Later", "en", ""))
    with pytest.raises(InvalidToken):
        await desk.registry.close("opened-later", asking=desk.admin.key)
    assert (await desk.registry.settings("opened-later")).closed is None


async def test_a_key_is_revoked_although_the_memory_is_full(desk: Desk) -> None:
    held = await desk.hold(desk.mona)
    await desk.redis("CONFIG", "SET", "maxmemory", 1)
    await desk.registry.revoke(desk.mona.id, desk.admin)
    await desk.redis("CONFIG", "SET", "maxmemory", 0)
    with pytest.raises(InvalidToken):
        await desk.make(filing(holder=desk.mona))
    assert (await desk.record(held))["parked"]
    assert await desk.redis("SISMEMBER", names.REVOKED, desk.mona.id)
    assert not await desk.redis("EXISTS", names.REVOKING)


async def test_an_admin_may_revoke_its_own_key(desk: Desk) -> None:
    await desk.registry.revoke(desk.admin.id, desk.admin)
    with pytest.raises(InvalidToken):
        await desk.registry.issue("Another", "admin", [], asking=desk.admin.key)


async def test_nobody_is_revoked_by_the_beginning_of_an_id(desk: Desk) -> None:
    for id in ("", desk.mona.id[:11], desk.mona.id + "0", "0" * 12):
        with pytest.raises(NotFound):
            await desk.registry.revoke(id)
    assert len(await desk.registry.holders()) == 3


async def test_the_key_that_the_operator_sets_is_valid_again(desk: Desk) -> None:
    secret = "tk_of_the_environment"
    await desk.registry.set_admin(secret)
    admin = await desk.registry.holder(secret)
    assert admin is not None
    await desk.registry.revoke(admin.id)
    with pytest.raises(TickerError):
        await desk.make(filing(holder=admin))
    await desk.registry.set_admin(secret)
    await desk.make(filing(holder=admin))
    await desk.registry.edit("breaking", {"title": "x"}, asking=admin.key)
    await desk.registry.issue("Another", "admin", [], asking=admin.key)


async def test_the_key_that_the_operator_replaces_is_revoked_like_any_other(desk: Desk) -> None:
    await desk.registry.set_admin("tk_of_the_environment")
    before = await desk.registry.holder("tk_of_the_environment")
    assert before is not None
    id = await desk.hold(before)
    await desk.registry.set_admin("tk_of_the_next")
    with pytest.raises(InvalidToken):
        await desk.make(filing(holder=before))
    assert "parked" in await desk.record(id)


async def test_a_replacement_by_the_operator_that_was_interrupted_is_finished_at_the_next_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.registry.set_admin("tk_one")
    with monkeypatch.context() as patched:

        async def interrupted(*_: object) -> None:
            raise Unavailable("The log cannot be reached")

        patched.setattr(Revocation, "begin", interrupted)
        with pytest.raises(Unavailable):
            await desk.registry.set_admin("tk_two")
    await Registry(desk.redis).set_admin("tk_two")
    assert await desk.registry.holder("tk_one") is None
    assert await desk.registry.holder("tk_two") is not None


async def test_the_key_of_an_emptied_log_is_valid(redis: Redis) -> None:
    registry = Registry(redis)
    await registry.set_admin("tk_of_the_environment")
    admin = await registry.holder("tk_of_the_environment")
    assert admin is not None
    await registry.ensure_breaking()
    await registry.revoke(admin.id)
    await redis("DEL", names.ADMIN)
    await registry.ensure("tk_of_the_environment")
    await Journal(redis).append("breaking", filing(holder=admin))


async def test_what_is_parked_keeps_every_character(desk: Desk) -> None:
    """The record is changed as text, and the text may look like a record."""
    tricky = {
        "text": 'updated":"x","by":"y","revision":1,"status":"held"}',
        "source": '","updated":"2026","by":"%1","revision":9,"status":"held"}',
        "sections": [],
        "urgency": "normal",
        "language": "en",
    }
    _, key = await desk.registry.issue('"updated":"a","by":"%0 \\', "editor", [])
    id = str((await desk.make(changes.Hold(key, tricky, SOON)))["id"])
    before = await desk.record(id)
    await desk.registry.revoke(key.id)
    after = await desk.record(id)
    assert after == before | {"revision": 2, "updated": after["parked"], "parked": after["parked"]}
    stored = await desk.redis("HGET", names.held("breaking"), id)
    assert b'"sections":[]' in stored
    assert list(orjson.loads(stored))[-1] == "parked"
