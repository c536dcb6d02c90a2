"""The history of a feed: its dispatches page by page, by label, story and urgency."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from ticker.dispatch import URGENCIES
from ticker.errors import Invalid, out_of_range, unknown_parameters
from ticker.journal.history import Filter, at_least
from ticker.web.admission import readable
from ticker.web.described import examples
from ticker.web.faults import INVALID_PARAMETER, OTHER_ORIGIN
from ticker.web.node import node_of
from ticker.web.operation import Header, Operation, Resource, Returns
from ticker.web.parameters import BEFORE, FEED, FEED_NAME, query
from ticker.web.public_url import base
from ticker.web.responses import FRESH_FOR, public
from ticker.web.shapes.dispatch import HISTORY

ROUTES: Final = Resource("Dispatches", (FEED_NAME,))

PAGE: Final = 20
LONGEST_PAGE: Final = 100
"""Dispatches on a page: by default, and at most."""

LABELS_AT_MOST: Final = 20
"""Labels that one filter may name: each is a set to look into."""

_LIMIT: Final = query(
    "Limit", "limit", "How many.", {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE, "default": PAGE}, PAGE
)
_ONE_OF: Final = "Only dispatches with one of these {}, separated by commas."
FILTERS: Final = (
    query("Section", "section", _ONE_OF.format("sections"), {"type": "string"}, "Transport,Politics"),
    query("Place", "place", _ONE_OF.format("places"), {"type": "string"}, "Port Marada"),
    query("Story", "story", "Only the dispatches of this story.", {"type": "string"}, "marada-bridge"),
    query(
        "MinUrgency",
        "min_urgency",
        "Only dispatches as urgent as this, or more.",
        {"type": "string", "enum": [*reversed(URGENCIES)], "default": "normal"},
        "bulletin",
    ),
)
"""Filters of history. They can be combined."""

PARAMETERS: Final = (BEFORE, _LIMIT, *FILTERS)

_LINK: Final = Header(
    "Link",
    "The next page, while there is one.",
    {"type": "string", "pattern": '^<(https?://.+)?/v1/.+>; rel="next"$'},
    f'</v1/feeds/breaking/dispatches?before={examples.BUDGET_ID}&limit=20>; rel="next"',
)


@Operation(
    ROUTES,
    "GET",
    FEED + "/dispatches",
    "readHistory",
    "Dispatches, newest first",
    (Returns(200, "One page.", (HISTORY,), headers=(_LINK,)),),
    parameters=PARAMETERS,
    faults=(INVALID_PARAMETER, OTHER_ORIGIN),
    description='Filters can be combined. `Link` with `rel="next"` while there may be more: '
    "a page of a search can be short, or empty, and not be the last.",
)
async def history(request: Request) -> Response:
    """Respond with a page of dispatches, and the address of the next one."""
    feed = request.path_params["feed"]
    node = node_of(request)
    await readable(request)
    given = request.query_params
    known = [parameter.name for parameter in PARAMETERS]
    if unknown := unknown_parameters(given, known):
        raise Invalid(unknown)
    text = given.get("limit", str(PAGE))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= limit <= LONGEST_PAGE:
        raise out_of_range("limit", 1, LONGEST_PAGE)
    page = await node.journal.search(feed, given.get("before"), limit, _filter(given))
    response = public(request, {"feed": feed, "dispatches": page.dispatches}, max_age=FRESH_FOR)
    if page.before is not None:
        filters = {parameter.name for parameter in FILTERS}
        same = [(name, value) for name, value in given.multi_items() if name in filters]
        following = urlencode([("before", page.before), ("limit", limit), *same])
        response.headers["link"] = f'<{base(request)}{request.url.path}?{following}>; rel="next"'
    return response


def _filter(given: QueryParams) -> Filter:
    """Return the filter that a query asks for.

    Raises:
        Invalid: too many labels, or an unknown urgency.
    """
    labels = {name: labels_in(given.getlist(name)) for name in ("section", "place") if name in given}
    if "story" in given:
        labels["story"] = (given["story"],)
    faults = [
        (name, f"must name at most {LABELS_AT_MOST} labels")
        for name, those in labels.items()
        if len(those) > LABELS_AT_MOST
    ]
    lowest = given.get("min_urgency", "normal")
    if lowest not in URGENCIES:
        faults.append(("min_urgency", f"must be one of {', '.join(reversed(URGENCIES))}"))
    if faults:
        raise Invalid(faults)
    return Filter(labels, None if lowest == "normal" else at_least(lowest))


def labels_in(values: list[str]) -> tuple[str, ...]:
    """Return the labels that a parameter names, separated by commas or given one by one.

    A label may have a comma itself, so a value that has some is also taken for one label: what asks for
    "Washington, D.C." finds that, and "Washington", and "D.C.".
    """
    every = [label for value in values for label in (value, *value.split(","))]
    return tuple(dict.fromkeys(label.strip() for label in every))
