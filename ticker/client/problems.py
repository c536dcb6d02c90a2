"""What can go wrong, as exceptions: the service's problem documents (RFC 9457), and the lack of a response.

    ClientError
    ├─ Problem             the service refused; one subclass for each type in PROTOCOL.md
    ├─ UnexpectedResponse  something responded that is no ticker: a proxy, a portal, another server
    └─ DeadlineExceeded    no response that settles it came in time

Those that end a change have `maybe_kept`, and the Idempotency-Key under which to send it again.
"""

from __future__ import annotations

from typing import Any, ClassVar

TYPE_PREFIX = "urn:ticker:problem:"


class ClientError(Exception):
    """Anything that ends a request without its result.

    Attributes:
        idempotency_key: of the change that failed; None for a request that only reads. Sending the same change again
            with this key is safe: it is not made twice.
        maybe_kept: True if the change may have been kept although no receipt came.
    """

    idempotency_key: str | None = None
    maybe_kept: bool = False


class DeadlineExceeded(ClientError):
    """The deadline passed while the service could not be reached, or asked to try again.

    `__cause__` is the last failure.
    """


class UnexpectedResponse(ClientError):
    """The response is not one of this protocol.

    Attributes:
        status: HTTP status code.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Problem(ClientError):
    """The service refused; `title` and `detail` are its own.

    Attributes:
        slug: the last part of the problem's `type`. Programs may rely on it.
        status: HTTP status code.
        title: the kind of problem.
        detail: what happened this time, a sentence for people.
        field: the field or header at fault, None if it is none.
        retry_after: seconds after which to try again, None if the service did not say.
        members: the whole problem document.
    """

    slug: ClassVar[str] = ""

    def __init__(self, status: int, members: dict[str, Any], retry_after: int | None = None) -> None:
        detail = str(members.get("detail") or members.get("title") or f"The service responded {status}")
        super().__init__(detail)
        self.status = status
        self.title = str(members.get("title") or "")
        self.detail = detail
        field = members.get("field")
        self.field = field if isinstance(field, str) else None
        self.retry_after = retry_after
        self.members = members


class BadRequest(Problem):
    """The body is not a JSON object, or a header is malformed."""

    slug = "bad-request"


class Unauthorized(Problem):
    """No key was sent, or an unknown or revoked one."""

    slug = "unauthorized"


class Forbidden(Problem):
    """The key's role or feeds do not allow it."""

    slug = "forbidden"


class CrossSite(Problem):
    """A session's cookie came with a request that a page of another site may have made."""

    slug = "cross-site"


class NotFound(Problem):
    """No such feed, dispatch or key; or the feed is private."""

    slug = "not-found"


class NoSuchAddress(Problem):
    """No such path: is the URL that of the service?"""

    slug = "no-such-address"


class WrongMethod(Problem):
    """The path does not take that method."""

    slug = "wrong-method"


class TooSlow(Problem):
    """The request took longer to arrive than the limits allow."""

    slug = "too-slow"


class Conflict(Problem):
    """Conflict with the current state: no longer held, no flash to confirm."""

    slug = "conflict"

    @property
    def held(self) -> dict[str, Any] | None:
        """The held dispatch with its outcome, if that is what it is about."""
        held = self.members.get("held")
        return held if isinstance(held, dict) else None


class Killed(Problem):
    """The dispatch was killed."""

    slug = "killed"

    @property
    def dispatch(self) -> dict[str, Any]:
        """Its tombstone."""
        tombstone: dict[str, Any] = self.members["dispatch"]
        return tombstone


class InvitationEnded(Problem):
    """The invitation was accepted or withdrawn, or is too old."""

    slug = "invitation-ended"


class Closed(Problem):
    """The feed is closed."""

    slug = "closed"

    @property
    def closed(self) -> str:
        """When it was closed (RFC 3339)."""
        return str(self.members["closed"])


class StaleRevision(Problem):
    """The dispatch has changed since."""

    slug = "stale-revision"

    @property
    def revision(self) -> int:
        """The current revision."""
        return int(self.members["revision"])


class TooLarge(Problem):
    """The body has more than 16 KiB."""

    slug = "too-large"


class Invalid(Problem):
    """Fields or parameters break their rules."""

    slug = "invalid"

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Every field at fault, and what is wrong with it."""
        return [(str(error["field"]), str(error["detail"])) for error in self.members["errors"]]


class IdempotencyKeyReused(Problem):
    """The Idempotency-Key was used before with another payload."""

    slug = "idempotency-key-reused"


class Misdirected(Problem):
    """A relay that passes nothing on was asked for what it does not have; `members["upstream"]` says who takes it."""

    slug = "misdirected"


class UpgradeRequired(Problem):
    """A live stream was requested in a way that cannot carry one."""

    slug = "upgrade-required"


class IfMatchRequired(Problem):
    """A correction without If-Match."""

    slug = "if-match-required"


class TooMany(Problem):
    """The key has used up its changes of this minute."""

    slug = "too-many"


class TooManyConnections(Problem):
    """The address of this client has as many connections as one may have."""

    slug = "too-many-connections"


class HeadTooLarge(Problem):
    """URL and headers are longer than the limits allow."""

    slug = "head-too-large"


class Internal(Problem):
    """The service failed; its own log has the reason."""

    slug = "internal"


class NotSupported(Problem):
    """The service does not make this variant of a response."""

    slug = "not-supported"


class Unavailable(Problem):
    """The log is unreachable or cannot keep an entry, or the node is full or stopping."""

    slug = "unavailable"


PROBLEMS: dict[str, type[Problem]] = {kind.slug: kind for kind in Problem.__subclasses__()}
"""The exception of each type; a type that is not here, of a newer service, is a plain `Problem`."""
