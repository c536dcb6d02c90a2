"""Errors that several routes respond with, as they are described. What one route alone has is described there."""

from __future__ import annotations

from typing import Final

from ticker import errors
from ticker.web.described import examples
from ticker.web.operation import Fault

BAD_REQUEST: Final = Fault(
    "BadRequest", errors.BadRequest("The body is not JSON: unexpected character: line 1 column 2 (char 1)")
)
BAD_HEADER: Final = Fault(
    "BadHeader", errors.BadRequest('If-Match is the ETag you were given, such as "1"', field="If-Match")
)
BAD_HOST: Final = Fault(
    "BadHost",
    errors.BadRequest("Host is not the name or address of a host, with an optional port", field="Host"),
)
UNAUTHORIZED: Final = Fault(
    "Unauthorized", errors.Unauthorized("Send a key: Authorization: Bearer tk_…", field="Authorization")
)
INVALID_TOKEN: Final = Fault(
    "InvalidToken",
    errors.InvalidToken("This key was never issued here, or it is revoked", field="Authorization"),
)
INSUFFICIENT_SCOPE: Final = Fault(
    "InsufficientScope", errors.InsufficientScope("This needs the role editor; Lena Ortiz's key is correspondent's")
)
NOT_YOURS: Final = Fault("NotYours", errors.Forbidden("A correspondent's key changes only what it filed itself"))
OTHER_ORIGIN: Final = Fault(
    "OtherOrigin",
    errors.Forbidden("Pages of https://elsewhere.example may not read this service's feeds", field="Origin"),
)
NOT_FOUND: Final = Fault("NotFound", errors.NotFound("There is no feed named 'sports'"))
TOO_SLOW: Final = Fault("TooSlow", errors.TooSlow("The body of a request is sent within 30 seconds"))
KILLED: Final = Fault(
    "Killed",
    errors.Gone("This dispatch was killed: the source withdrew the statement", tombstone=examples.TOMBSTONE),
)
CLOSED: Final = Fault("Closed", errors.Closed("breaking", "2026-03-11T16:00:00.250Z"))
STALE_REVISION: Final = Fault(
    "StaleRevision", errors.StaleRevision("The current revision is 2; fetch it and retry", revision=2)
)
TOO_LARGE: Final = Fault("TooLarge", errors.TooLarge("A body has at most 16384 bytes; this one has more"))
INVALID: Final = Fault(
    "Invalid",
    errors.Invalid([("text", "is empty"), ("urgency", "is one of 'flash', 'bulletin', 'urgent' or 'normal'")]),
)
INVALID_PARAMETER: Final = Fault("InvalidParameter", errors.Invalid([("limit", "is a number from 1 to 100")]))
KEY_REUSED: Final = Fault(
    "KeyReused",
    errors.KeyReused("This Idempotency-Key came before with another payload; use a new one", field="Idempotency-Key"),
)
IF_MATCH_REQUIRED: Final = Fault(
    "IfMatchRequired",
    errors.PreconditionRequired("Send If-Match with the ETag of the revision you have seen", field="If-Match"),
)
TOO_MANY: Final = Fault(
    "TooMany",
    errors.TooMany("Lena Ortiz's key makes at most 30 changes a minute; wait a moment", retry_after=21),
)
HEAD_TOO_LARGE: Final = Fault(
    "HeadTooLarge",
    errors.HeadTooLarge("The head of a request has at most 32768 bytes, URL, headers and trailers included"),
)
UNAVAILABLE: Final = Fault("Unavailable", errors.Unavailable("The log cannot be reached; try again in a moment"))
