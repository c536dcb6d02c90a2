"""A feed taken out of one Redis and put into another, whole: positions, history and authorship stay as they were.

The form is NDJSON. First a head: `{"ticker": 1, "feed": {…}, "origin": "…", "position": "…"}`. Then a line for each
entry: `{"offset": 1, "hash": "…", "filer": "…", "entry": "…"}`, where `entry` is the very text that the hash covers.
Each line ends with `crc`, the CRC-32 of its other members, for what no hash covers.
Lines under embargo, remembered Idempotency-Keys and receipts stay behind.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from ticker.dispatch import FeedPlan, check
from ticker.entry import Entry, Position, Tail
from ticker.errors import BadRequest, Conflict, Invalid, NotFound, TickerError, Unavailable
from ticker.feed import tombstone
from ticker.journal import names
from ticker.journal.append import indexes, stored, ties
from ticker.journal.audit import Walk
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.redis import Redis, Script
from ticker.journal.rules import check_entry, is_moment

FORM: Final = 1
"""Version of the form; a later one may add members."""

BATCH: Final = 256
"""Entries put in at once: they share one sync of the disk, and take far less time than Redis has to answer."""

_MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError)
_HASH: Final = re.compile(r"[0-9a-f]{40}")


class Step(NamedTuple):
    """How far a feed has been moved, in entries."""

    done: int
    total: int


class Head(NamedTuple):
    """What an export says of itself."""

    plan: FeedSettings
    origin: str
    end: Position


@dataclass(frozen=True, slots=True)
class Line:
    """An exported entry.

    Attributes:
        filer: id of the key that filed the dispatch, if the entry files one.
        id: the dispatch meant, or the pin; empty if there is none.
        stored: what the entry leaves there, as JSON.
        fields: the dispatch, where its labels may change.
    """

    entry: Entry
    filer: str
    id: str
    stored: bytes
    fields: dict[str, Any]


async def taken_out(redis: Redis, plan: FeedSettings) -> AsyncIterator[tuple[bytes, Step]]:
    """Give the lines of an export, and after each how far it is.

    Raises:
        NotFound: the feed has no log.
        TickerError: its log is broken; what is wrong is named.
    """
    origin, offset, hash = await redis("HMGET", names.state(plan.name), "origin", "offset", "hash")
    if origin is None or offset is None:
        raise NotFound(f"The feed {plan.name!r} has no log")
    end = Tail(int(offset), hash.decode())
    head = {"ticker": FORM, "feed": asdict(plan), "origin": origin.decode(), "position": str(end.position)}
    yield _sealed(head), Step(0, end.offset)
    async for page in Walk(redis, plan.name).pages():
        filed = [entry.content["dispatch"]["id"] for entry, _, _ in page if entry is not None and entry.kind == "file"]
        found = await redis("HMGET", names.filers(plan.name), *filed) if filed else []
        filers = {id: filer.decode() for id, filer in zip(filed, found, strict=True) if filer}
        for entry, after, fault in page:
            if entry is None or fault is not None:
                raise TickerError(f"The feed {plan.name!r} cannot be exported: {fault}")
            if entry.tail.offset > end.offset:
                return  # filed meanwhile
            line = {
                "offset": entry.tail.offset,
                "hash": entry.tail.hash,
                "filer": filers.get(after["id"]) if entry.kind == "file" else None,
                "entry": entry.text.decode(),
            }
            yield _sealed(line), Step(entry.tail.offset, end.offset)


def read(lines: Iterable[bytes]) -> tuple[Head, Iterator[Line]]:
    """Read an export: its head, and its entries as they are asked for, checked up to its end.

    Raises:
        BadRequest: this is no export, or it is damaged or breaks off; the line is named. So may the iterator.
    """
    rest = enumerate(lines, 1)
    number, text = next(rest, (1, b""))
    said = _opened(number, text)
    try:
        if said["ticker"] != FORM or not _HASH.fullmatch(said["origin"]):
            raise ValueError
        feed = dict(said["feed"])
        opened, closed = feed.pop("opened"), feed.pop("closed", None)
        if not is_moment(opened) or not (closed is None or is_moment(closed)):
            raise ValueError
        plan, end = check(FeedPlan, feed), Position.parse(said["position"])
        if end is None:
            raise ValueError
    except (*_MALFORMED, Invalid):
        raise BadRequest(f"line {number}: this is no export of a feed that this version can read") from None
    head = Head(FeedSettings.requested(plan, opened, closed), said["origin"], end)
    return head, _entries(head, rest)


def _entries(head: Head, rest: Iterator[tuple[int, bytes]]) -> Iterator[Line]:
    tail, number = Tail(0, head.origin), 1
    for number, text in rest:
        said = _opened(number, text)
        try:
            line = _line(said)
        except _MALFORMED:
            raise BadRequest(f"line {number}: this is no entry of a feed") from None
        if not line.entry.follows(tail):
            raise BadRequest(f"line {number}: the entry does not follow from the one before it")
        try:
            check_entry(line.entry)
        except Invalid as error:
            raise BadRequest(f"line {number}, entry {line.entry.tail.offset}: {error}") from None
        tail = line.entry.tail
        if tail.offset > head.end.offset:
            raise BadRequest(f"line {number}: the export should have ended with entry {head.end.offset}")
        yield line
    if tail.position != head.end:
        raise BadRequest(f"line {number + 1}: the export breaks off; it should go on to entry {head.end.offset}")


def _line(said: dict[str, Any]) -> Line:
    entry = Entry.read(said["offset"], said["hash"], said["entry"].encode())
    filer = said["filer"] or ""
    if not isinstance(filer, str):
        raise ValueError("the filer is the id of a key")
    match entry.kind:
        case "file" | "correct":
            fields = entry.content["dispatch"]
            return Line(entry, filer, fields["id"], orjson.dumps(fields), fields)
        case "kill":
            return Line(entry, filer, entry.content["id"], orjson.dumps(tombstone(entry)), {})
        case "pin":
            return Line(entry, filer, entry.content["id"] or "", b"", {})
        case "air":
            return Line(entry, filer, "", orjson.dumps(entry.content["air"]), {})
    raise ValueError(f"{entry.kind} is no kind of entry")


def _sealed(line: dict[str, Any]) -> bytes:
    return orjson.dumps(line | {"crc": _crc(line)}, option=orjson.OPT_APPEND_NEWLINE)


def _crc(line: dict[str, Any]) -> str:
    return f"{zlib.crc32(orjson.dumps(line, option=orjson.OPT_SORT_KEYS)):08x}"


def _opened(number: int, text: bytes) -> dict[str, Any]:
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"line {number}: this is not JSON: {error}") from None
    if not isinstance(line, dict) or "crc" not in line:
        raise BadRequest(f"line {number}: this is no line of an export")
    if line.pop("crc") != _crc(line):
        raise BadRequest(f"line {number}: it is not as it was written")
    return line


async def put_in(
    redis: Redis, lines: Iterable[bytes], *, name: str | None = None
) -> AsyncGenerator[tuple[FeedSettings, Step], None]:
    """Put an export into a feed that has no entries yet, or go on with an import that broke off.

    `name` gives the feed another name. A feed that is not open yet is listed, and so open to readers, once all is in.
    One that is open shows the entries as they come, and takes the title and language of the export.

    Raises:
        BadRequest: as `read`. What stood before the fault is in.
        Conflict: the feed is there with another history.
    """
    head, entries = read(lines)
    plan = replace(head.plan, name=name or head.plan.name)
    script = Script("store.lua", "restore.lua")
    # Alone, so that the server knows the script before batches of it: those must run in their order.
    origin = [0, head.origin, "", 0, "", "", "", "", 0]
    _judge(plan, 0, await redis.run(script, [*stored(plan.name)], origin))
    listed, offset = await redis.pipeline(
        ("HEXISTS", names.FEEDS, plan.name), ("HGET", names.state(plan.name), "offset")
    )
    if listed and offset == b"0":
        await _list(redis, plan)  # it is this feed from now on
    yield plan, Step(0, head.end.offset)
    while batch := list(islice(entries, BATCH)):
        asked = await _asked(redis, plan.name, batch)
        outcomes = await asyncio.gather(*(redis.run(script, names, args) for names, args in asked))
        for line, outcome in zip(batch, outcomes, strict=True):
            _judge(plan, line.entry.tail.offset, outcome)
        await redis.pipeline(*(tie for line in batch for tie in ties(plan.name, line.id, line.fields)))
        yield plan, Step(batch[-1].entry.tail.offset, head.end.offset)
    await _list(redis, plan)


async def _list(redis: Redis, plan: FeedSettings) -> None:
    state = names.state(plan.name)
    closed = ("HDEL", state, "closed") if plan.closed is None else ("HSET", state, "closed", _milliseconds(plan.closed))
    # All nodes look at once: a log that was there before is another one now, or longer.
    told = ("PUBLISH", redis.channels.changes, plan.name)
    await redis.pipeline(closed, ("HSET", names.FEEDS, plan.name, plan.stored), told)


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def _judge(plan: FeedSettings, offset: int, outcome: bytes) -> None:
    if outcome == b"foreign":
        raise Conflict(f"The feed {plan.name!r} is there already, with another history; choose another name")
    if outcome == b"gap":
        raise Unavailable(f"The log was disturbed before entry {offset}; import it again, and it goes on from there")


async def _asked(redis: Redis, feed: str, batch: list[Line]) -> list[tuple[list[str], list[Any]]]:
    """Return the keys and arguments with which the script puts these entries in."""
    filed = {line.id for line in batch if line.entry.kind == "file"}
    ids = list({line.id for line in batch if line.entry.kind == "correct"} - filed)
    found = await redis("HMGET", names.dispatches(feed), *ids) if ids else []
    # What a correction leaves is what stands there before this batch. If a part of it was put in before, what stands
    # there may be later, but then the script does not put that correction in again.
    labels = {id: indexes(feed, orjson.loads(text)) for id, text in zip(ids, found, strict=True) if text}
    asked = []
    for line in batch:
        enters, leaves = indexes(feed, line.fields), set[str]()
        if line.fields:
            leaves, labels[line.id] = labels.get(line.id, set()) - enters, enters
        tail, now = line.entry.tail, _milliseconds(line.entry.at)
        args = [tail.offset, tail.hash, line.entry.text, now, line.entry.kind, line.id, line.stored, line.filer]
        asked.append(([*stored(feed), *enters, *leaves], [*args, len(enters)]))
    return asked
