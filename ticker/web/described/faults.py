"""How the service fails: one schema for all problem documents, and an example of each kind."""

from __future__ import annotations

from typing import Any, Final

import orjson

from ticker.schema import Schema, many, moment, number, shape, text
from ticker.web import faults
from ticker.web.operation import HTML, Fault, Header, Operation
from ticker.web.parameters import IF_MATCH, RETRY_AFTER, WWW_AUTHENTICATE
from ticker.web.problems import problem
from ticker.web.shape import Shape
from ticker.web.shapes.dispatch import TOMBSTONE
from ticker.web.shapes.held import RELEASED, SPIKED

MEDIA_TYPE: Final = "application/problem+json"

PROBLEM: Final = Shape(
    "Problem",
    shape(
        "What went wrong (RFC 9457). Programs go by `type`; `detail` is a sentence for people and may change.",
        {
            "type": text("Which kind of problem.", pattern="^urn:ticker:problem:[a-z-]+$"),
            "title": text("The kind in words."),
            "status": number("The status of the response.", 400),
            "detail": text("What happened this time, and what to do."),
        },
        {
            "field": text("The field or header at fault."),
            "errors": many(
                shape(
                    "One fault.", {"field": text("The field or parameter."), "detail": text("What is wrong with it.")}
                ),
                "Of an invalid request: every fault.",
            ),
            "revision": number("Of a stale revision: the current one.", 1),
            "dispatch": TOMBSTONE,
            "closed": moment("Of a closed feed: since when."),
            "held": {"oneOf": [RELEASED, SPIKED]},
        },
    ),
)

WHEN: Final = {
    400: "The body is not a JSON object, or a header cannot be read.",
    401: "No key, or one that is not known.",
    403: "The key, or the page's origin, does not reach that far; or the request has a session's cookie, and may come "
    "from a page of another site.",
    404: "Not found.",
    409: "Conflict with the current state.",
    408: "The request was not complete in time; the connection is closed.",
    410: "The dispatch was killed; its tombstone is in `dispatch`. Or the feed is closed, since `closed`. Or "
    "the invitation has ended.",
    412: "It has changed since; its current revision is in `revision`.",
    413: "The body has more than 16 KiB.",
    422: "Fields or parameters break their rules, or the Idempotency-Key came before with something else.",
    426: "The request asked for no kind of stream.",
    428: "A change without `If-Match`.",
    429: "This key has made as many changes in this minute as it may.",
    431: "URL and headers have more than 32 KiB; the connection is closed.",
    501: "A form of the response that the service does not make.",
    503: "The log cannot be reached or cannot keep an entry now. With an `Idempotency-Key`, asking again is safe.",
}
"""When each status is given."""


BEFORE_ROUTING: Final = (faults.TOO_SLOW, faults.HEAD_TOO_LARGE)
"""Faults of any request, found before it is known what it asks for."""


def every_fault(operation: Operation) -> list[Fault]:
    """Return the faults that an operation may respond with: its own, and those that follow from what it needs."""
    found = [*operation.faults]
    if operation.role is not None:
        found += [faults.UNAUTHORIZED, faults.INVALID_TOKEN, faults.INSUFFICIENT_SCOPE, faults.CROSS_SITE]
        found += [faults.TOO_MANY] if operation.method != "GET" else []
    if operation.body is not None:
        found += [faults.BAD_REQUEST, faults.TOO_LARGE, faults.INVALID]
    if IF_MATCH in operation.parameters:
        found += [faults.BAD_HEADER, faults.STALE_REVISION, faults.IF_MATCH_REQUIRED]
    if operation.repeatable:
        found += [faults.KEY_REUSED, faults.BAD_REQUEST]
    if "{" in operation.path and not operation.any_name:
        found.append(faults.NOT_FOUND)
    if operation.needs_log:
        found.append(faults.UNAVAILABLE)
    return sorted(set(found), key=lambda fault: fault.name)


def example(fault: Fault) -> dict[str, Any]:
    """Return a problem document exactly as the service sends it."""
    document: dict[str, Any] = orjson.loads(bytes(problem(fault.error).body))
    return document


def by_status(found: list[Fault]) -> dict[int, list[Fault]]:
    """Return faults by the status of their responses, in order."""
    grouped: dict[int, list[Fault]] = {}
    for fault in sorted(found, key=lambda fault: fault.error.status):
        grouped.setdefault(fault.error.status, []).append(fault)
    return grouped


def headers(found: list[Fault]) -> list[Header]:
    """Return the headers of a response with one of these faults."""
    again = [RETRY_AFTER] if any(fault.error.retry_after is not None for fault in found) else []
    return again + ([WWW_AUTHENTICATE] if any(fault.error.challenge is not None for fault in found) else [])


def content(found: list[Fault], *, for_people: bool) -> Schema:
    """Return the content of a response with one of these faults: a problem document, for people also a page."""
    shown = {fault.name: {"$ref": f"#/components/examples/{fault.name}"} for fault in found}
    described: Schema = {MEDIA_TYPE: {"schema": PROBLEM, "examples": shown}}
    return described | ({HTML: {"schema": {"type": "string"}}} if for_people else {})
