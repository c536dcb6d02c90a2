"""People: to whom keys belong, for admins of all feeds."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ticker.admin import PersonPlan
from ticker.dispatch import read
from ticker.journal.holder import Holder
from ticker.journal.people import Owner
from ticker.schema import many, shape, text
from ticker.web.node import node_of
from ticker.web.operation import Operation, Resource, Returns
from ticker.web.parameters import in_path
from ticker.web.request import body
from ticker.web.responses import json
from ticker.web.shape import Shape
from ticker.web.shapes.desk import PERSON

_ID: Final = text(
    "Id of the person; of one with a single key that was issued for nobody else, the key's.",
    pattern="^(p|)[0-9a-f]{12}$",
)

ROUTES: Final = Resource("Keys", (in_path("PersonId", "id", _ID, "p3a91c07be552"),))

PATH: Final = "/v1/people"

_EXAMPLE: Final[dict[str, Any]] = {"id": "p3a91c07be552", "name": "Lena Ortiz", "keys": ["5f2c9a0b71d4"]}
_OWNER: Final = Shape(
    "KeyOwner",
    shape(
        "A person and their keys.",
        {**PERSON.schema["properties"], "keys": many(text("Id of a key; not the key."), "Oldest first.")},
    ),
    _EXAMPLE,
)
_PEOPLE: Final = Shape(
    "People",
    shape("Everybody to whom keys belong, or may.", {"people": many(_OWNER, "By name.")}),
    {"people": [_EXAMPLE]},
)


def _described(owner: Owner) -> dict[str, Any]:
    return {**owner.person._asdict(), "keys": [holder.key for holder in owner.keys]}


@Operation(
    ROUTES,
    "GET",
    PATH,
    "listPeople",
    "List the people to whom keys belong",
    (Returns(200, "Everybody.", (_PEOPLE,)),),
    role="admin",
)
async def list_people(request: Request, _: Holder) -> Response:
    """List everybody, those with a single key of their own included."""
    return json({"people": [_described(owner) for owner in await node_of(request).people.every()]})


@Operation(
    ROUTES,
    "POST",
    PATH,
    "addPerson",
    "Add a person",
    (Returns(201, "Keys can be issued to them.", (_OWNER,)),),
    role="admin",
    body=PersonPlan,
)
async def add_person(request: Request, _: Holder) -> Response:
    """Add a person."""
    plan = read(PersonPlan, await body(request))
    person = await node_of(request).people.add(plan.name)
    return json(_described(Owner(person, [])), 201)


@Operation(
    ROUTES,
    "DELETE",
    PATH + "/{id}",
    "removePerson",
    "Remove a person and revoke their keys",
    (Returns(204, "All their keys are worthless, and their sessions have ended.", media_type=""),),
    role="admin",
)
async def remove_person(request: Request, holder: Holder) -> Response:
    """Remove a person, with all keys and sessions, on every node at once. What they filed stays."""
    await node_of(request).people.remove(request.path_params["id"], holder)
    return Response(status_code=204)
