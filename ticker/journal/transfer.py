"""Exports a feed from one Redis and imports it into another: positions, history and authorship stay as they were.

The format is NDJSON. The first line is the head: `{"ticker": 1, "feed": {…}, "origin": "…", "position": "…"}`. Then a
line for each entry: `{"offset": 1, "hash": "…", "filer": "…", "entry": "…"}`, where `entry` is the very text that the
hash covers. Each line has a `crc`, the CRC-32 of its other members, for what no hash covers. Held dispatches,
remembered Idempotency-Keys and delivery reports are not exported.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from ticker.admin import FeedPlan
from ticker.changes import kind_of
from ticker.changes.rules import is_moment
from ticker.dispatch import check, milliseconds
from ticker.entry import Entry, Position, Tail
from ticker.errors import BadRequest, Conflict, Invalid, NotFound, TickerError, Unavailable
from ticker.journal import names
from ticker.journal.append import indexes, log_keys
from ticker.journal.editions import Editions
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.redis import Redis, Script
from ticker.journal.registry import Registry
from ticker.journal.walk import Walk, readable

FORMAT: Final = 1
"""Version of the format; a later one may add members."""

BATCH: Final = 256
"""Entries imported at once: they share one sync of the disk, and take far less time than Redis has to respond."""

_MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError)
_HASH: Final = re.compile(r"[0-9a-f]{40}")
_EPOCH: Final = "1970-01-01T00:00:00.000Z"

_IMPOSSIBLE: Final = {
    b"absent": "it changes a dispatch that was not filed before",
    b"killed": "it changes a dispatch that was killed before",
    b"unlike": "it is not the next revision of its dispatch",
}
"""What restore.lua refuses, since no service would have written it."""


class Progress(NamedTuple):
    """How much of a feed has been exported or imported, in entries."""

    done: int
    total: int


class Head(NamedTuple):
    """The head of an export: the feed, the origin of its chain, and where it ends."""

    settings: FeedSettings
    origin: str
    end: Position


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported entry.

    Attributes:
        filer: id of the key that filed the dispatch, if the entry files one.
        id: of the dispatch that the entry changes; empty if it changes none.
        stored: the state that the entry leaves, as JSON.
        dispatch: the dispatch that the entry brings, or nothing.
    """

    entry: Entry
    filer: str
    id: str
    stored: bytes
    dispatch: dict[str, Any]


async def export_feed(redis: Redis, settings: FeedSettings) -> AsyncIterator[tuple[bytes, Progress]]:
    """Yield the lines of an export, each with the progress so far.

    Raises:
        NotFound: the feed has no log.
        TickerError: its log is broken; what is wrong is named.
    """
    origin, offset, hash = await redis("HMGET", names.state(settings.name), "origin", "offset", "hash")
    if origin is None or offset is None:
        raise NotFound(f"The feed {settings.name!r} has no log")
    end = Tail(int(offset), hash.decode())
    head = {"ticker": FORMAT, "feed": settings.described(), "origin": origin.decode(), "position": str(end.position)}
    yield with_crc(head), Progress(0, end.offset)
    async for page in Walk(redis, settings.name).pages():
        filed = {step.entry.tail.offset: step.after["id"] for step in readable(page) if step.kind.is_filing}
        found = await redis("HMGET", names.filers(settings.name), *filed.values()) if filed else []
        filers = {offset: filer.decode() for offset, filer in zip(filed, found, strict=True) if filer}
        for entry, _, fault in page:
            if entry is None or fault is not None:
                raise TickerError(f"The feed {settings.name!r} cannot be exported: {fault}")
            if entry.tail.offset > end.offset:
                return  # filed meanwhile
            line = {
                "offset": entry.tail.offset,
                "hash": entry.tail.hash,
                "filer": filers.get(entry.tail.offset),
                "entry": entry.text.decode(),
            }
            yield with_crc(line), Progress(entry.tail.offset, end.offset)


def read(lines: Iterable[bytes]) -> tuple[Head, Iterator[Exported]]:
    """Read an export: its head, and an iterator over its entries, which are checked as they are read.

    Raises:
        BadRequest: this is not an export, or it is damaged or truncated; the line is named. The iterator raises it too.
    """
    rest = enumerate(lines, 1)
    number, text = next(rest, (1, b""))
    head = without_crc(number, text)
    try:
        if head["ticker"] != FORMAT or not _HASH.fullmatch(head["origin"]):
            raise ValueError
        feed = dict(head["feed"])
        opened, closed = feed.pop("opened"), feed.pop("closed", None)
        if not is_moment(opened) or not (closed is None or is_moment(closed)):
            raise ValueError
        request, end = check(FeedPlan, feed), Position.parse(head["position"])
        if end is None:
            raise ValueError
    except (*_MALFORMED, Invalid):
        raise BadRequest(f"line {number}: this is not an export of a feed that this version can read") from None
    read_head = Head(FeedSettings.requested(request, opened, closed), head["origin"], end)
    return read_head, _entries(read_head, rest)


def _entries(head: Head, rest: Iterator[tuple[int, bytes]]) -> Iterator[Exported]:
    tail, number = Tail(0, head.origin), 1
    at, newest = _EPOCH, ""
    for number, text in rest:
        members = without_crc(number, text)
        try:
            exported = _exported(members)
        except _MALFORMED:
            raise BadRequest(f"line {number}: this is not an entry of a feed") from None
        entry = exported.entry
        if not entry.follows(tail):
            raise BadRequest(f"line {number}: the entry does not follow from the one before it")
        kind = kind_of(entry)
        try:
            kind.check(entry)
            if entry.at < at:
                raise Invalid([("at", "is before the time of the entry before it")])
            if kind.is_filing and exported.id <= newest:
                raise Invalid([("id", "does not sort behind those that were filed before")])
        except Invalid as error:
            raise BadRequest(f"line {number}, entry {entry.tail.offset}: {error}") from None
        tail, at = entry.tail, entry.at
        newest = exported.id if kind.is_filing else newest
        if tail.offset > head.end.offset:
            raise BadRequest(f"line {number}: the export should have ended with entry {head.end.offset}")
        yield exported
    if tail.position != head.end:
        raise BadRequest(f"line {number + 1}: the export is truncated; it should continue to entry {head.end.offset}")


def _exported(members: dict[str, Any]) -> Exported:
    entry = Entry.read(members["offset"], members["hash"], members["entry"].encode())
    filer = members["filer"] or ""
    if not isinstance(filer, str):
        raise ValueError("the filer is the id of a key")
    kind = kind_of(entry)
    stored = orjson.dumps(kind.state_after(entry))
    return Exported(entry, filer, kind.target(entry) or "", stored, kind.dispatch_in(entry) or {})


def with_crc(line: dict[str, Any]) -> bytes:
    """Return a line of an export: these members and their checksum."""
    return orjson.dumps(line | {"crc": _crc(line)}, option=orjson.OPT_APPEND_NEWLINE)


def _crc(line: dict[str, Any]) -> str:
    return f"{zlib.crc32(orjson.dumps(line, option=orjson.OPT_SORT_KEYS)):08x}"


def without_crc(number: int, text: bytes) -> dict[str, Any]:
    """Return the members of a line of an export, whose checksum is right.

    Raises:
        BadRequest: it is damaged, or no line of an export.
    """
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"line {number}: this is not JSON: {error}") from None
    if not isinstance(line, dict) or "crc" not in line:
        raise BadRequest(f"line {number}: this is not a line of an export")
    if line.pop("crc") != _crc(line):
        raise BadRequest(f"line {number}: checksum mismatch")
    return line


async def import_feed(
    redis: Redis, lines: Iterable[bytes], *, name: str | None = None, max_feeds: int = 0
) -> AsyncGenerator[tuple[FeedSettings, Progress], None]:
    """Import an export into a feed that has no entries yet, or resume an import that was interrupted.

    `name` gives the feed another name. A feed that is not open yet is listed, and so open to readers, once all of it is
    imported. One that is open shows the entries as they come, and takes the title and language of the export.

    Raises:
        BadRequest: as `read`. The entries before the fault are imported.
        Conflict: the feed is there with another history, or there are `max_feeds` feeds already.
    """
    head, entries = read(lines)
    settings = replace(head.settings, name=name or head.settings.name)
    await Registry(redis, max_feeds=max_feeds).check_room(settings.name)
    script = Script("writes.lua", "store.lua", "restore.lua")
    # By itself, so that the server has the script before a batch of calls: those must run in their order.
    origin = [0, head.origin, "", 0, "", "", "", "", 0]
    _raise_for(
        settings, 0, await redis.run(script, [*log_keys(settings.name), names.earlier(settings.name, "")], origin)
    )
    listed, offset = await redis.pipeline(
        ("HEXISTS", names.FEEDS, settings.name), ("HGET", names.state(settings.name), "offset")
    )
    if listed and offset == b"0":
        await _list(redis, settings)  # it is this feed from now on
    yield settings, Progress(0, head.end.offset)
    while batch := list(islice(entries, BATCH)):
        known = await _known(redis, settings.name, batch)
        calls = _calls(settings.name, batch, known)
        outcomes = await asyncio.gather(*(redis.run(script, key_names, args) for key_names, args in calls))
        for each, outcome in zip(batch, outcomes, strict=True):
            _raise_for(settings, each.entry.tail.offset, outcome)
        await _tie(Editions(redis), settings.name, batch, known)
        yield settings, Progress(batch[-1].entry.tail.offset, head.end.offset)
    await _list(redis, settings)


async def _list(redis: Redis, settings: FeedSettings) -> None:
    state = names.state(settings.name)
    closed = (
        ("HDEL", state, "closed")
        if settings.closed is None
        else ("HSET", state, "closed", milliseconds(settings.closed))
    )
    # All nodes read the log again: one that was there before has another history now, or is longer.
    publish = ("PUBLISH", redis.channels.settings, settings.name)
    # One after the other, since in a cluster each may be elsewhere: a closed feed must not be open for a moment.
    for command in (closed, ("HSET", names.FEEDS, settings.name, settings.stored), publish):
        await redis(*command)


def _raise_for(settings: FeedSettings, offset: int, outcome: bytes) -> None:
    if outcome == b"forked":
        raise Conflict(
            f"The feed {settings.name!r} already exists with a different history; choose another name with --name"
        )
    if outcome == b"gap":
        raise Unavailable(
            f"Entries before {offset} are missing in Redis; run the import again: it continues where it stopped"
        )
    if outcome in _IMPOSSIBLE:
        raise BadRequest(f"entry {offset}: {_IMPOSSIBLE[outcome]}")


async def _known(redis: Redis, feed: str, batch: list[Exported]) -> dict[str, dict[str, Any]]:
    """Return the dispatches that these entries change, as they are before them."""
    filed = {each.id for each in batch if kind_of(each.entry).is_filing}
    ids = list({each.id for each in batch if each.dispatch} - filed)
    found = await redis("HMGET", names.dispatches(feed), *ids) if ids else []
    return {id: orjson.loads(text) for id, text in zip(ids, found, strict=True) if text}


def _calls(feed: str, batch: list[Exported], known: dict[str, dict[str, Any]]) -> list[tuple[list[str], list[Any]]]:
    """Return the keys and arguments of the script for each of these entries."""
    # A correction takes the dispatch out of the indexes that it is in before this batch. If a part of the batch was
    # imported before, it may be in later ones, but then the script does not import that correction again.
    labels = {id: indexes(feed, dispatch) for id, dispatch in known.items()}
    calls = []
    for each in batch:
        enters, leaves = indexes(feed, each.dispatch), set[str]()
        if each.dispatch:
            leaves, labels[each.id] = labels.get(each.id, set()) - enters, enters
        tail, now = each.entry.tail, milliseconds(each.entry.at)
        args = [tail.offset, tail.hash, each.entry.text, now, each.entry.kind, each.id, each.stored, each.filer]
        calls.append(([*log_keys(feed), names.earlier(feed, each.id), *enters, *leaves], [*args, len(enters)]))
    return calls


async def _tie(editions: Editions, feed: str, batch: list[Exported], known: dict[str, dict[str, Any]]) -> None:
    """Tie and untie editions as these entries ask.

    Who imports may write to every feed. The original may be in a feed that is still to be imported.
    """

    async def follow(id: str, entries: list[Exported]) -> None:
        original = known.get(id, {}).get("edition_of")
        for each in entries:
            if kind_of(each.entry).withdrawn(each.entry):
                await editions.untie(feed, id)
            elif each.dispatch:
                before, original = original, each.dispatch.get("edition_of")
                if before is not None or original is not None:
                    await editions.move(feed, id, before, original, both=True)

    by_id: dict[str, list[Exported]] = {}
    for each in batch:
        by_id.setdefault(each.id, []).append(each)
    await asyncio.gather(*(follow(id, entries) for id, entries in by_id.items()))
