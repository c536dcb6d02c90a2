"""The OpenAPI 3.1 document, put together from the table of operations."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from itertools import pairwise
from typing import Any, Final

import orjson

from ticker.dispatch import URGENCIES
from ticker.longpoll import LONGEST_WAIT
from ticker.schema import ID, ref, text
from ticker.web.described import answers, bodies, embedding, examples, faults
from ticker.web.described.bodies import Schema
from ticker.web.described.operation import HTML, JSON, Answer, Operation
from ticker.web.described.operations import OPERATIONS
from ticker.web.described.pages import PAGES

ABOUT: Final = """A breaking-news service: a newsroom files a short attributed line, and every open page shows it a
moment later, in the same order, once.

All bodies are JSON in UTF-8, all times RFC 3339 in UTC with milliseconds, all text plain text. Reading needs no key.
A client ignores members that it does not know. Every error is a problem document (RFC 9457). What is not described
here is answered with 404 `no-such-address` or 405 `wrong-method`, and 500 `internal` means that the service failed.
`HEAD` is answered wherever `GET` is."""

TAGS: Final = {
    "Feeds": "What readers follow.",
    "Dispatches": "The lines of a feed.",
    "Embargo": "Lines that are held until their time, known to the desk alone.",
    "Desk": "What editors do to a whole feed.",
    "Keys": "Who may write. For admins of all feeds.",
    "Operators": "What an operator's machines ask.",
    "Pages": "For people with a browser. Errors are pages, too, for clients that accept HTML.",
    "Embedding": "What pages of other sites load, include and frame.",
    "Documents": "What describes the service.",
}

_ETAG: Final = r'^(W/)?"[!#-~]+"$'
_TAG: Final = {"type": "string", "pattern": _ETAG}

HEADERS: Final[dict[str, Schema]] = {
    "ETag": {
        "description": "Revision of the line, or position of the feed, in quotes; that of a feed is weak.",
        "required": True,
        "schema": _TAG,
        "example": '"1"',
    },
    "Location": {
        "description": "Where it stands.",
        "required": True,
        "schema": {"type": "string", "pattern": "^(https?://.+)?/v1/"},
        "example": f"/v1/feeds/breaking/dispatches/{examples.BRIDGE_ID}",
    },
    "Link": {
        "description": "The next page, while there is one.",
        "schema": {"type": "string", "pattern": '^<(https?://.+)?/v1/.+>; rel="next"$'},
        "example": f'</v1/feeds/breaking/dispatches?before={examples.BUDGET_ID}&limit=20>; rel="next"',
    },
    "Ticker-At": {
        "description": "When the node was last proven level with the log. Absent before the first proof, and while "
        "there is more to ask for.",
        "schema": {"type": "string", "format": "date-time"},
        "example": "2026-03-11T14:12:00.250Z",
    },
    "Idempotent-Replayed": {
        "description": "The change was made before, and this is its receipt.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Retry-After": {
        "description": "Seconds after which asking again makes sense.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 2,
    },
    "WWW-Authenticate": {
        "description": "Where another key may help (RFC 6750).",
        "schema": {"type": "string", "pattern": "^Bearer realm="},
        "example": 'Bearer realm="ticker", error="insufficient_scope"',
    },
}


def _parameter(where: str, name: str, schema: Schema, example: Any, **rest: Any) -> Schema:
    described = {"name": name, "in": where, "description": schema.pop("description"), **rest}
    return {**described, "schema": schema, "example": example}


_ONE_OF: Final = "Only dispatches with one of these {}, separated by commas."

PARAMETERS: Final[dict[str, Schema]] = {
    "FeedName": _parameter("path", "feed", dict(answers.FEED), "breaking", required=True),
    "DispatchId": _parameter("path", "id", dict(ID), examples.BRIDGE_ID, required=True),
    "HeldId": _parameter("path", "id", dict(answers.HELD_ID), examples.HELD_ID, required=True),
    "KeyId": _parameter(
        "path", "id", text("Id of the key; not the key.", pattern="^[0-9a-f]{12}$"), "5f2c9a0b71d4", required=True
    ),
    "StoryName": _parameter(
        "path", "story", text("The story.", pattern="^[a-z0-9][a-z0-9-]{0,79}$"), "marada-bridge", required=True
    ),
    "IfMatch": _parameter(
        "header",
        "If-Match",
        text("The ETag of the revision you have seen, or `*`.", pattern=r'^(\*|(W/)?"[0-9]{1,9}"|[0-9]{1,9})$'),
        '"1"',
        required=True,
    ),
    "IfNoneMatch": _parameter("header", "If-None-Match", text("The ETag you have.", pattern=_ETAG), '"1"'),
    "IdempotencyKey": _parameter(
        "header",
        "Idempotency-Key",
        text(
            "Unlike any other of yours: makes it safe to send the change again. Known for 24 hours, to one API key and "
            "one feed.",
            pattern=r'^("[!#-~]{1,255}"|[!#-~]{1,255})$',
        ),
        '"7c1f6a52-0d0e-4f0e-9c63-3f5f0a1c2b7d"',
    ),
    "After": _parameter("query", "after", text("Position to go on from."), "43-001a935170bb"),
    "Wait": _parameter(
        "query",
        "wait",
        {
            "description": "Seconds to wait if nothing came yet.",
            "type": "integer",
            "minimum": 0,
            "maximum": LONGEST_WAIT,
            "default": 0,
        },
        10,
    ),
    "LastEventId": _parameter(
        "header", "Last-Event-ID", text("As `after`, over Server-Sent Events; it wins."), "43-001a935170bb"
    ),
    "Limit": _parameter(
        "query",
        "limit",
        {"description": "How many.", "type": "integer", "minimum": 1, "maximum": 100, "default": 20},
        20,
    ),
    "Before": _parameter(
        "query",
        "before",
        text("Id of the line before which to go on.", pattern="^[0-9A-Za-z]{1,64}$"),
        examples.BUDGET_ID,
    ),
    "Section": _parameter("query", "section", text(_ONE_OF.format("sections")), "Transport,Politics"),
    "Place": _parameter("query", "place", text(_ONE_OF.format("places")), "Port Marada"),
    "Story": _parameter("query", "story", text("Only the lines of this story."), "marada-bridge"),
    "MinUrgency": _parameter(
        "query",
        "min_urgency",
        text("Only dispatches as urgent as this, or more.", enum=[*reversed(URGENCIES)], default="normal"),
        "bulletin",
    ),
    **embedding.PARAMETERS,
}

_IN_PATH: Final = {"feeds": "FeedName", "dispatches": "DispatchId", "{feed}": "DispatchId", "held": "HeldId"} | {
    "keys": "KeyId",
    "stories": "StoryName",
    "embed": "WidgetVersion",
}
"""What stands behind each part of a path in braces, by the part before it."""


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the whole document."""
    paths: dict[str, dict[str, Any]] = {}
    refused: dict[str, Schema] = {}
    for operation in [*OPERATIONS, *PAGES]:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, refused)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ticker",
            "version": version("ticker"),
            "summary": "Breaking news, in order and once.",
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": purpose} for name, purpose in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": {**bodies.schemas(), **answers.SCHEMAS, "OEmbed": embedding.OEMBED, "Problem": faults.PROBLEM},
            "responses": dict(sorted(refused.items())),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "examples": {name: {"value": faults.example(name)} for name in faults.FAULTS},
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`Authorization: Bearer tk_…`. The scopes named at a request are the least role: "
                    "correspondent, editor or admin.",
                }
            },
        },
    }


def _operation(operation: Operation, refused: dict[str, Schema]) -> Schema:
    described: Schema = {"operationId": operation.id, "tags": [operation.tag], "summary": operation.summary}
    if operation.description:
        described["description"] = operation.description
    if operation.role is not None:
        described["security"] = [{"key": [operation.role]}]
    segments = operation.path.split("/")
    names = [_IN_PATH[before] for before, part in pairwise(segments) if part.startswith("{")]
    names += [*operation.parameters, *(["IdempotencyKey"] if operation.changes else [])]
    if names:
        described["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    if operation.body is not None:
        described["requestBody"] = {
            "required": operation.body_required,
            "content": {JSON: {"schema": ref(operation.body.__name__), "example": bodies.EXAMPLES[operation.body]}},
        }
    responses = {str(answer.status): _answer(answer) for answer in operation.answers}
    for status, kinds in faults.by_status(operation.faults).items():
        for_people = operation.tag in ("Pages", "Embedding")
        name = "Or".join(kinds) + ("AsPage" if for_people else "")
        if name not in refused:
            refused[name] = faults.response(status, kinds)
            if for_people:
                refused[name]["content"][HTML] = {"schema": {"type": "string"}}
        responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return described | {"responses": responses}


def _answer(answer: Answer) -> Schema:
    described: Schema = {"description": answer.description}
    if answer.headers:
        described["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in answer.headers}
    if not answer.media_type:
        return described
    content: Schema
    if answer.media_type == JSON and answer.shapes:
        shapes = [ref(name) for name in answer.shapes]
        content = {"schema": shapes[0] if len(shapes) == 1 else {"oneOf": shapes}}
        content["examples"] = {name: {"value": examples.ANSWERS[name]} for name in answer.shapes}
    elif answer.shapes:  # a line each, for which OpenAPI 3.1 has no word of its own
        lines = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in examples.AUDIT)
        content = {"schema": {"type": "string"}, "example": lines.decode(), "x-itemSchema": ref(answer.shapes[0])}
    else:
        content = {"schema": {"type": "object" if answer.media_type == JSON else "string"}}
        content |= {"example": answer.example} if answer.example else {}
    return described | {"content": {answer.media_type: content}}
