"""How to embed a feed: each layout and each attribute, live beside the markup to copy."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ticker.channel import Channel
from ticker.dispatch import BREAKING
from ticker.errors import Invalid, unknown_parameters
from ticker.web.admission import readable
from ticker.web.assets import CLIENTS
from ticker.web.caching import of_feed
from ticker.web.embed.attributes import Attributes, read, written
from ticker.web.embed.drawing import STYLE_HASH, TEMPLATES, draw
from ticker.web.embed.oembed import CARD_HEIGHT, HEIGHT
from ticker.web.embed.policy import gallery_policy
from ticker.web.embed.scripts import RELEASES
from ticker.web.embed.selection import Dispatch, older, shown
from ticker.web.embed.words import LANGUAGES
from ticker.web.faults import INVALID_PARAMETER, NOT_FOUND
from ticker.web.node import node_of
from ticker.web.operation import HTML, Operation, Resource, Returns
from ticker.web.parameters import query
from ticker.web.pieces import pieces_of
from ticker.web.public_url import absolute, base

ROUTES: Final = Resource("Embedding")

PARAMETERS: Final = (
    query(
        "GalleryFeed", "feed", "The feed that the examples show; default `breaking`.", {"type": "string"}, "breaking"
    ),
    query(
        "GalleryWords",
        "lang",
        "Language of the examples' own words.",
        {"type": "string", "enum": ["", *LANGUAGES]},
        "ar",
    ),
)


class Example(NamedTuple):
    """A widget on the page: what it shows, in a sentence, and the attributes it has beside `feed`."""

    name: str
    says: str
    attributes: dict[str, str]


LAYOUTS: Final = (
    Example(
        "list",
        "The default: newest first, in a box of a fixed height that scrolls inside. Nothing around it ever moves.",
        {},
    ),
    Example(
        "strip",
        "One dispatch at a time in a row, for the head of a page. The reader turns; nothing moves by itself.",
        {"layout": "strip"},
    ),
    Example(
        "line",
        "Only a flash or a bulletin, and only for 30 minutes from its filing. It lies over the lower edge of the "
        "window, can be closed, and takes no room otherwise.",
        {"layout": "line"},
    ),
)

EXAMPLES: Final = (
    Example("limit", "How many dispatches are shown, 1 to 50. Without it, 10.", {"limit": "3"}),
    Example(
        "hold",
        "Seconds from filing until a dispatch is shown, 0 to 300. What is killed or corrected in that time is never "
        "shown as it was.",
        {"hold": "30", "limit": "3"},
    ),
    Example(
        "min-urgency",
        "The least urgent that is shown: normal (the default), urgent, bulletin or flash.",
        {"min-urgency": "urgent", "limit": "3"},
    ),
    Example(
        "sections", "Only dispatches with one of these sections, separated by commas.", {"sections": "", "limit": "3"}
    ),
    Example("places", "Only dispatches with one of these places, separated by commas.", {"places": "", "limit": "3"}),
    Example(
        "lang",
        "Language of the widget's own words: en, ar or es. Without it, the nearest lang of the page. Each dispatch "
        "keeps its own language and direction.",
        {"lang": "ar", "limit": "3"},
    ),
    Example(
        "theme",
        "auto (the default) follows the color-scheme that the page gives the element; light and dark are fixed.",
        {"theme": "dark", "limit": "3"},
    ),
)


def _described() -> dict[str, dict[str, str]]:
    """Return the descriptions in the widget's manifest for tools (custom-elements.json): kind, then name, then text."""
    manifest = json.loads((CLIENTS / "widget" / "custom-elements.json").read_text("utf-8"))
    every = [each for module in manifest["modules"] for each in module["declarations"]]
    (element,) = [each for each in every if each.get("tagName") == "breaking-ticker"]
    found: dict[str, dict[str, str]] = {}
    for kind in ("attributes", "cssParts", "cssProperties", "events", "members", "cssStates"):
        found[kind] = {}
        for each in element[kind]:
            name = f"{each['name']}()" if each.get("kind") == "method" else each["name"]
            says = each.get("description", "")
            if kind == "events":
                says += f" `{each['type']['text']}`"
            if not name.startswith("#"):
                found[kind][name] = says
    return found


DESCRIBED: Final = _described()


@Operation(
    ROUTES,
    "GET",
    "/embed",
    "showGallery",
    "How to embed a feed, with live examples",
    (Returns(200, "A page.", media_type=HTML),),
    parameters=PARAMETERS,
    faults=(INVALID_PARAMETER, NOT_FOUND),
)
async def gallery(request: Request) -> Response:
    """Show the widget with each layout and each attribute."""
    node = node_of(request)
    name, lang = _choice(request.query_params)
    request.path_params["feed"] = name
    channel = await readable(request, pages=False)
    labels = _labels(channel)
    every_example = (*LAYOUTS, *EXAMPLES, Example("style", "", {"limit": "3"}))
    chosen = [(example, _attributes(channel, example, lang, labels)) for example in every_example]
    histories = await asyncio.gather(*(older(node.journal, channel, attributes) for _, attributes in chosen))
    async with pieces_of(request).drawing:
        examples = [
            await _drawn(request, channel, example, attributes, history)
            for (example, attributes), history in zip(chosen, histories, strict=True)
        ]
        return await _page(request, channel, examples, lang)


async def _page(request: Request, channel: Channel, examples: list[dict[str, Any]], lang: str) -> Response:
    src = absolute(request)
    every = [each.feed for each in node_of(request).hub.open_channels().values()]
    page = await pieces_of(request).render(
        TEMPLATES.get_template("embed/gallery.html"),
        base=base(request),
        src=src,
        host=urlsplit(src).netloc,
        feed=channel.feed.name,
        title=channel.feed.title,
        lang=lang,
        feeds=[each for each in every if each.visibility == "public" or each.name == channel.feed.name],
        languages=LANGUAGES,
        layouts=examples[: len(LAYOUTS)],
        examples=examples[len(LAYOUTS) : -1],
        styled=examples[-1],
        newest=next((each["id"] for each in channel.feed.dispatches if each["status"] == "usable"), None),
        oembed=f"{src}/oembed?{urlencode({'url': f'{src}/feeds/{channel.feed.name}'})}",
        described=DESCRIBED,
        releases=dict(reversed(RELEASES.items())),
        style_hash=STYLE_HASH,
        height=HEIGHT,
        card_height=CARD_HEIGHT,
        query=urlencode({"lang": lang}) if lang else "",
    )
    headers = {
        "content-security-policy": gallery_policy(),
        "referrer-policy": "strict-origin-when-cross-origin",
        "cache-control": of_feed(channel.feed, shared=bool(base(request))),
    }
    return HTMLResponse(page, headers=headers)


def _choice(given: QueryParams) -> tuple[str, str]:
    """Return the feed and the language to show, which is empty for the widget's own choice."""
    known = [parameter.name for parameter in PARAMETERS]
    if unknown := unknown_parameters(given, known):
        raise Invalid(unknown)
    lang = given.get("lang", "")
    if lang and lang not in LANGUAGES:
        raise Invalid([("lang", f"must be one of {', '.join(LANGUAGES)}")])
    return given.get("feed") or BREAKING, lang


def _labels(channel: Channel) -> dict[str, str]:
    """Return a section and a place that this feed has, so that the examples show something."""
    found = {"sections": "Politics", "places": "MENA"}
    for dispatch in reversed(channel.feed.dispatches):
        found |= {kind: dispatch[kind][0] for kind in found if dispatch.get(kind)}
    return found


def _attributes(channel: Channel, example: Example, lang: str, labels: dict[str, str]) -> Attributes:
    """Return the attributes of an example's element."""
    given = {name: value or labels[name] for name, value in example.attributes.items()}
    given |= {"lang": lang} if lang and "lang" not in given else {}
    return read(QueryParams(given), channel.feed.name)


async def _drawn(
    request: Request, channel: Channel, example: Example, attributes: Attributes, history: list[Dispatch]
) -> dict[str, Any]:
    """Return an example with its element and the markup to copy."""
    dispatches = shown(channel, attributes, history)
    return {
        "name": example.name,
        "says": example.says,
        "element": await draw(pieces_of(request), channel, dispatches, attributes, src=base(request)),
        "tag": tag(channel, attributes, absolute(request)),
    }


def tag(channel: Channel, attributes: Attributes, src: str) -> str:
    """Return the element as an embedder writes it, with a link for readers whom the service does not reach."""
    feed = channel.feed
    given = Markup().join(Markup(' {}="{}"').format(name, value) for name, value in written(attributes).items())
    return str(
        Markup('<breaking-ticker feed="{}"{}>\n  <a href="{}/feeds/{}">{}</a>\n</breaking-ticker>').format(
            feed.name, given, src, feed.name, feed.title
        )
    )
