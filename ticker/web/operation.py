"""A route, described where it is handled: path, method, role, parameters, bodies and errors are above the handler.

The table of routes (app.py) and /openapi.json (described/) are both made of these descriptions. The role that is
described is the one that is enforced.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, Literal, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from ticker.dispatch import Body
from ticker.errors import TickerError
from ticker.journal.holder import Role
from ticker.schema import Schema
from ticker.web.auth import authorize, check_still_valid
from ticker.web.request import body
from ticker.web.shape import Shape

AT_ONCE: Final = 0.05
"""Seconds in which a body arrives that was sent with its head. After one that took longer, the key is looked up again;
looking it up twice for each request would cost a round trip to Redis."""

JSON: Final = "application/json"
HTML: Final = "text/html"

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Tag = Literal[
    "Feeds", "Dispatches", "Embargo", "Desk", "Keys", "Sessions", "Operators", "Pages", "Embedding", "Documents"
]
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Response]])

SocketHandler = TypeVar("SocketHandler", bound=Callable[[WebSocket], Awaitable[None]])


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A parameter of a request.

    Attributes:
        component: its name in the description, unlike that of any other parameter.
        name: as it is sent.
        where: in which part of the request.
        description: what it is for.
        schema: JSON schema of its value.
        example: a value; None where every request needs another one, so that no tool sends the example.
        required: whether it must be sent; one in a path always is.
    """

    component: str
    name: str
    where: Literal["path", "query", "header"]
    description: str
    schema: Schema
    example: Any
    required: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """A header of a response.

    Attributes:
        name: as it is sent.
        description: what it means.
        schema: JSON schema of its value.
        example: a value.
        always: whether each response that is described to have it has it.
    """

    name: str
    description: str
    schema: Schema
    example: Any
    always: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """A way in which a request fails.

    Attributes:
        name: in the description, unlike that of any other fault.
        error: an error of this kind, as it is raised.
    """

    name: str
    error: TickerError


@dataclass(frozen=True, slots=True, eq=False)
class Returns:
    """A way in which a request succeeds.

    Attributes:
        status: HTTP status.
        description: what it means.
        shapes: what the body may hold; none for an empty body or one that is not JSON.
        media_type: of the body; empty if there is none.
        example: of a body that is not JSON.
        headers: that it has, or may have.
    """

    status: int
    description: str
    shapes: tuple[Shape, ...] = ()
    media_type: str = JSON
    example: str = ""
    headers: tuple[Header, ...] = ()


@dataclass(slots=True, eq=False)
class Resource:
    """The routes of a file, in the order in which they are tried.

    Attributes:
        tag: the group they are shown in.
        in_path: the parameters that their paths may have.
        operations: their descriptions.
        routes: what the application routes.
    """

    tag: Tag
    in_path: tuple[Parameter, ...] = ()
    operations: list[Operation] = field(default_factory=list)
    routes: list[Route | WebSocketRoute] = field(default_factory=list)

    def websocket(self, path: str) -> Callable[[SocketHandler], SocketHandler]:
        """Route WebSockets to the handler below. The operation that is a GET of the same path describes them."""

        def add(handler: SocketHandler) -> SocketHandler:
            self.routes.append(WebSocketRoute(path, handler))
            return handler

        return add


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One method of one path, and the decorator of its handler: it describes the handler and routes to it.

    With a `role`, the handler is given the request and the Holder of its key, once that is found to be enough. If there
    is a body, it has been read by then, and the key was still valid when it had arrived.

    Attributes:
        resource: the routes that it is one of.
        method: HTTP method; HEAD is taken wherever GET is.
        path: as Starlette takes it, with parameters in braces.
        id: unlike that of any other, for code made from the description.
        summary: what it does, in a few words.
        returns: how it succeeds.
        role: the least role of the key that it needs, if it needs one.
        session: whether it begins, shows or ends the session of the request's cookie, and needs no key.
        body: the model of its body, if it reads one.
        body_required: whether there must be a body.
        repeatable: whether an Idempotency-Key makes it safe to send it again.
        parameters: of the request, beside those in the path.
        faults: how it fails beyond what follows from all this; see `every_fault` in described/faults.py.
        needs_log: whether it needs the log, in some cases at least, and fails while that is away.
        any_name: whether it responds alike to every name in its path, whether or not there is such a thing.
        alternate_of: path of the page that this shows in another format, if it does.
        description: anything else to know.
    """

    resource: Resource
    method: Method
    path: str
    id: str
    summary: str
    returns: tuple[Returns, ...]
    role: Role | None = None
    session: bool = False
    body: type[Body] | None = None
    body_required: bool = True
    repeatable: bool = False
    parameters: tuple[Parameter, ...] = ()
    faults: tuple[Fault, ...] = ()
    needs_log: bool = True
    any_name: bool = False
    alternate_of: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        """Raise KeyError at once if the resource does not know a parameter in the path."""
        self.every_parameter()

    def every_parameter(self) -> tuple[Parameter, ...]:
        """Return the parameters of the request, those in the path first."""
        known = {parameter.name: parameter for parameter in self.resource.in_path}
        return (*(known[name] for name in re.findall(r"{(\w+)}", self.path)), *self.parameters)

    def __call__(self, handler: Handler) -> Handler:
        self.resource.operations.append(self)
        endpoint = handler if self.role is None else _with_holder(handler, self.role, reads_body=self.body is not None)
        self.resource.routes.append(Route(self.path, endpoint, methods=[self.method]))
        return handler


def _with_holder(
    handler: Callable[..., Awaitable[Response]], role: Role, *, reads_body: bool
) -> Callable[[Request], Awaitable[Response]]:
    @wraps(handler)
    async def authorized(request: Request) -> Response:
        holder = await authorize(request, role)
        if reads_body:
            asked = time.monotonic()
            await body(request)
            if time.monotonic() - asked > AT_ONCE:
                await check_still_valid(request)
        return await handler(request, holder)

    return authorized
