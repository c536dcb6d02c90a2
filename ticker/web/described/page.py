"""Serving the descriptions: two documents for machines, and a page of the first for people, without any script."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import jinja2
import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ticker.web.answers import public
from ticker.web.assets import asset
from ticker.web.described import asyncapi, openapi
from ticker.web.described.bodies import Schema
from ticker.web.pages import SAFETY
from ticker.web.public_url import absolute, base
from ticker.web.sentence import code

FRESH_FOR: Final = 60
"""Seconds a shared cache may keep a description. It changes when the service is replaced by another version."""

_ROOM: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


_ROOM.filters["code"] = code
_ROOM.globals["asset"] = asset


async def describe_requests(request: Request) -> Response:
    """GET /openapi.json"""
    served = {"servers": [{"url": base(request) or "/"}]}
    return public(request, openapi.document() | served, max_age=FRESH_FOR)


async def describe_frames(request: Request) -> Response:
    """GET /asyncapi.json: its addresses must be absolute, so without a public URL it is for the host that was asked"""
    answer = public(request, asyncapi.document(absolute(request)), max_age=FRESH_FOR)
    if not base(request) and answer.status_code == 200:
        answer.headers["cache-control"] = f"private, max-age={FRESH_FOR}"
    return answer


async def docs(request: Request) -> Response:
    """GET /docs"""
    return HTMLResponse(_page(base(request)), 200, {**SAFETY, "cache-control": f"public, max-age={FRESH_FOR}"})


@lru_cache(maxsize=1)
def _page(base: str) -> str:
    document = openapi.document()
    operations = [
        {"method": method.upper(), "path": path, **_unfolded(operation, document)}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    groups = [
        {**tag, "operations": [each for each in operations if tag["name"] in each["tags"]]} for tag in document["tags"]
    ]
    problems = [example["value"] for example in document["components"]["examples"].values()]
    return _ROOM.get_template("docs.html").render(
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
