"""Invitations: a link that begins a session once, so that nobody has to type a key on a phone.

The secret is in the fragment of the link, which browsers send to no server, and a button sends it. So what previews a
link, as messengers do, spends nothing.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from ticker.admin import PersonId
from ticker.dispatch import Body, FeedName, Line
from ticker.errors import Forbidden

LIFETIME: Final = 600
"""Seconds for which an invitation can be accepted: it is shown or sent to somebody who waits for it."""

MAX_OPEN: Final = 50
"""Invitations of one person that can be open at once; a further one withdraws the oldest."""

_RANK: Final = {"correspondent": 1, "editor": 2, "admin": 3}


class InvitationPlan(Body):
    """An invitation to be made. Who accepts it gets a key that only their session uses."""

    name: Annotated[Line, Field(min_length=1, max_length=100)] = Field(
        description="Who is invited.", examples=["Omar Nasser"]
    )
    role: Literal["correspondent", "editor", "admin"] = Field(
        description="How far the session reaches; not farther than who invites.", examples=["correspondent"]
    )
    feeds: list[FeedName] = Field(
        default=[],
        min_length=1,
        max_length=100,
        description="The feeds it works in, at least one. Without `feeds`, those of who invites.",
        examples=[["breaking"]],
    )
    person: PersonId | None = Field(
        default=None,
        description="Id of the person who is invited, who gets a further session. For admins of all feeds. Default: "
        "somebody new.",
        examples=["p3a91c07be552"],
    )


def granted(plan: InvitationPlan, role: str, feeds: list[str]) -> list[str]:
    """Return the feeds of an invitation by somebody with this role in these feeds; an empty list means all.

    Raises:
        Forbidden: they may not invite so far.
    """
    if _RANK[plan.role] > _RANK[role]:
        raise Forbidden(f"Your role is {role}, so you cannot invite anybody as {plan.role}", field="role")
    beyond = [feed for feed in plan.feeds if feeds and feed not in feeds]
    if beyond:
        raise Forbidden(f"Your key is not for {', '.join(beyond)}, so you cannot invite anybody there", field="feeds")
    if plan.person is not None and (role != "admin" or feeds):
        raise Forbidden("Only an admin of all feeds may invite a person who is known", field="person")
    return plan.feeds or feeds


def link(base: str, secret: str) -> str:
    """Return the link of an invitation to a service whose URLs begin with `base`."""
    return f"{base}/desk#invitation={secret}"
