"""A feed taken out and put in again: the same to everybody who reads it, wherever the way was interrupted."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journal.test_append import FIELDS, LUIS, MONA, filing, opened
from ticker import changes
from ticker.errors import BadRequest, Closed, Conflict, Forbidden, NotFound, TickerError, Unavailable
from ticker.journal import names, transfer
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.journal.transfer import export_feed, import_feed, read, with_crc
from ticker.journal.verify import Verifier

pytestmark = pytest.mark.anyio

LABELS = st.lists(st.sampled_from(["Politics", "MENA", "أخبار: عاجل"]), max_size=3, unique=True)
CARRIES = st.fixed_dictionaries(
    {"text": st.sampled_from(["one", 'two "\\" —', "عاجل"]), "urgency": st.just("normal"), "language": st.just("en")},
    optional={
        "sections": LABELS,
        "places": LABELS,
        "story": st.sampled_from(["storm", "match"]),
        "edition_of": st.sampled_from(["ar/01x", "es/01y"]),
    },
)
ACT = st.one_of(
    st.tuples(st.just("file"), CARRIES),
    st.tuples(st.just("correct"), st.integers(0, 5), CARRIES),
    st.tuples(st.just("kill"), st.integers(0, 5)),
    st.tuples(st.just("pin"), st.integers(0, 5)),
    st.tuples(st.just("unpin")),
    st.tuples(st.just("air"), st.booleans()),
)


async def live(journal: Journal, feed: str, acts: list[tuple[Any, ...]]) -> None:
    """Do what these acts say, of the dispatches that there are by then."""
    ids: list[str] = []
    for kind, *rest in acts:
        change: changes.Change | None = None
        match kind:
            case "file":
                change = changes.File(MONA if len(ids) % 2 else LUIS, rest[0])
            case "unpin":
                change = changes.Pin(MONA, None)
            case "air":
                change = changes.Air(MONA, {"on": rest[0], "label": "بث", "url": None})
            case _ if rest[0] < len(ids):
                known = await journal.dispatch(feed, ids[rest[0]])
                if known["status"] != "killed":
                    id = known["id"]
                    change = {
                        "correct": changes.Correct(MONA, id, rest[-1], previous=known),
                        "kill": changes.Kill(MONA, id, "false"),
                        "pin": changes.Pin(MONA, id),
                    }[kind]
        if change is not None:
            body = (await journal.append(feed, change)).body
            ids += [body["id"]] if kind == "file" else []


async def public(redis: Redis, feed: str) -> dict[str, Any]:
    """Everything that a reader can ask about a feed, and every position that can be resumed."""
    journal, settings = Journal(redis), await Registry(redis).settings(feed)
    state = await journal.read_state(settings)
    assert state is not None
    ids = [line["id"] for line in await journal.history(feed, None, 1000)]
    labels = await journal.labels(feed)
    return {
        "settings": [
            settings.title,
            settings.language,
            settings.opened,
            settings.edition_of,
            settings.two_person_flash,
        ],
        "snapshot": {name: value for name, value in state.snapshot().items() if name != "feed"},
        "labels": labels,
        "history": [
            await journal.history(feed, None, 1000, narrow)
            for narrow in (None, *((kind, label) for kind, found in sorted(labels.items()) for label, _ in found))
        ],
        "dispatches": [await journal.dispatch_with_revisions(feed, id) for id in ids],
        "editions": [await journal.editions(feed, await journal.dispatch(feed, id)) for id in ids],
        "entries": await journal.recent(feed, state.tail.offset, 1000),
    }


async def exported(redis: Redis, feed: str = "breaking") -> list[bytes]:
    return [line async for line, _ in export_feed(redis, await Registry(redis).settings(feed))]


async def imported(redis: Redis, lines: list[bytes], name: str | None = None) -> list[int]:
    """Import a feed; return how far it said it was."""
    return [step.done async for _, step in import_feed(redis, lines, name=name)]


async def shut(redis: Redis, feed: str) -> None:
    """Forget a feed and everything in it, as if it had never been there."""
    await redis("HDEL", names.FEEDS, feed)
    for name in await redis("KEYS", f"ticker:{{{feed}}}:*"):
        await redis("DEL", name)


@pytest.fixture(params=[256, 1, 3])
def batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is put in must not depend on where a batch ends."""
    monkeypatch.setattr(transfer, "BATCH", request.param)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACT, max_size=25), batch=st.integers(1, 8))
async def test_what_was_imported_is_what_was_exported(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, acts: list[tuple[Any, ...]], batch: int
) -> None:
    monkeypatch.setattr(transfer, "BATCH", batch)
    await redis("FLUSHALL")
    journal, _ = await opened(redis)
    await live(journal, "breaking", acts)
    before, lines = await public(redis, "breaking"), await exported(redis)
    await imported(redis, lines, name="copy")
    assert await Verifier(redis, "copy").verify() == await Verifier(redis, "breaking").verify()
    assert (await exported(redis, "copy"))[1:] == lines[1:]
    tied = await public(redis, "copy")
    await redis("FLUSHALL")
    await imported(redis, lines)
    assert await public(redis, "breaking") == before
    assert tied | {"editions": before["editions"]} == before
    assert (await Verifier(redis, "breaking").verify()).fault is None


LIFE: list[tuple[Any, ...]] = [
    ("file", FIELDS | {"text": "one", "sections": ["Politics"]}),
    ("file", FIELDS | {"text": "two", "sections": ["Politics", "Fire"], "edition_of": "ar/01x"}),
    ("correct", 0, FIELDS | {"text": "one, corrected", "sections": ["Fire"], "story": "storm"}),
    ("pin", 0),
    ("correct", 0, FIELDS | {"text": "one, corrected again"}),
    ("kill", 1),
    ("air", False),
    ("file", FIELDS | {"text": "three"}),
]


@pytest.fixture
async def lines(redis: Redis) -> AsyncIterator[list[bytes]]:
    """An export of eight entries; the feed itself is `breaking`."""
    journal, _ = await opened(redis)
    await live(journal, "breaking", LIFE)
    yield await exported(redis)


@pytest.mark.usefixtures("batches")
async def test_an_import_that_was_interrupted_is_resumed(redis: Redis, lines: list[bytes]) -> None:
    before = await public(redis, "breaking")
    await shut(redis, "breaking")
    for far in (1, 4, 8):
        with pytest.raises(BadRequest, match=f"line {far + 1}: the export is truncated; it should continue to entry 8"):
            await imported(redis, lines[:far])
        assert not await Registry(redis).listed("breaking"), "not before all is in"
    await imported(redis, lines)
    assert await public(redis, "breaking") == before
    await imported(redis, lines)
    assert await public(redis, "breaking") == before


async def test_an_import_whose_process_ended_goes_on(
    redis: Redis, lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "BATCH", 3)
    before = await public(redis, "breaking")
    await shut(redis, "breaking")
    async with aclosing(import_feed(redis, lines)) as importing:
        assert [(await anext(importing))[1] for _ in range(2)] == [(0, 8), (3, 8)]
    await redis("SCRIPT", "FLUSH")
    assert await imported(redis, lines) == [0, 3, 6, 8]
    assert await public(redis, "breaking") == before


@pytest.mark.usefixtures("batches")
async def test_a_feed_that_went_on_since_is_left_as_it_is(redis: Redis, lines: list[bytes]) -> None:
    await Journal(redis).append("breaking", filing())
    before = await public(redis, "breaking")
    await imported(redis, lines)
    assert await public(redis, "breaking") == before


@pytest.mark.usefixtures("batches")
async def test_a_feed_with_another_history_is_refused_and_unharmed(redis: Redis, lines: list[bytes]) -> None:
    settings = FeedSettings("other", "Other", "en", "2026-01-01T00:00:00.000Z")
    await Registry(redis).open_feed(settings)
    await Journal(redis).append("other", filing())
    before = await public(redis, "other")
    with pytest.raises(Conflict, match="already exists with a different history"):
        await imported(redis, lines, name="other")
    assert await public(redis, "other") == before
    # The same origin, and then another way: both are the same to their first entry.
    await shut(redis, "other")
    with pytest.raises(BadRequest):
        await imported(redis, lines[:2], name="other")
    await Journal(redis).append("other", filing())
    await Registry(redis).list_feed(settings)
    before = await public(redis, "other")
    with pytest.raises(Conflict, match="already exists with a different history"):
        await imported(redis, lines, name="other")
    assert await public(redis, "other") == before
    assert (await Verifier(redis, "other").verify()).fault is None


async def test_a_shorter_history_with_the_same_beginning_is_another_one(redis: Redis) -> None:
    journal, _ = await opened(redis)
    await journal.append("breaking", filing())
    await imported(redis, await exported(redis), name="fork")
    for feed, text in (("breaking", "one"), ("breaking", "two"), ("fork", "other")):
        await journal.append(feed, filing(fields=FIELDS | {"text": text}))
    before = await public(redis, "breaking")
    with pytest.raises(Conflict, match="already exists with a different history"):
        await imported(redis, await exported(redis, "fork"), name="breaking")
    assert await public(redis, "breaking") == before


async def test_a_feed_that_is_open_and_empty_takes_everything_the_title_too(redis: Redis, lines: list[bytes]) -> None:
    arabic = FeedSettings("arabic", "عاجل", "ar", "2026-01-01T00:00:00.000Z", "breaking", two_person_flash=True)
    await Registry(redis).open_feed(arabic)
    await Journal(redis).append("arabic", filing())
    lines = await exported(redis, "arabic")
    await shut(redis, "breaking")
    await Registry(redis).ensure_breaking()
    async with redis.subscription() as subscription:
        await subscription.add(redis.channels.settings)
        await imported(redis, lines, name="breaking")
        heard: list[tuple[str, bytes]] = []
        while len(heard) < 2:  # it also tells, as None, that it listens now
            heard += [message] if (message := await subscription.next(5.0)) else []
    assert heard == [(redis.channels.settings, b"breaking")] * 2, (
        "a running service hears of the other log, and of its end"
    )
    settings = await Registry(redis).settings("breaking")
    assert (settings.title, settings.language, settings.two_person_flash) == ("عاجل", "ar", True)


async def test_a_correspondents_own_dispatches_stay_theirs(redis: Redis, lines: list[bytes]) -> None:
    journal = Journal(redis)
    await imported(redis, lines, name="copy")
    mine = (await journal.history("copy", None, 1))[0]  # filed third, by LUIS
    with pytest.raises(Forbidden):
        await journal.append("copy", changes.Kill(MONA, mine["id"], "false", own_only=True))
    await journal.append("copy", changes.Kill(LUIS, mine["id"], "false", own_only=True))


async def test_what_is_filed_during_an_export_is_not_in_it(redis: Redis, lines: list[bytes]) -> None:
    export = export_feed(redis, await Registry(redis).settings("breaking"))
    taken = [(await anext(export))[0]]
    await Journal(redis).append("breaking", filing())
    taken += [line async for line, _ in export]
    assert taken == lines


async def test_a_feed_that_is_not_whole_is_not_exported(redis: Redis, lines: list[bytes]) -> None:
    await redis("XDEL", names.log("breaking"), "3-0")
    with pytest.raises(TickerError, match="'breaking' cannot be exported: entry 3 is missing"):
        await exported(redis)
    await redis("DEL", names.state("breaking"))
    with pytest.raises(NotFound, match="has no log"):
        await exported(redis)


async def test_a_log_that_vanishes_during_an_import_is_said(
    redis: Redis, lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "BATCH", 3)
    importing = import_feed(redis, lines, name="copy")
    await anext(importing)
    await shut(redis, "copy")
    with pytest.raises(Unavailable, match="Entries before 1 are missing in Redis"):
        await anext(importing)


def _seal(line: dict[str, Any]) -> bytes:
    line.pop("crc", None)
    return with_crc(line)


async def test_a_damaged_export_names_the_line(redis: Redis, lines: list[bytes]) -> None:
    def other(number: int, **members: Any) -> bytes:
        return _seal(orjson.loads(lines[number - 1]) | members)

    def without(number: int, name: str) -> bytes:
        return _seal({member: value for member, value in orjson.loads(lines[number - 1]).items() if member != name})

    def feed(**members: Any) -> bytes:
        return other(1, feed=orjson.loads(lines[0])["feed"] | members)

    head = "line 1: this is not an export of a feed that this version can read"
    follows = "the entry does not follow from the one before it"
    for number, line, fault in [
        (1, b"", head),
        (1, b"\x89PNG\r\n", "line 1: this is not JSON"),
        (1, b"[1]\n", "line 1: this is not a line of an export"),
        (1, b'{"text": "x"}\n', "line 1: this is not a line of an export"),
        (1, other(1, ticker=2), head),
        (1, other(1, origin="x"), head),
        (1, other(1, position=7), head),
        (1, other(1, position="seven"), head),
        (1, without(1, "feed"), head),
        (1, feed(name="No feed"), head),
        (1, feed(colour="red"), head),
        (1, other(1, origin="0" * 40), f"line 2: {follows}"),
        (1, other(1, position="3-000000000000"), "line 5: the export should have ended with entry 3"),
        (1, other(1, position="8-000000000000"), "line 10: the export is truncated"),
        (4, lines[3][:40], "line 4: this is not JSON"),
        (4, b"\n", "line 4: this is not JSON"),
        (4, lines[4], f"line 4: {follows}"),
        (4, lines[3].replace(b'"filer":null', b'"filer":"luis"'), "line 4: checksum mismatch"),
        (4, without(4, "hash"), "line 4: this is not an entry of a feed"),
        (4, other(4, entry='{"kind":"correct","at":"x"}'), "line 4: this is not an entry of a feed"),
        (4, other(4, entry='{"kind":"erase","at":"x"}'), "line 4: this is not an entry of a feed"),
        (4, other(4, entry=7), "line 4: this is not an entry of a feed"),
        (4, other(4, hash="0" * 40), f"line 4: {follows}"),
        (9, lines[8] + lines[8], f"line 10: {follows}"),
    ]:
        damaged = [*lines[: number - 1], *line.splitlines(keepends=True), *lines[number:]]
        with pytest.raises(BadRequest) as refused:
            list(read(damaged)[1])
        assert refused.value.detail.startswith(fault), (number, line)
    with pytest.raises(BadRequest, match="line 1: this is not JSON"):
        read([])
    assert [line.entry.tail.offset for line in read(lines)[1]] == list(range(1, 9))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 1000), at=st.integers(0, 1000), by=st.integers(1, 255))
async def test_no_byte_of_an_export_can_change_unnoticed(lines: list[bytes], number: int, at: int, by: int) -> None:
    number %= len(lines)
    at %= len(lines[number]) - 1
    changed = lines[number][:at] + bytes([(lines[number][at] + by) % 256]) + lines[number][at + 1 :]
    damaged = [*lines[:number], *changed.splitlines(keepends=True), *lines[number + 1 :]]
    try:
        head, entries = read(damaged)
        same = (head, list(entries))
    except BadRequest as refused:
        assert refused.detail.startswith((f"line {number + 1}:", f"line {number + 2}:"))
    else:  # another spelling of the same JSON
        head, entries = read(lines)
        assert same == (head, list(entries))


async def test_a_feed_is_moved_with_who_may_read_it_and_closed_if_it_was(redis: Redis) -> None:
    registry = Registry(redis)
    settings = FeedSettings(
        *("desk", "Desk", "en", "2026-01-01T00:00:00.000Z"),
        timezone="Asia/Beirut",
        origins=("https://a.example",),
        visibility="private",
    )
    await registry.open_feed(settings)
    await Journal(redis).append("desk", filing())
    closed = await registry.close("desk")
    lines = await exported(redis, "desk")
    await imported(redis, lines, name="copy")
    assert await registry.settings("copy") == replace(closed, name="copy")
    with pytest.raises(Closed):
        await Journal(redis).append("copy", filing())
    await registry.edit("desk", {"closed": None})
    await shut(redis, "copy")
    await imported(redis, await exported(redis, "desk"), name="copy")
    assert (await registry.settings("copy")).closed is None
    await Journal(redis).append("copy", filing())


async def test_an_export_of_an_older_version_is_read(lines: list[bytes]) -> None:
    first = {"name", "title", "language", "opened", "edition_of", "two_person_flash"}
    said = orjson.loads(lines[0])
    said["feed"] = {name: value for name, value in said["feed"].items() if name in first}
    del said["crc"]
    head, _ = read([with_crc(said), *lines[1:]])
    assert (head.settings.timezone, head.settings.origins, head.settings.closed) == ("UTC", None, None)


@pytest.mark.parametrize("wrong", [{"closed": "never"}, {"visibility": "secret"}, {"origins": ["a.example"]}])
async def test_an_export_that_says_of_its_feed_what_cannot_be_is_refused(lines: list[bytes], wrong: Any) -> None:
    said = orjson.loads(lines[0])
    said["feed"] |= wrong
    del said["crc"]
    with pytest.raises(BadRequest, match="line 1"):
        read([with_crc(said), *lines[1:]])
