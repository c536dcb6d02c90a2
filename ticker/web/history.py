"""The history of a feed: its dispatches page by page, by label, story and urgency."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from ticker.dispatch import URGENCIES
from ticker.errors import Invalid
from ticker.journal.history import Filter, Page, at_least
from ticker.web.admission import readable
from ticker.web.caching import FRESH_FOR
from ticker.web.described import examples
from ticker.web.faults import INVALID_PARAMETER, OTHER_ORIGIN
from ticker.web.node import node_of
from ticker.web.operation import Operation, Resource, Returns
from ticker.web.paging import add_link, check_parameters, fitting, limit, limit_parameter, link_header
from ticker.web.parameters import BEFORE, FEED, FEED_NAME, query
from ticker.web.responses import public
from ticker.web.shapes.dispatch import HISTORY

ROUTES: Final = Resource("Dispatches", (FEED_NAME,))

PAGE: Final = 20
"""Dispatches on a page by default."""

LABELS_AT_MOST: Final = 20
"""Labels that one filter may name: each is a set to look into."""

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

PARAMETERS: Final = (BEFORE, limit_parameter("Limit", PAGE), *FILTERS)

_LINK: Final = link_header(f"/v1/feeds/breaking/dispatches?before={examples.BUDGET_ID}&limit=20")


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
    channel = await readable(request)
    given = request.query_params
    check_parameters(request, PARAMETERS)
    most, wanted = limit(request, PAGE), _filter(given)
    page = fitted(await node.journal.search(feed, given.get("before"), most, wanted))
    found = [
        dispatch
        for dispatch in map(channel.as_known, page.dispatches)
        if wanted.urgencies is None or dispatch["status"] != "killed"  # a tombstone has no urgency
    ]
    response = public(request, {"feed": feed, "dispatches": found}, max_age=FRESH_FOR)
    if page.before is not None:
        filters = {parameter.name for parameter in FILTERS}
        same = [(name, value) for name, value in given.multi_items() if name in filters]
        add_link(response, request, [("before", page.before), ("limit", most), *same])
    return response


def fitted(page: Page) -> Page:
    """Return as many dispatches of a page as a response may have; see `fitting`."""
    count = fitting(page.dispatches, len(page.dispatches))
    if count == len(page.dispatches):
        return page
    return Page(page.dispatches[:count], page.dispatches[count - 1]["id"])


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
