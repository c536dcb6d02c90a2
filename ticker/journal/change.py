"""One change to a feed: what append.lua is asked, and what its answers mean."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from typing import Any, Final, NamedTuple

import orjson

from ticker.errors import Closed, Conflict, Forbidden, Gone, Invalid, KeyReused, NotFound, StaleRevision
from ticker.feed import Feed
from ticker.journal import names
from ticker.journal.feed_settings import moment
from ticker.journal.registry import Holder

KEEP_ANSWERS: Final = 24 * 3600
"""Seconds an Idempotency-Key is remembered. Published in the protocol."""

CONFIRM_WITHIN: Final = 60
"""Seconds in which a second key may confirm a flash. Published in the protocol."""

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"


class Change(NamedTuple):
    """One change to a feed, checked and ready to be written.

    Attributes:
        kind: `file`, `correct`, `kill`, `pin` or `air`; of held lines `hold`, `edit` or `spike`.
        holder: whose key asks.
        carries: what the kind carries: fields of a dispatch, `{"reason": …}`, or the air state.
        id: the dispatch meant; empty for a new one and for unpinning.
        revision: the revision the dispatch or held line must have (If-Match), or None for any.
        idempotency_key: as the client sent it, or None.
        own_only: refuse unless the same key filed it.
        asked: what the request itself said, where `carries` also holds what stood there before.
        leaves: the fields of the dispatch before a correction, whose sections and places it may leave.
        held: the held line meant, if any. A `file` with one releases it.
        release: when a held line is due, in milliseconds of Unix time.
        confirm: `ask MS` if a second key may make this a flash within that time; `give` if this is the second key;
            `drop` if it is to be no flash any more.
    """

    kind: str
    holder: Holder
    carries: dict[str, Any]
    id: str = ""
    revision: int | None = None
    idempotency_key: str | None = None
    own_only: bool = False
    asked: dict[str, Any] | None = None
    leaves: dict[str, Any] | None = None
    held: str = ""
    release: int | None = None
    confirm: str = ""

    def names(self, feed: str) -> tuple[list[str], int]:
        """Return the Redis keys that the script needs, and how many indexes the dispatch enters."""
        key = hashlib.sha256((self.idempotency_key or "").encode()).hexdigest()
        enters, leaves = indexes(feed, self.carries), indexes(feed, self.leaves or {})
        if self.kind in ("hold", "edit"):
            enters = set()  # not before its release
        record = names.record(feed, self.holder.id, key)
        keys = [*stored(feed), record, *_of_the_desk(feed)]
        return [*keys, *enters, *(leaves - enters)], len(enters)

    def arguments(self, channel: str, enters: int) -> list[Any]:
        """Return the arguments of the script, in its order; it publishes the entry on `channel`."""
        return [
            self.kind,
            channel,
            orjson.dumps(self.holder.name),
            self.holder.id,
            "1" if self.own_only else "",
            self._splice(),
            self.id,
            "" if self.revision is None else self.revision,
            "".join(_DIGITS[byte & 31] for byte in secrets.token_bytes(8)),
            self._fingerprint() if self.idempotency_key else "",
            KEEP_ANSWERS,
            enters,
            self.held,
            "" if self.release is None else self.release,
            self.confirm,
        ]

    def _fingerprint(self) -> str:
        """Return what tells this request from another one under the same Idempotency-Key."""
        asked = [self.carries, self.release] if self.asked is None else self.asked
        said = orjson.dumps([self.kind, self.id, self.held, asked], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(said).hexdigest()

    def _splice(self) -> bytes:
        text = orjson.dumps(self.carries)
        return text if self.kind == "air" else text[1:-1]  # the script adds members of its own


def ask_second(fields: dict[str, Any], feed: Feed) -> tuple[dict[str, Any], str]:
    """Return fields as they may go out now, and what to ask of a second key.

    Where a flash takes two, it goes out as urgent until the second key has confirmed it.
    """
    if not feed.two_person_flash or fields.get("urgency") != "flash":
        return fields, ""
    return fields | {"urgency": "urgent"}, f"ask {CONFIRM_WITHIN * 1000}"


@cache
def stored(feed: str) -> tuple[str, ...]:
    """Return the keys that both writers of a log begin with; see store.lua."""
    return (
        names.state(feed),
        names.log(feed),
        names.dispatches(feed),
        names.filers(feed),
        names.order(feed),
        names.revisions(feed),
        names.labels(feed),
    )


@cache
def _of_the_desk(feed: str) -> tuple[str, ...]:
    return names.held(feed), names.due(feed), names.flashes(feed), names.desk(feed)


def indexes(feed: str, fields: dict[str, Any]) -> set[str]:
    """Return the indexes in which a dispatch with these fields stands."""
    labels = [("section", label) for label in fields.get("sections", [])]
    labels += [("place", label) for label in fields.get("places", [])]
    labels += [("story", fields["story"])] if "story" in fields else []
    return {names.index(feed, *label) for label in labels}


def ties(feed: str, id: str, fields: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the commands that tie a line to the line of another feed that it is an edition of.

    The other feed may be kept elsewhere in a cluster, so this is no part of the script; to repeat it does no harm.
    """
    if "edition_of" not in fields:
        return []
    name: str = fields["edition_of"]
    other, _, its = name.partition("/")
    return [("SADD", names.editions(other, its), f"{feed}/{id}"), ("SADD", names.editions(feed, id), name)]


class Receipt(NamedTuple):
    """The answer to a change: the JSON body, and whether it was given before."""

    body: dict[str, Any]
    repeated: bool


def receipt(outcome: str, detail: bytes, feed: str, change: Change) -> Receipt:
    """Return what the script answered, or raise what it refused with."""
    match outcome:
        case "kept" | "repeated":
            return Receipt(orjson.loads(detail), outcome == "repeated")
        case "unopened":
            raise NotFound(f"There is no feed named {feed!r}")
        case "closed":
            raise Closed(feed, moment(detail) or "")
        case "absent":
            what = f"held line {change.held!r}" if change.held else f"dispatch {change.id!r}"
            raise NotFound(f"There is no {what} in the feed {feed!r}")
        case "killed":
            raise Gone("The dispatch was killed and cannot be changed", tombstone=orjson.loads(detail))
        case "ended":
            record = orjson.loads(detail)
            raise Conflict(f"The line is held no longer: it was {record['status']}", extra={"held": record})
        case "stale":
            revision = int(detail)
            raise StaleRevision(f"It stands at revision {revision}; look at it again", revision=revision)
        case "foreign":
            raise Forbidden("A correspondent's key changes only what it filed itself")
        case "reused":
            raise KeyReused(
                "This Idempotency-Key came before with another payload; use a new one", field="Idempotency-Key"
            )
        case "over":
            raise Invalid([("release_at", "is over; it names a moment to come, and without it the line goes out now")])
        case "unasked":
            raise Conflict("Nobody asked for this dispatch to be a flash, or it is one already")
        case "late":
            raise Conflict("The time to confirm this flash is over; correct its urgency to ask again")
        case "alone":
            raise Forbidden("A flash is confirmed by a second key, not by the one that asked for it")
    raise AssertionError(f"append.lua returned {outcome}")
