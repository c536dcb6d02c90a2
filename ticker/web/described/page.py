"""Serving the descriptions: two documents for machines, and a page of the first for people, without any script."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ticker.schema import Schema
from ticker.web.caching import fresh
from ticker.web.described import asyncapi, openapi
from ticker.web.faults import BAD_HOST
from ticker.web.operation import HTML, Operation, Resource, Returns
from ticker.web.pages import SAFETY
from ticker.web.public_url import absolute, base
from ticker.web.rendering import environment
from ticker.web.responses import public

ROUTES: Final = Resource("Documents")

_DOCUMENT: Final = Returns(200, "The document.")

FRESH_FOR: Final = 60
"""Seconds a shared cache may keep a description. It changes when the service is replaced by another version."""

_TEMPLATES: Final = environment(trim=True)


@Operation(
    ROUTES, "GET", "/openapi.json", "describeRequests", "This description (OpenAPI 3.1)", (_DOCUMENT,), needs_log=False
)
async def describe_requests(request: Request) -> Response:
    """Respond with the description of requests."""
    served = {"servers": [{"url": base(request) or "/"}]}
    return public(request, openapi.document(request.app.state.operations) | served, max_age=FRESH_FOR)


@Operation(
    ROUTES,
    "GET",
    "/asyncapi.json",
    "describeFrames",
    "The frames of a live stream (AsyncAPI 3.0)",
    (_DOCUMENT,),
    faults=(BAD_HOST,),
    needs_log=False,
)
async def describe_frames(request: Request) -> Response:
    """Respond with the description of frames.

    Its addresses must be absolute, so without a public URL it is for the host that was asked.
    """
    response = public(request, asyncapi.document(absolute(request)), max_age=FRESH_FOR)
    if not base(request) and response.status_code == 200:
        response.headers["cache-control"] = fresh(FRESH_FOR, shared=False)
    return response


@Operation(
    ROUTES,
    "GET",
    "/docs",
    "showDescription",
    "This description as a page",
    (Returns(200, "A page.", media_type=HTML),),
    needs_log=False,
)
async def docs(request: Request) -> Response:
    """Show the description of requests."""
    return HTMLResponse(
        _page(request.app.state.operations, base(request)),
        200,
        {**SAFETY, "cache-control": fresh(FRESH_FOR)},
    )


@lru_cache(maxsize=1)
def _page(operations: tuple[Operation, ...], base: str) -> str:
    document = openapi.document(operations)
    shown = [
        {"method": method.upper(), "path": path, **_unfolded(operation, document)}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    groups = [
        {**tag, "operations": [each for each in shown if tag["name"] in each["tags"]]} for tag in document["tags"]
    ]
    problems = [example["value"] for example in document["components"]["examples"].values()]
    return _TEMPLATES.get_template("docs.html").render(
        info=document["info"],
        groups=groups,
        schemas=document["components"]["schemas"],
        problems=list({problem["type"]: problem for problem in problems}.values()),
        pretty=_pretty,
        base=base,
    )


def _unfolded(part: Any, document: dict[str, Any]) -> Any:
    """Return a part of the document with what it refers to in place of the references, shapes apart."""
    if isinstance(part, list):
        return [_unfolded(each, document) for each in part]
    if not isinstance(part, dict):
        return part
    target = str(part.get("$ref", ""))
    if target and not target.startswith("#/components/schemas/"):
        found: Schema = document
        for step in target.removeprefix("#/").split("/"):
            found = found[step]
        return _unfolded(found, document)
    return {name: _unfolded(value, document) for name, value in part.items()}


def _pretty(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
