"""Parameters and headers that several routes have, as they are described."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ticker import dispatch
from ticker.schema import ID, Schema, text
from ticker.web.described import examples
from ticker.web.operation import Header, Parameter

FEED: Final = "/v1/feeds/{feed}"
"""Path of a feed for programs."""

NAME: Final = text("Name of the feed.", pattern=f"^{dispatch.FEED_NAME.pattern}$")

_REVISION: Final = r'(W/)?"[0-9]{1,9}(\.[0-9a-f]{8})?"'
_ETAG: Final = r'^(W/)?"[!#-~]+"$'
_STRING: Final[Schema] = {"type": "string"}


def in_path(component: str, name: str, schema: Schema, example: str) -> Parameter:
    """Return a parameter of a path, given the described schema of its value."""
    rules = {rule: value for rule, value in schema.items() if rule != "description"}
    return Parameter(component, name, "path", schema["description"], rules, example, required=True)


def query(component: str, name: str, description: str, schema: Schema, example: Any) -> Parameter:
    """Return a parameter of a query that need not be there."""
    return Parameter(component, name, "query", description, schema, example)


FEED_NAME: Final = in_path("FeedName", "feed", NAME, "breaking")
DISPATCH_ID: Final = in_path("DispatchId", "id", ID, examples.BRIDGE_ID)

BEFORE: Final = query(
    "Before",
    "before",
    "Id of a dispatch: only those filed before it are returned.",
    {"type": "string", "pattern": "^[0-9A-Za-z]{1,64}$"},
    examples.BUDGET_ID,
)
AFTER: Final = query("After", "after", "Position to continue from.", _STRING, "43-001a935170bb")

IF_MATCH: Final = Parameter(
    "IfMatch",
    "If-Match",
    "header",
    "The ETag of the revision you have seen, a list of them, or `*` for any.",
    {"type": "string", "pattern": rf"^(\*|[0-9]{{1,9}}|{_REVISION}(, {_REVISION})*)$"},
    '"1"',
    required=True,
)
IF_MATCH_IF_ANY: Final = replace(IF_MATCH, component="IfMatchIfAny", required=False)
IF_NONE_MATCH: Final = Parameter(
    "IfNoneMatch", "If-None-Match", "header", "The ETag you have.", {"type": "string", "pattern": _ETAG}, '"1"'
)
IDEMPOTENCY_KEY: Final = Parameter(
    "IdempotencyKey",
    "Idempotency-Key",
    "header",
    "Unlike any other of yours: makes it safe to send the change again. Known for 24 hours, to one API key and one "
    "feed.",
    {"type": "string", "pattern": r'^("[!#-~]{1,255}"|[!#-~]{1,255})$'},
    example=None,
)

ETAG: Final = Header(
    "ETag",
    "Revision of the dispatch with a digest of its editions, if any, or position of the feed; that of a feed is weak.",
    {"type": "string", "pattern": _ETAG},
    '"1"',
    always=True,
)
LOCATION: Final = Header(
    "Location",
    "Where it can be read.",
    {"type": "string", "pattern": "^(https?://.+)?/v1/"},
    f"/v1/feeds/breaking/dispatches/{examples.BRIDGE_ID}",
    always=True,
)
TICKER_AT: Final = Header(
    "Ticker-At",
    "When the node was last proven to be in sync with the log. Absent before the first proof, and while there is more "
    "to ask for.",
    {"type": "string", "format": "date-time"},
    "2026-03-11T14:12:00.250Z",
)
REPLAYED: Final = Header(
    "Idempotent-Replayed",
    "The change was made before, and this is its receipt.",
    {"type": "string", "const": "true"},
    "true",
)
RETRY_AFTER: Final = Header(
    "Retry-After", "Seconds after which asking again makes sense.", {"type": "integer", "minimum": 1}, 2, always=True
)
WWW_AUTHENTICATE: Final = Header(
    "WWW-Authenticate",
    "Where another key may help (RFC 6750).",
    {"type": "string", "pattern": "^Bearer realm="},
    'Bearer realm="ticker", error="insufficient_scope"',
)
