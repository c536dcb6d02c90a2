"""oEmbed (oembed.com, version 1.0): what to embed for the URL of a page of this service."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from ticker.dispatch import BREAKING
from ticker.errors import Invalid, NotFound, NotSupported, killed
from ticker.schema import number, shape, text
from ticker.serving import ServingNode
from ticker.web.admission import find_readable
from ticker.web.caching import FRESH_FOR, fresh
from ticker.web.embed.parameters import one_of, whole
from ticker.web.embed.zone import clock_time
from ticker.web.faults import INVALID_PARAMETER, KILLED, NOT_FOUND
from ticker.web.node import node_of
from ticker.web.operation import Fault, Operation, Parameter, Resource, Returns
from ticker.web.parameters import query
from ticker.web.public_url import absolute, base
from ticker.web.responses import json
from ticker.web.shape import Shape

ROUTES: Final = Resource("Embedding")

WIDTH: Final = 600
HEIGHT: Final = 480
CARD_HEIGHT: Final = 240
"""Pixels of the frame unless the consumer has less room: its width, and its height for a feed and for one dispatch."""

CACHE_AGE: Final = 3600
"""Seconds for which a consumer may keep what it embedded: the frame is live, only its title and its size are kept."""

_FEED: Final = re.compile(r"(?:/embed)?/feeds/(?P<feed>[^/]+)/?")
_DISPATCH: Final = re.compile(r"(?:/embed)?/feeds/(?P<feed>[^/]+)/(?P<id>[^/]+)/?")
# `frameborder` is obsolete in HTML, but WordPress keeps it in what it embeds, and takes `style` away.
_FRAME: Final = Markup(
    '<iframe src="{src}" title="{title}" width="{width}" height="{height}" frameborder="0" loading="lazy"></iframe>'
)


_URL: Final = Parameter(
    "PageUrl",
    "url",
    "query",
    "URL of a feed's or a dispatch's page.",
    {"type": "string", "minLength": 1},
    "https://ticker.example/feeds/breaking",
    required=True,
)
_MAX_WIDTH: Final = query("MaxWidth", "maxwidth", "Pixels there is room for.", whole(1, 99999), 400)
_MAX_HEIGHT: Final = query("MaxHeight", "maxheight", "Pixels there is room for.", whole(1, 99999), 300)
_FORMAT: Final = query("Format", "format", "Of the response.", one_of("json", default="json"), "json")


def json_only() -> NotSupported:
    """Return the error for a request of another format than JSON."""
    return NotSupported("oEmbed responses are available as JSON only; send format=json", field="format")


_NOT_SUPPORTED: Final = Fault("NotSupported", json_only())

OEMBED: Final = Shape(
    "OEmbed",
    shape(
        "What to embed (oEmbed 1.0).",
        {
            "version": text("Of oEmbed.", const="1.0"),
            "type": text("HTML to show.", const="rich"),
            "title": text("The feed, and of a dispatch when it was filed; never its text."),
            "provider_name": text("The service's host."),
            "provider_url": text("The service."),
            "cache_age": number("Seconds for which it may be kept: the frame in it is live."),
            "width": number("Pixels.", 1),
            "height": number("Pixels.", 1),
            "html": text("An iframe."),
        },
    ),
    {
        "version": "1.0",
        "type": "rich",
        "title": "Breaking news",
        "provider_name": "ticker.example",
        "provider_url": "https://ticker.example/",
        "cache_age": CACHE_AGE,
        "width": WIDTH,
        "height": HEIGHT,
        "html": '<iframe src="https://ticker.example/embed/feeds/breaking" title="Breaking news" width="600" '
        'height="480" frameborder="0" loading="lazy"></iframe>',
    },
)


class Target(NamedTuple):
    """What a URL is of: a feed, or one dispatch in it."""

    feed: str
    id: str | None


def target(url: str, own: str) -> Target:
    """Return what a URL of this service leads to; `own` is the absolute base of its URLs.

    The URL may be relative to the root of the host: pages name their oEmbed document so, to be the same under any name.

    Raises:
        NotFound: it is a URL of somebody else, or of no feed and no dispatch.
    """
    try:
        asked, ours = urlsplit(urljoin(f"{own}/", url.strip())), urlsplit(own)
        foreign = asked.scheme not in ("http", "https") or asked.netloc.lower() != ours.netloc.lower()
    except ValueError:
        foreign = True
    if foreign or not asked.path.startswith(ours.path):
        raise NotFound(f"{url[:200]!r} is not a page of this service", field="url")
    path = asked.path.removeprefix(ours.path)
    if path in ("", "/"):
        return Target(BREAKING, None)
    if found := _FEED.fullmatch(path):
        return Target(unquote(found["feed"]), None)
    if found := _DISPATCH.fullmatch(path):
        return Target(unquote(found["feed"]), unquote(found["id"]))
    raise NotFound(f"{url[:200]!r} is neither a feed nor a dispatch", field="url")


def fits(given: str | None, name: str, wanted: int) -> int:
    """Return a size in pixels that is at most what the consumer has room for."""
    if given is None:
        return wanted
    room = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
    if room < 1:
        raise Invalid([(name, "must be a number of pixels from 1 to 99999")])
    return min(room, wanted)


@Operation(
    ROUTES,
    "GET",
    "/oembed",
    "describeEmbed",
    "oEmbed: what to embed for the URL of a page",
    (Returns(200, "An iframe and its size.", (OEMBED,)),),
    parameters=(_URL, _MAX_WIDTH, _MAX_HEIGHT, _FORMAT),
    faults=(INVALID_PARAMETER, KILLED, NOT_FOUND, _NOT_SUPPORTED),
)
async def oembed(request: Request) -> Response:
    """Respond with an iframe for a page. Unknown parameters are ignored: consumers send some of their own."""
    given = request.query_params
    if given.get("format", "json") != "json":
        raise json_only()
    if not given.get("url"):
        raise Invalid([("url", "is required: the URL of a feed's or a dispatch's page")])
    own = absolute(request)
    found = target(given["url"], own)
    node = node_of(request)
    title = await _title(node, found)
    path = f"{own}/embed/feeds/{found.feed}"
    width = fits(given.get("maxwidth"), "maxwidth", WIDTH)
    height = fits(given.get("maxheight"), "maxheight", CARD_HEIGHT if found.id else HEIGHT)
    src = f"{path}/{found.id}" if found.id else path
    document: dict[str, Any] = {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": urlsplit(own).netloc,
        "provider_url": f"{own}/",
        "cache_age": CACHE_AGE,
        "width": width,
        "height": height,
        "html": str(_FRAME.format(src=src, title=title, width=width, height=height)),
    }
    return json(
        document,
        headers={"cache-control": fresh(FRESH_FOR, shared=bool(base(request))), "access-control-allow-origin": "*"},
    )


async def _title(node: ServingNode, found: Target) -> str:
    """Return the title of a feed, or of a dispatch its feed's and the hour it was filed.

    The text of a dispatch is not in it: consumers keep titles, and a kill would not reach them there.

    Raises:
        NotFound: there is no such feed or dispatch, or the feed is private.
        Gone: the dispatch was killed.
    """
    # Asked without a key: what consumers keep, they show to everybody.
    channel = (await find_readable(node, {}, found.feed)).channel
    feed = channel.feed
    if found.id is None:
        return feed.title
    dispatch = channel.as_known(await node.journal.dispatch(feed.name, found.id))
    if dispatch["status"] == "killed":
        raise killed(dispatch)
    return f"{feed.title}, {clock_time(dispatch['filed'], feed.timezone, None)}"
