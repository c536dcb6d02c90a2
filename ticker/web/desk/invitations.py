"""Invitations over HTTP: an editor or an admin makes a link that begins one session."""

from __future__ import annotations

from typing import Any, Final

import segno
from starlette.requests import Request
from starlette.responses import Response

from ticker.desk.invitation import InvitationPlan, granted, link
from ticker.dispatch import read
from ticker.errors import Forbidden
from ticker.journal.holder import Holder
from ticker.schema import Schema, many, moment, or_null, shape, text
from ticker.web.faults import NOT_FOUND
from ticker.web.node import node_of
from ticker.web.operation import Fault, Operation, Resource, Returns
from ticker.web.parameters import NAME, in_path
from ticker.web.public_url import absolute
from ticker.web.request import body
from ticker.web.responses import json
from ticker.web.shape import Shape

_ID: Final = text("Id of the invitation; not its secret.", pattern="^i[0-9a-f]{16}$")

ROUTES: Final = Resource("Sessions", (in_path("InvitationId", "id", _ID, "i90b4c1de7f3a2685"),))

PATH: Final = "/v1/invitations"

_EXPIRES: Final = moment("Until when it can be accepted.")
_MEMBERS: Final[dict[str, Schema]] = {
    "id": _ID,
    "name": text("Who is invited."),
    "role": text("How far the session will reach.", enum=["correspondent", "editor", "admin"]),
    "feeds": many(NAME, "The feeds it will work in; none means all."),
    "person": or_null(text("Id of the person who is invited; null for somebody new.")),
    "expires": _EXPIRES,
}
_EXAMPLE: Final[dict[str, Any]] = {
    "id": "i90b4c1de7f3a2685",
    "name": "Omar Nasser",
    "role": "correspondent",
    "feeds": ["breaking"],
    "person": None,
    "expires": "2026-03-11T14:22:00.250Z",
}
_OPEN: Final = Shape(
    "Invitations",
    shape("Invitations that nobody has accepted yet.", {"invitations": many(shape("One.", _MEMBERS), "Oldest first.")}),
    {"invitations": [_EXAMPLE]},
)
_MADE: Final = Shape(
    "Invitation",
    shape(
        "An invitation, whose link is shown this once.",
        {
            "id": _ID,
            "url": text("The link. Its secret is in the fragment.", pattern="^https?://.+#invitation=.+$"),
            "qr": text("The link as a QR code (ISO/IEC 18004), an SVG element for a page.", pattern="^<svg "),
            "expires": _EXPIRES,
        },
    ),
    {
        "id": "i90b4c1de7f3a2685",
        "url": "https://news.example/desk#invitation=Xn3c0v1bq9mXcE0f2hP7sQm4yTnWk8rLzUa6dGi5oVx",
        "qr": '<svg width="37" height="37"><path d="M4 4.5h7"/></svg>',
        "expires": "2026-03-11T14:22:00.250Z",
    },
)


def _others() -> Forbidden:
    return Forbidden("Only an admin of all feeds may withdraw the invitations of others")


def _administers(holder: Holder) -> bool:
    return holder.role == "admin" and not holder.feeds


@Operation(
    ROUTES,
    "GET",
    PATH,
    "listInvitations",
    "List open invitations",
    (Returns(200, "One's own; for admins of all feeds, everybody's.", (_OPEN,)),),
    role="editor",
)
async def list_invitations(request: Request, holder: Holder) -> Response:
    """List what was not accepted yet; never the secrets."""
    found = await node_of(request).invitations.every()
    listed = [each.described() for each in found if _administers(holder) or each.maker == holder.id]
    return json({"invitations": listed})


@Operation(
    ROUTES,
    "POST",
    PATH,
    "invite",
    "Invite somebody to the desk",
    (Returns(201, "The only time the link is shown.", (_MADE,)),),
    role="editor",
    body=InvitationPlan,
    faults=(NOT_FOUND,),
    description="The link begins one session, within 10 minutes, by `POST /desk/session`. Nobody can invite farther "
    "than they reach themselves.",
)
async def invite(request: Request, holder: Holder) -> Response:
    """Make an invitation; this response is the only time its link is shown."""
    plan = read(InvitationPlan, await body(request))
    feeds = granted(plan, holder.role, holder.feeds)
    secret, made = await node_of(request).invitations.make(plan, feeds, holder)
    url = link(absolute(request), secret)
    qr = segno.make(url, error="m", micro=False).svg_inline(border=4, omitsize=True)
    return json({"id": made.id, "url": url, "qr": qr, "expires": made.expires}, 201)


@Operation(
    ROUTES,
    "DELETE",
    PATH + "/{id}",
    "withdrawInvitation",
    "Withdraw an invitation",
    (Returns(204, "It cannot be accepted any more.", media_type=""),),
    role="editor",
    faults=(Fault("InvitationOfOthers", _others()),),
)
async def withdraw(request: Request, holder: Holder) -> Response:
    """Withdraw an invitation of one's own, or for an admin, anybody's."""
    invitations, id = node_of(request).invitations, request.path_params["id"]
    maker = next((each.maker for each in await invitations.every() if each.id == id), holder.id)
    if maker != holder.id and not _administers(holder):
        raise _others()
    await invitations.withdraw(id)
    return Response(status_code=204)
