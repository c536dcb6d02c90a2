"""Every change of a feed as a request, and the receipt that the service sends for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NotRequired, TypedDict

from ticker.client.dispatch import Corrections, Fields
from ticker.client.request import Request, change_request, feed_path, rfc3339

ANY_REVISION: Final = None
"""Base a correction on whatever the current revision is."""


class Similar(TypedDict):
    """A dispatch of the last ten minutes with nearly the same text; `likeness` is from 0.75 to 1."""

    id: str
    source: NotRequired[str]
    filed: str
    likeness: float


class FiledReceipt(TypedDict):
    """A dispatch is kept. `confirm_by` is there if a second key has to confirm a flash."""

    id: str
    position: str
    revision: int
    filed: str
    similar: list[Similar]
    confirm_by: NotRequired[str]


class CorrectedReceipt(TypedDict):
    """A correction is kept."""

    id: str
    position: str
    revision: int
    updated: str
    confirm_by: NotRequired[str]


class KilledReceipt(TypedDict):
    """A kill is kept. `editions` are the same dispatch in other feeds (`feed/id`), which it does not reach."""

    id: str
    position: str
    revision: int
    updated: str
    editions: list[str]


class FeedReceipt(TypedDict):
    """A pin, its removal, or the air switch is kept; `id` is that of the pinned dispatch."""

    position: str
    updated: str
    id: NotRequired[str]


class HeldReceipt(TypedDict):
    """A dispatch is held until `release_at`. It gets another id when it is released."""

    id: str
    release_at: str
    revision: int
    held: str
    updated: str


class EditedReceipt(TypedDict):
    """An edit of a held dispatch is kept; `release_at` is when it is released now."""

    id: str
    release_at: str
    revision: int
    held: str
    updated: str


class SpikedReceipt(TypedDict):
    """A held dispatch is spiked."""

    id: str
    revision: int
    updated: str


def _timed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with each datetime as the protocol writes it."""
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in fields.items()}


def file(feed: str, text: str, fields: Fields, key: str | None = None) -> Request[FiledReceipt]:
    """Return the request that files a dispatch."""
    return change_request("POST", feed_path(feed, "dispatches"), _timed({"text": text, **fields}), idempotency_key=key)


def hold(
    feed: str, text: str, release_at: datetime | str, fields: Fields, key: str | None = None
) -> Request[HeldReceipt]:
    """Return the request that holds a dispatch until a time in the future, at most a year away."""
    body = _timed({"text": text, **fields, "release_at": release_at})
    return change_request("POST", feed_path(feed, "dispatches"), body, idempotency_key=key)


def correct(
    feed: str,
    id: str,
    corrections: Corrections,
    *,
    note: str | None = None,
    revision: int | None = ANY_REVISION,
    key: str | None = None,
) -> Request[CorrectedReceipt]:
    """Return the request that corrects a dispatch; `note` is to its readers."""
    body = _timed({**corrections, **({} if note is None else {"note": note})})
    return change_request("PATCH", feed_path(feed, "dispatches", id), body, idempotency_key=key, if_match=revision)


def kill(feed: str, id: str, reason: str, key: str | None = None) -> Request[KilledReceipt]:
    """Return the request that kills a dispatch; readers see the reason."""
    path = feed_path(feed, "dispatches", id, "kill")
    return change_request("POST", path, {"reason": reason}, idempotency_key=key)


def confirm(feed: str, id: str, *, revision: int | None = None, key: str | None = None) -> Request[CorrectedReceipt]:
    """Return the request by which a second key confirms a flash: this revision, or else the words asked for."""
    path = feed_path(feed, "dispatches", id, "confirm")
    return change_request("POST", path, idempotency_key=key, if_match="" if revision is None else revision)


def pin(feed: str, id: str | None, key: str | None = None) -> Request[FeedReceipt]:
    """Return the request that pins a dispatch or, for None, removes the pin."""
    if id is None:
        return change_request("DELETE", feed_path(feed, "pin"), idempotency_key=key)
    return change_request("PUT", feed_path(feed, "pin"), {"id": id}, idempotency_key=key)


def air(
    feed: str, *, on: bool, label: str | None = None, url: str | None = None, key: str | None = None
) -> Request[FeedReceipt]:
    """Return the request that switches a feed on or off the air; what is not given is removed."""
    given = {name: value for name, value in (("label", label), ("url", url)) if value is not None}
    return change_request("PUT", feed_path(feed, "air"), {"on": on, **given}, idempotency_key=key)


def edit_held(
    feed: str,
    id: str,
    corrections: Corrections,
    *,
    release_at: datetime | str | None = None,
    revision: int | None = ANY_REVISION,
    key: str | None = None,
) -> Request[EditedReceipt]:
    """Return the request that edits a held dispatch, or moves the time of its release."""
    body = _timed({**corrections, **({} if release_at is None else {"release_at": release_at})})
    return change_request("PATCH", feed_path(feed, "held", id), body, idempotency_key=key, if_match=revision)


def release(feed: str, id: str, key: str | None = None) -> Request[FiledReceipt]:
    """Return the request that releases a held dispatch now."""
    return change_request("POST", feed_path(feed, "held", id, "release"), idempotency_key=key)


def spike(feed: str, id: str, reason: str | None = None, key: str | None = None) -> Request[SpikedReceipt]:
    """Return the request after which a held dispatch is never released."""
    body = None if reason is None else {"reason": reason}
    return change_request("DELETE", feed_path(feed, "held", id), body, idempotency_key=key)
