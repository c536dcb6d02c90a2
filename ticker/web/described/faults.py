"""How the service says no: one schema for all problem documents, and an example of each kind."""

from __future__ import annotations

from typing import Any, Final

import orjson

from ticker.errors import (
    BadRequest,
    Closed,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KeyReused,
    KeyTooWeak,
    NotFound,
    NotSupported,
    PreconditionRequired,
    StaleRevision,
    TickerError,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
    UpgradeRequired,
    WrongKey,
)
from ticker.web.described import examples
from ticker.web.described.answers import many, moment, number, ref, shape, text
from ticker.web.described.bodies import Schema
from ticker.web.problems import problem

MEDIA_TYPE: Final = "application/problem+json"

PROBLEM: Final = shape(
    "What went wrong (RFC 9457). Programs go by `type`; `detail` is a sentence for people and may change.",
    {
        "type": text("Which kind of problem.", pattern="^urn:ticker:problem:[a-z-]+$"),
        "title": text("The kind in words."),
        "status": number("The status of the answer.", 400),
        "detail": text("What happened this time, and what to do."),
    },
    {
        "field": text("The field or header at fault."),
        "errors": many(
            shape("One fault.", {"field": text("The field or parameter."), "detail": text("What is wrong with it.")}),
            "Of an invalid request: every fault.",
        ),
        "revision": number("Of a stale revision: the one that stands there.", 1),
        "dispatch": ref("Tombstone"),
        "closed": moment("Of a closed feed: since when."),
        "held": {"oneOf": [ref("ReleasedLine"), ref("SpikedLine")]},
    },
)

FAULTS: Final[dict[str, TickerError]] = {
    "BadRequest": BadRequest("The body is not JSON: unexpected character: line 1 column 2 (char 1)"),
    "BadHeader": BadRequest('If-Match is the ETag you were given, such as "1"', field="If-Match"),
    "BadHost": BadRequest("Host is no name or address of a host, with a port if it is not the usual one", field="Host"),
    "Unauthorized": Unauthorized("Send a key: Authorization: Bearer tk_…", field="Authorization"),
    "WrongKey": WrongKey("This key was never issued here, or it is revoked", field="Authorization"),
    "KeyTooWeak": KeyTooWeak("This needs the role editor; Lena Ortiz's key is correspondent's"),
    "NotYours": Forbidden("A correspondent's key changes only what it filed itself"),
    "OtherOrigin": Forbidden("Pages of https://elsewhere.example may not read this service's feeds", field="Origin"),
    "NotFound": NotFound("There is no feed named 'sports'"),
    "FeedIsOpen": Conflict("The feed 'breaking' is open already", field="name"),
    "HeldNoLonger": Conflict("The dispatch is no longer held: it was released", extra={"held": examples.RELEASED}),
    "NothingToConfirm": Conflict("Nobody asked for this dispatch to be a flash, or it is one already"),
    "Killed": Gone("This dispatch was killed: the source withdrew the statement", tombstone=examples.TOMBSTONE),
    "Closed": Closed("breaking", "2026-03-11T16:00:00.250Z"),
    "StaleRevision": StaleRevision("The current revision is 2; fetch it and retry", revision=2),
    "TooLarge": TooLarge("A body has at most 16384 bytes; this one has more"),
    "Invalid": Invalid([("text", "is empty"), ("urgency", "is one of 'flash', 'bulletin', 'urgent' or 'normal'")]),
    "InvalidParameter": Invalid([("limit", "is a number from 1 to 100")]),
    "InvalidWait": Invalid([("wait", "is a whole number of seconds from 0 to 30")]),
    "KeyReused": KeyReused(
        "This Idempotency-Key came before with another payload; use a new one", field="Idempotency-Key"
    ),
    "UpgradeRequired": UpgradeRequired(
        "Ask for a WebSocket, or for events with Accept: text/event-stream", field="Accept"
    ),
    "IfMatchRequired": PreconditionRequired(
        "Send If-Match with the ETag of the revision you have seen", field="If-Match"
    ),
    "TooMany": TooMany("Lena Ortiz's key makes at most 30 changes a minute; wait a moment", retry_after=21),
    "NotSupported": NotSupported("oEmbed responses are JSON here; ask with format=json", field="format"),
    "Unavailable": Unavailable("The log cannot be reached; try again in a moment"),
}
"""One error of each kind that a route can answer with, as it is raised there."""

WHEN: Final = {
    400: "The body is no JSON object, or a header cannot be read.",
    401: "No key, or one that is not known.",
    403: "The key, or the page's origin, does not reach that far.",
    404: "Nothing by that name.",
    409: "What is asked for does not fit what is there.",
    410: "The dispatch was killed; its tombstone is in `dispatch`. Or the feed is closed, since `closed`.",
    412: "It has changed since; where it stands is in `revision`.",
    413: "The body has more than 16 KiB.",
    422: "Fields or parameters break their rules, or the Idempotency-Key came before with something else.",
    426: "Asked for in no way that streams.",
    428: "A change without `If-Match`.",
    429: "This key has made as many changes in this minute as it may.",
    501: "A form of the response that the service does not make.",
    503: "The log cannot be reached or cannot keep an entry now. With an `Idempotency-Key`, asking again is safe.",
}
"""When each status is answered."""


def example(name: str) -> dict[str, Any]:
    """Return a problem document exactly as the service answers it."""
    document: dict[str, Any] = orjson.loads(bytes(problem(FAULTS[name]).body))
    return document


def by_status(names: list[str]) -> dict[int, list[str]]:
    """Return kinds of faults by the status they are answered with, in order."""
    found: dict[int, list[str]] = {}
    for name in sorted(names, key=lambda name: FAULTS[name].status):
        found.setdefault(FAULTS[name].status, []).append(name)
    return found


def response(status: int, names: list[str]) -> Schema:
    """Return the Response Object of some faults that share a status."""
    described: Schema = {"description": WHEN[status]}
    headers: Schema = {}
    if any(FAULTS[name].retry_after is not None for name in names):
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    if any(FAULTS[name].challenge is not None for name in names):
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WWW-Authenticate"}
    if headers:
        described["headers"] = headers
    shown = {name: {"$ref": f"#/components/examples/{name}"} for name in names}
    described["content"] = {MEDIA_TYPE: {"schema": ref("Problem"), "examples": shown}}
    return described
