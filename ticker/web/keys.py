"""Keys: who may write, for admins of all feeds."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ticker.admin import KeyPlan
from ticker.dispatch import BREAKING, read
from ticker.errors import NotFound
from ticker.journal.holder import Holder
from ticker.schema import Schema, many, moment, number, or_null, shape, text
from ticker.web.faults import INVALID_PARAMETER, NOT_FOUND
from ticker.web.node import node_of
from ticker.web.operation import Operation, Resource, Returns
from ticker.web.paging import LONGEST_LIST, add_link, fitting, limit, limit_parameter, link_header
from ticker.web.parameters import NAME, in_path, query
from ticker.web.request import body
from ticker.web.responses import json
from ticker.web.shape import Shape
from ticker.web.shapes.desk import PERSON

_ID: Final = text("Id of the key; not the key.", pattern="^[0-9a-f]{12}$")

ROUTES: Final = Resource("Keys", (in_path("KeyId", "id", _ID, "5f2c9a0b71d4"),))

PATH: Final = "/v1/keys"

_HOLDER: Final[dict[str, Schema | Shape]] = {
    "id": _ID,
    "name": text("Who or what holds it."),
    "role": text("How far it reaches.", enum=["correspondent", "editor", "admin"]),
    "issued": moment("When it was issued."),
    "feeds": many(NAME, "The feeds it works in; none means all."),
    "person": PERSON,
    "rate": or_null(number("Changes a minute it may make; null means the service's own limit.", 1)),
}
_LENA: Final[dict[str, Any]] = {
    "id": "5f2c9a0b71d4",
    "name": "Lena Ortiz",
    "role": "correspondent",
    "issued": "2026-03-01T08:00:00.000Z",
    "feeds": ["breaking"],
    "rate": None,
    "person": {"id": "5f2c9a0b71d4", "name": "Lena Ortiz"},
}
_KEY: Final = Shape(
    "Key",
    shape(
        "Whom a key belongs to; never the key.",
        {**_HOLDER, "used": or_null(moment("When it was last used, to the minute."))},
    ),
)
_KEYS: Final = Shape(
    "Keys",
    shape("Everybody who holds a key.", {"keys": many(_KEY, "Oldest first.")}),
    {"keys": [{**_LENA, "used": "2026-03-11T14:12:00.000Z"}]},
)
_ISSUED: Final = Shape(
    "IssuedKey",
    shape("A key, shown this once.", {"key": text("The key itself."), **_HOLDER}),
    {"key": "tk_0Jb3v1bq9mXcE0f2hP7sQm4yTnWk8rLzUa6dGi5oVxY", **_LENA},
)


_PLACE: Final = f"{_LENA['issued']}-{_LENA['id']}"
_AFTER: Final = query("KeyAfter", "after", "As `Link` had it: where the page begins.", {"type": "string"}, _PLACE)


@Operation(
    ROUTES,
    "GET",
    PATH,
    "listKeys",
    "List who holds a key",
    (Returns(200, "Never the keys.", (_KEYS,), headers=(link_header(f"{PATH}?after={_PLACE}&limit=1000"),)),),
    role="admin",
    parameters=(_AFTER, limit_parameter("KeyLimit", LONGEST_LIST, LONGEST_LIST)),
    faults=(INVALID_PARAMETER,),
)
async def list_keys(request: Request, holder: Holder) -> Response:
    """List the holders; never the keys."""
    most, after = limit(request, LONGEST_LIST, LONGEST_LIST), request.query_params.get("after", "")
    holders = await node_of(request).registry.holders()
    every = [holder.described() | {"used": used} for holder, used in holders]
    rest = [each for each in every if _place(each) > after]
    count = fitting(rest, most)
    response = json({"keys": rest[:count]})
    if count < len(rest):
        add_link(response, request, [("after", _place(rest[count - 1])), ("limit", most)])
    return response


def _place(key: dict[str, Any]) -> str:
    """Return the place of a key in the list; as text, places sort as the keys do."""
    return f"{key['issued']}-{key['id']}"


@Operation(
    ROUTES,
    "POST",
    PATH,
    "issueKey",
    "Issue a key",
    (Returns(201, "The only time the key is shown.", (_ISSUED,)),),
    role="admin",
    body=KeyPlan,
    faults=(NOT_FOUND,),
)
async def issue_key(request: Request, holder: Holder) -> Response:
    """Issue a key; this response is the only time it is shown."""
    plan = read(KeyPlan, await body(request))
    node = node_of(request)
    node.journal.check_promise()
    secret, issued = await node.registry.issue(
        plan.name, plan.role, plan.feeds, rate=plan.rate, person=plan.person, asking=holder.key
    )
    return json({"key": secret, **issued.described()}, 201)


@Operation(
    ROUTES,
    "DELETE",
    PATH + "/{id}",
    "revokeKey",
    "Revoke a key",
    (Returns(204, "From now on it changes nothing, not even by a request let in before.", media_type=""),),
    role="admin",
)
async def revoke_key(request: Request, holder: Holder) -> Response:
    """Revoke a key, on every node at once, and also after a failover to a replica."""
    node = node_of(request)
    try:
        await node.registry.revoke(request.path_params["id"], holder)
    except NotFound:  # it may be the same request again
        await node.journal.settle(BREAKING, "The key is revoked")
        raise
    await node.journal.settle(BREAKING, "The key is revoked")
    return Response(status_code=204)
