"""The arguments of append.lua for a change, and what its outcomes mean."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

import orjson

from ticker.changes import Change
from ticker.errors import (
    Closed,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    InvalidToken,
    KeyReused,
    NotFound,
    StaleRevision,
    TickerError,
    no_such_feed,
)
from ticker.journal import names
from ticker.journal.feed_settings import moment
from ticker.limits import NO_LIMITS, Limits

REQUEST_TTL: Final = 24 * 3600
"""Seconds an Idempotency-Key is remembered. Published in the protocol."""

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"


def key_names(feed: str, change: Change) -> tuple[list[str], int]:
    """Return the Redis keys that the script needs, and how many indexes the dispatch enters."""
    key = hashlib.sha256((change.idempotency_key or "").encode()).hexdigest()
    enters, leaves = indexes(feed, change.written()), indexes(feed, change.replaced())
    keys = script_keys(feed, names.answered(feed, change.holder.id, key))
    earlier = names.earlier(feed, getattr(change, "id", None) or "")
    return [*keys, earlier, *enters, *(leaves - enters)], len(enters)


def script_keys(feed: str, answered: str = "") -> list[str]:
    """Return the keys that the script begins with; `answered` is the one of the request's Idempotency-Key."""
    return [*log_keys(feed), answered or names.answered(feed, "", ""), *_of_the_desk(feed)]


def argument(change: Change, channel: str, entered: int, limits: Limits = NO_LIMITS, *, sharded: bool = False) -> bytes:
    """Return the one argument of the script, as JSON; it publishes the entry on `channel`.

    `entered` is the number of indexes that the dispatch enters; `sharded` says that it is in a cluster.
    """
    own = {name: value for name, value in change.arguments().items() if value is not None}
    members = {
        "kind": change.kind,
        "channel": channel,
        **({"sharded": True} if sharded else {}),
        "by": orjson.dumps(change.holder.name).decode(),
        "holder": change.holder.id,
        **({} if change.holder.key is None else {"key": change.holder.key}),
        "random": "".join(_DIGITS[byte & 31] for byte in secrets.token_bytes(8)),
        "entered": entered,
        **limits.arguments(change.kind, released="held" in own, confirmed=own.get("confirm") == "give"),
        **own,
    }
    if change.idempotency_key:
        members |= {"fingerprint": change.fingerprint(), "ttl": REQUEST_TTL}
    return orjson.dumps(members)


@cache
def log_keys(feed: str) -> tuple[str, ...]:
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
    return (
        names.held(feed),
        names.due(feed),
        names.flashes(feed),
        names.desk(feed),
        names.revoked(feed),
        names.writers(feed),
    )


def indexes(feed: str, fields: dict[str, Any]) -> set[str]:
    """Return the indexes that a dispatch with these fields is in."""
    labels = [("section", label) for label in fields.get("sections", [])]
    labels += [("place", label) for label in fields.get("places", [])]
    labels += [("story", fields["story"])] if "story" in fields else []
    return {names.index(feed, *label) for label in labels}


class Receipt(NamedTuple):
    """The receipt of a change that is kept.

    Attributes:
        body: of the response, as JSON.
        repeated: whether it was given before.
        nodes: to how many nodes the entry was published, if this is known.
    """

    body: dict[str, Any]
    repeated: bool
    nodes: int | None = None


class Refusal(NamedTuple):
    """What the script refused: the detail that it gave, the feed and the change."""

    detail: bytes
    feed: str
    change: Change


ACCEPTED: Final = ("kept", "repeated")
"""Outcomes of a change that is kept; the detail is its receipt."""

REFUSED: Final[dict[str, Callable[[Refusal], TickerError]]] = {
    "revoked": lambda _: revoked(),
    "unopened": lambda refusal: no_such_feed(refusal.feed),
    "closed": lambda refusal: Closed(refusal.feed, moment(refusal.detail) or ""),
    "absent": lambda refusal: NotFound(f"There is no {_subject(refusal.change)} in the feed {refusal.feed!r}"),
    "killed": lambda refusal: killed_for_good(orjson.loads(refusal.detail)),
    "ended": lambda refusal: no_longer_held(orjson.loads(refusal.detail)),
    "parked": lambda _: parked(),
    "stale": lambda refusal: stale(int(refusal.detail)),
    "not_owner": lambda _: not_yours(),
    "reused": lambda _: key_reused(),
    "over": lambda _: Invalid([("release_at", "is in the past; to file the dispatch now, leave it out")]),
    "many_revisions": lambda refusal: Conflict(
        f"This dispatch has {int(refusal.detail)} revisions, as many as it may; kill it and file another"
    ),
    "many_labels": lambda refusal: Conflict(
        f"This feed has {int(refusal.detail)} sections, places and stories, as many as it may; use those that it has"
    ),
    "many_held": lambda refusal: Conflict(
        f"{int(refusal.detail)} dispatches are held in this feed, as many as may be; release or spike one first"
    ),
    "many_held_by_key": lambda refusal: Conflict(
        f"Your key holds {int(refusal.detail)} dispatches in this feed, as many as it may; release or spike one first"
    ),
    "unasked": lambda _: nothing_to_confirm(),
    "late": lambda _: Conflict("The time to confirm this flash is over; correct the urgency to flash to ask again"),
    "alone": lambda _: Forbidden("A flash must be confirmed with a second key: yours asked for it, or wrote its words"),
}
"""Outcomes of a change that is refused, and the error of each."""


def receipt(outcome: str, detail: bytes, feed: str, change: Change) -> Receipt:
    """Return the receipt that the script gave, or raise the error of its refusal."""
    if outcome in ACCEPTED:
        return Receipt(orjson.loads(detail), outcome == "repeated")
    raise REFUSED[outcome](Refusal(detail, feed, change))


def killed_for_good(tombstone: dict[str, Any]) -> Gone:
    """Return the error for a change of a dispatch of which only this tombstone is left."""
    return Gone("This dispatch was killed and cannot be changed", tombstone=tombstone)


def revoked() -> InvalidToken:
    """Return the error for a change with a key that was revoked since the request was let in."""
    return InvalidToken("This key is revoked", field="Authorization")


def parked() -> Conflict:
    """Return the error for the timed release of a held dispatch that waits for an editor."""
    return Conflict("A key that wrote this held dispatch is revoked; an editor must release, edit or spike it")


def stale(revision: int) -> StaleRevision:
    """Return the error for a change that is not based on the current revision, which is this one."""
    return StaleRevision(f"The current revision is {revision}; fetch it and retry", revision=revision)


def not_yours() -> Forbidden:
    """Return the error for a correspondent's change of a dispatch that another key filed."""
    return Forbidden("A correspondent's key may change only dispatches that it filed itself")


def key_reused() -> KeyReused:
    """Return the error for an Idempotency-Key that came before with another request."""
    return KeyReused(
        "This Idempotency-Key was already used for a different request; use a new one", field="Idempotency-Key"
    )


def nothing_to_confirm() -> Conflict:
    """Return the error for a confirmation of a dispatch that does not wait for one."""
    return Conflict("This dispatch is not waiting to be confirmed as a flash")


def no_longer_held(record: dict[str, Any]) -> Conflict:
    """Return the error for a change of a held dispatch that was released or spiked."""
    return Conflict(f"The dispatch is no longer held: it was {record['status']}", extra={"held": record})


def _subject(change: Change) -> str:
    arguments = change.arguments()
    return f"held dispatch {arguments['held']!r}" if "held" in arguments else f"dispatch {arguments['id']!r}"
