"""The tree of errors. Each class knows the HTTP status of its response; each message is for people.

On the wire every error is a problem document (RFC 9457): `title` is the class's, `detail` the instance's
own sentence, `field` the field or header at fault. On the command line the same sentence is the one line
printed to stderr.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Literal


class TickerError(Exception):
    """Any error that the service answers with.

    Attributes:
        status: HTTP status code.
        slug: last part of the problem's `type`, stable for programs.
        title: the kind of problem, the same for every instance.
        challenge: value of WWW-Authenticate, where another key may help (RFC 6750 section 3).
        detail: what happened this time and what to do, one sentence.
        field: field or header at fault, if one is.
        retry_after: seconds after which trying again makes sense, if it does.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "The service failed"
    challenge: ClassVar[str | None] = None

    def __init__(self, detail: str, *, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.retry_after = retry_after

    def extra(self) -> dict[str, object]:
        """Return members of the problem document beyond the standard ones."""
        return {}


class BadSetting(TickerError):
    """A flag or environment variable that cannot be used. Never reaches HTTP."""


class DataInUse(TickerError):
    """Another service already runs on this data directory. Never reaches HTTP."""


class NewerData(TickerError):
    """The data was written by a newer version than this program knows. Never reaches HTTP."""


class AtUpstream(Exception):
    """What was asked for is not here: this is a relay, which passes the request on. No response of the service."""


class BadRequest(TickerError):
    """The request is not what HTTP or JSON ask for."""

    status, slug, title = 400, "bad-request", "The request cannot be read"


class Unauthorized(TickerError):
    """No key, or none of ours (RFC 6750)."""

    status, slug, title = 401, "unauthorized", "A key is needed"
    challenge = 'Bearer realm="ticker"'


class InvalidToken(Unauthorized):
    """A key that is not known: never issued, or revoked."""

    challenge = 'Bearer realm="ticker", error="invalid_token"'


class Forbidden(TickerError):
    """The key, or the page's origin, does not reach that far."""

    status, slug, title = 403, "forbidden", "This is not allowed"


class InsufficientScope(Forbidden):
    """A good key whose role or feeds do not reach that far."""

    challenge = 'Bearer realm="ticker", error="insufficient_scope"'


class CrossSite(TickerError):
    """A session's cookie in a request that a page of another site may have made."""

    status, slug, title = 403, "cross-site", "This request may come from another site"


class NotFound(TickerError):
    """No such feed, dispatch or key."""

    status, slug, title = 404, "not-found", "Not found"


def no_such_feed(name: str) -> NotFound:
    """Return the error for a feed that does not exist, and for a private one that the request must not know of."""
    return NotFound(f"There is no feed named {name!r}")


class Conflict(TickerError):
    """The current state does not allow this: a feed is open already, a held dispatch is no longer held."""

    status, slug, title = 409, "conflict", "Conflict with the current state"

    def __init__(self, detail: str, *, field: str | None = None, extra: dict[str, object] | None = None) -> None:
        super().__init__(detail, field=field)
        self._extra = extra or {}

    def extra(self) -> dict[str, object]:
        return self._extra


class TooSlow(TickerError):
    """A request that was not complete in time (RFC 9110 section 15.5.9)."""

    status, slug, title = 408, "too-slow", "The request was not complete in time"


def too_slow(part: Literal["head", "body"], seconds: float) -> TooSlow:
    """Return the error for a request of which this part was not complete in time."""
    return TooSlow(f"The {part} of a request must arrive within {seconds:.0f} seconds")


class Gone(TickerError):
    """The dispatch was killed; only its tombstone is left."""

    status, slug, title = 410, "killed", "This dispatch was killed"

    def __init__(self, detail: str, *, tombstone: dict[str, object]) -> None:
        super().__init__(detail)
        self.tombstone = tombstone

    def extra(self) -> dict[str, object]:
        return {"dispatch": self.tombstone}


def killed(tombstone: dict[str, Any]) -> Gone:
    """Return the error for a dispatch of which only this tombstone is left."""
    return Gone(f"This dispatch was killed: {tombstone['reason']}", tombstone=tombstone)


class InvitationEnded(TickerError):
    """An invitation to the desk that was accepted or withdrawn, or is too old."""

    status, slug, title = 410, "invitation-ended", "This invitation has ended"


class Closed(TickerError):
    """The feed is closed: its history can be read, but nothing is added to it and nobody follows it."""

    status, slug, title = 410, "closed", "This feed is closed"

    def __init__(self, feed: str, at: str) -> None:
        super().__init__(f"The feed {feed!r} was closed at {at}; its history can still be read")
        self.at = at

    def extra(self) -> dict[str, object]:
        return {"closed": self.at}


class StaleRevision(TickerError):
    """Somebody else changed the dispatch first (RFC 9110 section 13.1.1)."""

    status, slug, title = 412, "stale-revision", "The dispatch has changed since"

    def __init__(self, detail: str, *, revision: int) -> None:
        super().__init__(detail, field="If-Match")
        self.revision = revision

    def extra(self) -> dict[str, object]:
        return {"revision": self.revision}


class TooLarge(TickerError):
    """The body is over the limit."""

    status, slug, title = 413, "too-large", "The request body is too large"


class Invalid(TickerError):
    """One or more fields break their rule."""

    status, slug, title = 422, "invalid", "A field breaks its rule"

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        field, message = faults[0]
        super().__init__(f"{field}: {message}", field=field)
        self.faults = faults

    def extra(self) -> dict[str, object]:
        return {"errors": [{"field": field, "detail": message} for field, message in self.faults]}


def unknown_parameters(given: Iterable[str], known: Collection[str]) -> list[tuple[str, str]]:
    """Return a fault for each of these parameters of a query that is not among the known ones."""
    fault = f"is not a known parameter; the parameters are {', '.join(known)}"
    return [(name, fault) for name in sorted(set(given) - set(known))]


def out_of_range(name: str, least: int, most: int) -> Invalid:
    """Return the error for a parameter that is not a number within these bounds."""
    return Invalid([(name, f"must be a whole number from {least} to {most}")])


class KeyReused(TickerError):
    """An Idempotency-Key that was already used for a different request."""

    status, slug, title = 422, "idempotency-key-reused", "This Idempotency-Key was used for something else"


class Misdirected(TickerError):
    """This is a relay, which does not do this, nor passes it on (RFC 9110 section 15.5.20)."""

    status, slug, title = 421, "misdirected", "Another node takes this"

    def __init__(self, detail: str, *, upstream: str) -> None:
        super().__init__(detail)
        self.upstream = upstream

    def extra(self) -> dict[str, object]:
        return {"upstream": self.upstream}


class UpgradeRequired(TickerError):
    """A request for a live stream that asks for neither a WebSocket nor events (RFC 9110 section 15.5.22)."""

    status, slug, title = 426, "upgrade-required", "This address is a live stream"


class PreconditionRequired(TickerError):
    """A change that must name the revision it is based on (RFC 6585)."""

    status, slug, title = 428, "if-match-required", "If-Match is needed"


class TooMany(TickerError):
    """This key asks for more changes than it may (RFC 6585 section 4)."""

    status, slug, title = 429, "too-many", "Too many changes with this key"


class TooManyConnections(TickerError):
    """The address of the client has as many connections as one may have (RFC 6585 section 4)."""

    status, slug, title = 429, "too-many-connections", "Too many connections from one address"


class HeadTooLarge(TickerError):
    """The URL and the headers are over the limit (RFC 6585 section 5)."""

    status, slug, title = 431, "head-too-large", "The head of the request is too large"


def head_too_large(limit: int, headers: int) -> HeadTooLarge:
    """Return the error for a request whose head has more than `limit` bytes, or more than so many headers."""
    return HeadTooLarge(
        f"The head of a request, with URL and trailers, must not exceed {limit} bytes and {headers} headers"
    )


class NotSupported(TickerError):
    """A variant of a response that the service does not make (RFC 9110 section 15.6.2)."""

    status, slug, title = 501, "not-supported", "This is not supported"


class Unavailable(TickerError):
    """The log cannot be reached or cannot promise to keep an entry. Trying again is safe."""

    status, slug, title = 503, "unavailable", "The service cannot do this now"

    def __init__(self, detail: str, *, retry_after: int = 2) -> None:
        super().__init__(detail, retry_after=retry_after)


class NotReachedYet(Unavailable):
    """This node is about to learn what this part of the log has, normally within a second."""


class CannotWrite(Unavailable):
    """The log was reached and takes no entries: it is a replica, has too few of them, or has no memory or disk left."""


class LogFull(CannotWrite):
    """The log has no memory left; what is in it can be read and withdrawn."""


class NotPermitted(CannotWrite):
    """The log refuses a command to the service's user: an operator must grant it the right."""


class NoSuchAddress(TickerError):
    """The router knows no such path."""

    status, slug, title = 404, "no-such-address", "There is nothing at this address"


class WrongMethod(TickerError):
    """The router knows the path, but not with this method."""

    status, slug, title = 405, "wrong-method", "This address does not take that method"


class BrokenLog(Exception):
    """A feed's log contradicts its state: entries are missing or do not follow from each other."""
