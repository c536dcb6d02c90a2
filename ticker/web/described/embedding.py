"""What pages of other sites load, include and frame."""

from __future__ import annotations

from typing import Any, Final

from ticker.dispatch import URGENCIES, Language, Link
from ticker.schema import number, shape, text
from ticker.web.described.bodies import RULES, Schema
from ticker.web.described.operation import HTML, JSON, Answer, Operation
from ticker.web.embed.attributes import (
    LAYOUTS,
    LONGEST_HOLD,
    LONGEST_LABEL,
    MOST_LABELS,
    MOST_SHOWN,
    SCHEMAS,
    THEMES,
)
from ticker.web.embed.words import LANGUAGES

SCRIPT: Final = "text/javascript"


def _query(name: str, schema: Schema, example: Any, *, required: bool = False) -> Schema:
    described = {"name": name, "in": "query", "description": schema.pop("description")}
    return described | ({"required": True} if required else {}) | {"schema": schema, "example": example}


def _whole(says: str, least: int, most: int, default: int | None = None) -> Schema:
    bounds = {"description": says, "type": "integer", "minimum": least, "maximum": most}
    return bounds if default is None else bounds | {"default": default}


def _one_of(says: str, *values: str, default: str) -> Schema:
    return {"description": says, "type": "string", "enum": list(values), "default": default}


_LABEL: Final = f"[^,]{{0,{LONGEST_LABEL}}}"


def _labels() -> Schema:
    return text(
        "Comma-separated; what has one of them is shown.", pattern=f"^{_LABEL}(,{_LABEL}){{0,{MOST_LABELS - 1}}}$"
    )


PARAMETERS: Final[dict[str, Schema]] = {
    "WidgetVersion": {
        "name": "version",
        "in": "path",
        "description": "A released version.",
        "required": True,
        "schema": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "example": "0.1.0",
    },
    "Layout": _query("layout", _one_of("How it is laid out.", *LAYOUTS, default="list"), "strip"),
    "Shown": _query("limit", _whole("Dispatches shown.", 1, MOST_SHOWN, 10), 5),
    "Hold": _query("hold", _whole("Seconds from filing until a dispatch is shown.", 0, LONGEST_HOLD, 0), 30),
    "LeastUrgency": _query("min-urgency", _one_of("The least that is shown.", *URGENCIES, default="normal"), "urgent"),
    "Sections": _query("sections", _labels(), "Politics,Transport"),
    "Places": _query("places", _labels(), "MENA"),
    "Words": _query(
        "lang",
        text("Language of the widget's own words (BCP 47); default the feed's.", **RULES[Language]),
        "ar",
    ),
    "GalleryWords": _query("lang", text("Language of the examples' own words.", enum=["", *LANGUAGES]), "ar"),
    "Theme": _query("theme", _one_of("Colours; `auto` follows the page around it.", *THEMES, default="auto"), "dark"),
    "StructuredData": _query("schema", _one_of("JSON-LD, a LiveBlogPosting.", *SCHEMAS, default="off"), "auto"),
    "WithScript": _query(
        "script", _one_of("Whether the line that loads the script is there.", "yes", "no", default="yes"), "no"
    ),
    "IncludingPage": _query(
        "page",
        text("URL of the page that includes it, for the structured data.", **RULES[Link]),
        "https://news.example/live",
    ),
    "GalleryFeed": _query("feed", text("The feed that the examples show; default `breaking`."), "breaking"),
    "PageUrl": _query(
        "url",
        text("URL of a feed's or a dispatch's page.", minLength=1),
        "https://ticker.example/feeds/breaking",
        required=True,
    ),
    "MaxWidth": _query("maxwidth", _whole("Pixels there is room for.", 1, 99999), 400),
    "MaxHeight": _query("maxheight", _whole("Pixels there is room for.", 1, 99999), 300),
    "Format": _query("format", _one_of("Of the response.", "json", default="json"), "json"),
}

_ATTRIBUTES: Final = (
    *("Layout", "Shown", "Hold", "LeastUrgency", "Sections", "Places", "Words", "Theme", "StructuredData"),
)

OEMBED: Final = shape(
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
)


def _operation(
    path: str, id: str, summary: str, *answers: Answer, parameters: tuple[str, ...] = (), **rest: Any
) -> Operation:
    return Operation("GET", path, id, "Embedding", summary, answers, parameters=parameters, **rest)


EMBEDDING: Final = [
    _operation(
        "/embed",
        "showGallery",
        "How to embed a feed, with live examples",
        Answer(200, "A page.", media_type=HTML),
        parameters=("GalleryFeed", "GalleryWords"),
        also=("InvalidParameter", "NotFound"),
    ),
    _operation(
        "/embed/v1/ticker.js",
        "loadWidget",
        "The widget's script, current build",
        Answer(200, "A module.", media_type=SCRIPT),
        Answer(304, "You have it already.", media_type=""),
    ),
    _operation(
        "/embed/{version}/ticker.js",
        "loadReleasedWidget",
        "The widget's script as it was released, for ever",
        Answer(200, "A module.", media_type=SCRIPT),
    ),
    _operation(
        "/embed/feeds/{feed}",
        "frameFeed",
        "A feed, for an iframe",
        Answer(200, "A page that sites of the feed's origins may frame.", media_type=HTML),
        parameters=_ATTRIBUTES,
        also=("InvalidParameter",),
    ),
    _operation(
        "/embed/feeds/{feed}/fragment",
        "includeFeed",
        "A feed, for inclusion by a server",
        Answer(200, "A `breaking-ticker` element with a declarative shadow root.", media_type=HTML),
        parameters=(*_ATTRIBUTES, "WithScript", "IncludingPage"),
        also=("InvalidParameter",),
    ),
    _operation(
        "/embed/feeds/{feed}/{id}",
        "frameDispatch",
        "One dispatch as a card, for an iframe",
        Answer(200, "A page that sites of the feed's origins may frame.", media_type=HTML),
        Answer(410, "It was killed; its tombstone.", media_type=HTML),
        parameters=("Words", "Theme"),
        also=("InvalidParameter",),
    ),
    _operation(
        "/oembed",
        "describeEmbed",
        "oEmbed: what to embed for the URL of a page",
        Answer(200, "An iframe and its size.", ("OEmbed",), media_type=JSON),
        parameters=("PageUrl", "MaxWidth", "MaxHeight", "Format"),
        also=("InvalidParameter", "Killed", "NotFound", "NotSupported"),
    ),
]
"""What is served to pages of other sites and about them."""
