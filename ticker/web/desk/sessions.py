"""Signing in at the desk: a key becomes a session, whose cookie the API takes wherever it takes a key."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ticker.desk.session import SignIn
from ticker.dispatch import read
from ticker.errors import Forbidden, Unauthorized
from ticker.journal.holder import Holder
from ticker.journal.invitations import invitation_ended
from ticker.journal.sessions import SignedIn
from ticker.schema import Schema, many, moment, or_null, shape, text
from ticker.web.auth import READS, credential_of, session_ended, unknown_key
from ticker.web.credentials import find_session, is_of_another, session_cookie, session_in
from ticker.web.faults import CROSS_SITE, INVALID_TOKEN
from ticker.web.key_lookup import address_of, slow_guesses
from ticker.web.node import node_of
from ticker.web.operation import Fault, Header, Operation, Parameter, Resource, Returns
from ticker.web.parameters import NAME, in_path
from ticker.web.request import body
from ticker.web.responses import json
from ticker.web.same_origin import refuse_cross_site
from ticker.web.shape import Shape
from ticker.web.shapes.desk import PERSON

_ID: Final = text("Id of the session; not its secret.", pattern="^s[0-9a-f]{16}$")

ROUTES: Final = Resource("Sessions", (in_path("SessionId", "id", _ID, "s5b1d0e9c47a2f386"),))

CURRENT: Final = "/desk/session"
LIST: Final = "/desk/sessions"

_MEMBERS: Final[dict[str, Schema | Shape]] = {
    "id": _ID,
    "person": PERSON,
    "role": text("How far it reaches.", enum=["correspondent", "editor", "admin"]),
    "feeds": or_null(many(NAME, "The feeds it works in; null means all.")),
    "begun": moment("When it began."),
    "expires": moment("When it ends if it is not used again."),
}
_EXAMPLE: Final[dict[str, Any]] = {
    "id": "s5b1d0e9c47a2f386",
    "person": {"id": "5f2c9a0b71d4", "name": "Lena Ortiz"},
    "role": "correspondent",
    "feeds": ["breaking"],
    "begun": "2026-03-11T08:00:00.000Z",
    "expires": "2026-03-12T02:12:00.000Z",
}
SESSION: Final = Shape("Session", shape("A session of the desk.", {**_MEMBERS}), _EXAMPLE)
_LISTED: Final = shape(
    "A session, as it is listed.",
    {
        **_MEMBERS,
        "current": {"type": "boolean", "description": "Whether this request has it."},
        "agent": text("User-Agent of the browser in which it began."),
    },
)
_SESSIONS: Final = Shape(
    "Sessions",
    shape("Sessions that have not ended.", {"sessions": many(_LISTED, "Oldest first.")}),
    {"sessions": [{**_EXAMPLE, "current": True, "agent": "Mozilla/5.0 (Android 15; Mobile) Firefox/145.0"}]},
)

_COOKIE: Final = Header(
    "Set-Cookie",
    "The session, for the browser alone: `__Host-session` where the service's public URL is https, else `session`; "
    "`HttpOnly`, `SameSite=Strict`.",
    {"type": "string", "pattern": "^(__Host-)?session="},
    "__Host-session=q3Jb3v1bq9mXcE0f2hP7sQm4yTnWk8rLzUa6dGi5oVxY; Path=/; Max-Age=2592000; HttpOnly; "
    "SameSite=Strict; Secure",
    always=True,
)
_ALL: Final = Parameter(
    "AllSessions", "all", "query", "With it, those of everybody; for admins of all feeds.", {"type": "string"}, ""
)


def _not_signed_in() -> Unauthorized:
    return Unauthorized("You are not signed in; sign in at /desk", field="Cookie")


def _others() -> Forbidden:
    return Forbidden("Only an admin of all feeds may see or end the sessions of others")


NOT_SIGNED_IN: Final = Fault("NotSignedIn", _not_signed_in())
SESSION_ENDED: Final = Fault("SessionEnded", session_ended())
_OTHERS: Final = Fault("SessionsOfOthers", _others())


def described(signed_in: SignedIn) -> dict[str, Any]:
    """Return what a session is shown as."""
    holder = signed_in.holder
    return {
        "id": signed_in.session.id,
        "person": {"id": holder.id, "name": holder.name},
        "role": holder.role,
        "feeds": holder.feeds or None,
        "begun": signed_in.begun,
        "expires": signed_in.expires,
    }


@Operation(
    ROUTES,
    "POST",
    CURRENT,
    "signIn",
    "Begin a session",
    (Returns(201, "The cookie is set.", (SESSION,), headers=(_COOKIE,)),),
    session=True,
    body=SignIn,
    faults=(CROSS_SITE, INVALID_TOKEN, Fault("InvitationEnded", invitation_ended())),
    description="The cookie then does what the key does, from pages of this service alone.",
)
async def sign_in(request: Request) -> Response:
    """Begin a session and give the browser its cookie."""
    node = node_of(request)
    # Another site could otherwise sign a visitor in as somebody else, who then reads what is filed.
    refuse_cross_site(node.settings, request.headers, strict=_by_a_browser(request))
    wanted = read(SignIn, await body(request))
    by_key = wanted.given() == "key"
    key = (wanted.key if by_key else await node.invitations.accept(wanted.invitation or "")) or ""
    agent = request.headers.get("user-agent")
    begun = await slow_guesses(node, key, address_of(request), lambda: node.sessions.begin(key, agent))
    if begun is None:
        raise unknown_key()
    secret, signed_in = begun
    await node.registry.note_use(signed_in.holder)
    return json(described(signed_in), 201, {"set-cookie": session_cookie(node.settings, secret)})


def _by_a_browser(request: Request) -> bool:
    """Return True if a browser says where a request comes from; a program may sign in without saying it."""
    return "sec-fetch-site" in request.headers or "origin" in request.headers


@Operation(
    ROUTES,
    "GET",
    CURRENT,
    "readSession",
    "Who is signed in",
    (Returns(200, "The session of the request's cookie.", (SESSION,)),),
    session=True,
    faults=(CROSS_SITE, NOT_SIGNED_IN, SESSION_ENDED),
)
async def read_session(request: Request) -> Response:
    """Respond with who is signed in."""
    node = node_of(request)
    if session_in(node.settings, request.headers) is None:
        raise _not_signed_in()
    signed_in = await find_session(node, request.headers, strict=request.method not in READS)
    if signed_in is None:
        raise session_ended()
    return json(described(signed_in))


@Operation(
    ROUTES,
    "DELETE",
    CURRENT,
    "signOut",
    "End the session",
    (Returns(204, "It has ended, and the cookie is taken away.", media_type="", headers=(_COOKIE,)),),
    session=True,
    faults=(CROSS_SITE, SESSION_ENDED),
)
async def sign_out(request: Request) -> Response:
    """End the session of the request's cookie, if it has one, and take the cookie away.

    Raises:
        Unauthorized: it is the session of another person than the request names; both stay.
    """
    node = node_of(request)
    signed_in = await find_session(node, request.headers, strict=True)
    if signed_in is not None:
        await node.sessions.end(signed_in.session.id)
    elif await is_of_another(node, request.headers):
        raise session_ended()
    headers = {"set-cookie": session_cookie(node.settings, ""), "cache-control": "no-store"}
    return Response(status_code=204, headers=headers)


@Operation(
    ROUTES,
    "GET",
    LIST,
    "listSessions",
    "List sessions",
    (Returns(200, "One's own; with `all`, everybody's.", (_SESSIONS,)),),
    role="correspondent",
    parameters=(_ALL,),
    faults=(_OTHERS,),
)
async def list_sessions(request: Request, holder: Holder) -> Response:
    """List the sessions of the person who asks, or with `all`, for an admin, those of everybody."""
    found = await node_of(request).sessions.every()
    if "all" not in request.query_params:
        found = [each for each in found if each.holder.id == holder.id]
    elif not _rules_all(holder):
        raise _others()
    current = credential_of(request).session
    listed = [described(each) | {"current": each.session.id == current, "agent": each.session.agent} for each in found]
    return json({"sessions": listed})


@Operation(
    ROUTES,
    "DELETE",
    LIST + "/{id}",
    "endSession",
    "End a session",
    (Returns(204, "It has ended, on every node.", media_type=""),),
    role="correspondent",
    faults=(_OTHERS,),
)
async def end_session(request: Request, holder: Holder) -> Response:
    """End a session of one's own, or for an admin, anybody's."""
    sessions, id = node_of(request).sessions, request.path_params["id"]
    owner = next((each.holder.id for each in await sessions.every() if each.session.id == id), holder.id)
    if owner != holder.id and not _rules_all(holder):
        raise _others()
    await sessions.end(id)
    return Response(status_code=204)


def _rules_all(holder: Holder) -> bool:
    return holder.role == "admin" and not holder.feeds
