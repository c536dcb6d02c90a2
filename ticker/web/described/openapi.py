"""The OpenAPI 3.1 document, made of the descriptions of the routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

from ticker.dispatch import Body
from ticker.schema import Schema
from ticker.web.described import bodies, faults
from ticker.web.operation import JSON, Fault, Header, Operation, Parameter, Returns
from ticker.web.parameters import IDEMPOTENCY_KEY
from ticker.web.shape import Shape, referring

ABOUT: Final = """A breaking-news service: a newsroom files a short attributed dispatch, and every open page shows
it a moment later, in the same order, once.

All bodies are JSON in UTF-8, all times RFC 3339 in UTC with milliseconds, all text plain text. Reading needs no key.
A client ignores members that it does not know. Every error is a problem document (RFC 9457). What is not described
here is answered with 404 `no-such-address` or 405 `wrong-method`, and 500 `internal` means that the service failed.
`HEAD` is answered wherever `GET` is."""

TAGS: Final = {
    "Feeds": "What readers follow.",
    "Dispatches": "The dispatches of a feed.",
    "Embargo": "Dispatches that are held until their time, known to the desk alone.",
    "Desk": "What editors do to a whole feed.",
    "Keys": "Who may write. For admins of all feeds.",
    "Sessions": "Signing in at the desk, in a browser.",
    "Operators": "What an operator's machines ask.",
    "Pages": "For people with a browser. Errors are pages, too, for clients that accept HTML.",
    "Embedding": "What pages of other sites load, include and frame.",
    "Documents": "What describes the service.",
}


@dataclass(slots=True)
class _Components:
    """What operations refer to, each by its name."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    bodies: dict[str, type[Body]] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    headers: dict[str, Header] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    responses: dict[str, Schema] = field(default_factory=dict)

    def described(self) -> Schema:
        """Return the Components Object."""
        failures = sorted(self.faults.values(), key=lambda fault: fault.error.status)
        return {
            "schemas": {name: bodies.schema(body) for name, body in self.bodies.items()}
            | {name: referring(shape.schema, self.shapes) for name, shape in [*self.shapes.items()]},
            "responses": dict(sorted(self.responses.items())),
            "parameters": {name: _parameter(parameter) for name, parameter in self.parameters.items()},
            "headers": {name: _header(header) for name, header in self.headers.items()},
            "examples": {fault.name: {"value": faults.example(fault)} for fault in failures},
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`Authorization: Bearer tk_…`. The scopes named at a request are the least role: "
                    "correspondent, editor or admin.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-session",
                    "description": "In place of a key, from pages of this service; see `POST /desk/session`. The name "
                    "is `session` where the service's public URL is not https.",
                },
            },
        }


@lru_cache(maxsize=2)
def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the whole document."""
    components = _Components()
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ticker",
            "version": version("ticker"),
            "summary": "Breaking news, in order and once.",
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [],  # reading needs no key; an operation that does says so
        "tags": [{"name": name, "description": purpose} for name, purpose in TAGS.items()],
        "paths": paths,
        "components": components.described(),
    }


def _operation(operation: Operation, components: _Components) -> Schema:
    described: Schema = {"operationId": operation.id, "tags": [operation.resource.tag], "summary": operation.summary}
    if operation.description:
        described["description"] = operation.description
    if operation.role is not None:
        described["security"] = [{"key": [operation.role]}, {"session": [operation.role]}]
    parameters = [*operation.every_parameter(), *([IDEMPOTENCY_KEY] if operation.repeatable else [])]
    if parameters:
        components.parameters |= {parameter.component: parameter for parameter in parameters}
        described["parameters"] = [{"$ref": f"#/components/parameters/{each.component}"} for each in parameters]
    if (body := operation.body) is not None:
        name = body.__name__.removesuffix("Body")
        components.bodies[name] = body
        content = {"schema": {"$ref": f"#/components/schemas/{name}"}, "example": body.example()}
        described["requestBody"] = {"required": operation.body_required, "content": {JSON: content}}
    responses = {str(returns.status): _returns(returns, components) for returns in operation.returns}
    for_people = operation.resource.tag in ("Pages", "Embedding")
    failures = [(found, for_people) for found in faults.by_status(faults.every_fault(operation)).values()]
    failures += [([fault], False) for fault in faults.BEFORE_ROUTING]
    for found, as_page in sorted(failures, key=lambda failure: failure[0][0].error.status):
        responses[str(found[0].error.status)] = _failure(found, components, for_people=as_page)
    return described | {"responses": responses}


def _returns(returns: Returns, components: _Components) -> Schema:
    described: Schema = {"description": returns.description}
    if returns.headers:
        described["headers"] = _headers(returns.headers, components)
    if not returns.media_type:
        return described
    shapes: list[Schema] = [referring(shape, components.shapes) for shape in returns.shapes]
    content: Schema
    if shapes and (returns.media_type == JSON or returns.media_type.endswith("+json")):
        content = {"schema": shapes[0] if len(shapes) == 1 else {"oneOf": shapes}}
        content["examples"] = {shape.name: {"value": shape.example} for shape in returns.shapes}
    else:
        content = {"schema": {"type": "object" if returns.media_type == JSON else "string"}}
        content |= {"example": returns.example} if returns.example else {}
        # The schema of one line of NDJSON. OpenAPI 3.1 has no keyword for that.
        content |= {"x-itemSchema": shapes[0]} if shapes else {}
    return described | {"content": {returns.media_type: content}}


def _failure(found: list[Fault], components: _Components, *, for_people: bool) -> Schema:
    """Return a reference to the response with one of some faults of the same status."""
    name = "Or".join(fault.name for fault in found) + ("AsPage" if for_people else "")
    if name not in components.responses:
        components.faults |= {fault.name: fault for fault in found}
        described: Schema = {"description": faults.WHEN[found[0].error.status]}
        if headers := faults.headers(found):
            described["headers"] = _headers(headers, components)
        content = faults.content(found, for_people=for_people)
        components.responses[name] = described | {"content": referring(content, components.shapes)}
    return {"$ref": f"#/components/responses/{name}"}


def _headers(headers: Sequence[Header], components: _Components) -> Schema:
    components.headers |= {header.name: header for header in headers}
    return {header.name: {"$ref": f"#/components/headers/{header.name}"} for header in headers}


def _parameter(parameter: Parameter) -> Schema:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.description,
        **({"required": True} if parameter.required else {}),
        "schema": parameter.schema,
        **({} if parameter.example is None else {"example": parameter.example}),
    }


def _header(header: Header) -> Schema:
    return {
        "description": header.description,
        **({"required": True} if header.always else {}),
        "schema": header.schema,
        "example": header.example,
    }
