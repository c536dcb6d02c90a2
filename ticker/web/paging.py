"""Pages of long lists: how many items a request asks for, and the Link to the next page (RFC 8288).

A page also ends at MAX_BYTES, so that a response is small whatever its items are: a client that does not take it costs
no more than that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from ticker.errors import Invalid, out_of_range, unknown_parameters
from ticker.web.operation import Header, Parameter
from ticker.web.parameters import query
from ticker.web.public_url import base

LONGEST_PAGE: Final = 100
"""Dispatches on a page, at most."""

LONGEST_LIST: Final = 1000
"""Feeds, keys or labels of a kind on a page, at most: they are small."""

MAX_BYTES: Final = 256 * 1024
"""Bytes of items, as JSON, after which a page ends: 2.6 KB for each of 100 items. Dispatches have about 0.5 KB."""


def limit_parameter(component: str, default: int, most: int = LONGEST_PAGE) -> Parameter:
    """Return the parameter that says how many items a page is to have."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return query(component, "limit", "How many.", schema, default)


def link_header(example: str) -> Header:
    """Return the header with the next page, for the description of an operation."""
    schema = {"type": "string", "pattern": '^<(https?://.+)?/v1/.+>; rel="next"$'}
    return Header("Link", "The next page, while there is one.", schema, f'<{example}>; rel="next"')


def check_parameters(request: Request, known: Iterable[Parameter]) -> None:
    """Check that a request has no parameters but these.

    Raises:
        Invalid: it has others.
    """
    names = [parameter.name for parameter in known if parameter.where == "query"]
    if unknown := unknown_parameters(request.query_params, names):
        raise Invalid(unknown)


def whole_number(request: Request, name: str, default: int, least: int, most: int) -> int:
    """Return a parameter that is a number.

    Raises:
        Invalid: it is not a whole number within these bounds.
    """
    text = request.query_params.get(name, str(default))
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else least - 1
    if not least <= number <= most:
        raise out_of_range(name, least, most)
    return number


def limit(request: Request, default: int, most: int = LONGEST_PAGE) -> int:
    """Return how many items a request asks for.

    Raises:
        Invalid: it is not a whole number from 1 to `most`.
    """
    return whole_number(request, "limit", default, 1, most)


def fitting(items: Sequence[Any], limit: int) -> int:
    """Return how many of these items make a page: at least one if there is one, `limit` at most."""
    size = 0
    for number, item in enumerate(items[:limit]):
        size += len(orjson.dumps(item))
        if size > MAX_BYTES and number > 0:
            return number
    return min(len(items), limit)


def link(request: Request, following: Iterable[tuple[str, Any]]) -> str:
    """Return the value of Link for the next page: this address with these parameters."""
    return f'<{base(request)}{request.url.path}?{urlencode([*following])}>; rel="next"'


def add_link(response: Response, request: Request, following: Iterable[tuple[str, Any]]) -> None:
    """Set the Link of a response to the next page; see `link`."""
    response.headers["link"] = link(request, following)
