"""The widget's attributes as parameters of a query, as they are described."""

from __future__ import annotations

from typing import Final

from ticker.dispatch import URGENCIES, Language
from ticker.schema import Schema
from ticker.web.described.bodies import RULES
from ticker.web.embed.attributes import (
    LAYOUTS,
    LONGEST_HOLD,
    LONGEST_LABEL,
    MOST_LABELS,
    MOST_SHOWN,
    SCHEMAS,
    THEMES,
)
from ticker.web.parameters import query

_LABEL: Final = f"[^,]{{0,{LONGEST_LABEL}}}"
_LABELS: Final[Schema] = {"type": "string", "pattern": f"^{_LABEL}(,{_LABEL}){{0,{MOST_LABELS - 1}}}$"}
_ONE_OF_THEM: Final = "Comma-separated; what has one of them is shown."


def whole(least: int, most: int, default: int | None = None) -> Schema:
    """Return the schema of a whole number within these bounds."""
    bounds: Schema = {"type": "integer", "minimum": least, "maximum": most}
    return bounds if default is None else bounds | {"default": default}


def one_of(*values: str, default: str) -> Schema:
    """Return the schema of one of some words."""
    return {"type": "string", "enum": list(values), "default": default}


LANG: Final = query(
    "Words",
    "lang",
    "Language of the widget's own words (BCP 47); default the feed's.",
    {"type": "string", **RULES[Language]},
    "ar",
)
THEME: Final = query(
    "Theme", "theme", "Colours; `auto` follows the page around it.", one_of(*THEMES, default="auto"), "dark"
)
ATTRIBUTES: Final = (
    query("Layout", "layout", "How it is laid out.", one_of(*LAYOUTS, default="list"), "strip"),
    query("Shown", "limit", "Dispatches shown.", whole(1, MOST_SHOWN, 10), 5),
    query("Hold", "hold", "Seconds from filing until a dispatch is shown.", whole(0, LONGEST_HOLD, 0), 30),
    query("LeastUrgency", "min-urgency", "The least that is shown.", one_of(*URGENCIES, default="normal"), "urgent"),
    query("Sections", "sections", _ONE_OF_THEM, _LABELS, "Politics,Transport"),
    query("Places", "places", _ONE_OF_THEM, _LABELS, "MENA"),
    LANG,
    THEME,
    query("StructuredData", "schema", "JSON-LD, a LiveBlogPosting.", one_of(*SCHEMAS, default="off"), "auto"),
)
"""What the widget takes, apart from the feed."""
