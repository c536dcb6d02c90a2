"""Structured data of a feed for search engines: a schema.org LiveBlogPosting as JSON-LD."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from markupsafe import Markup

from ticker.dispatch import rfc3339

COVERED_FOR: Final = timedelta(hours=24)
"""How long after its latest update a feed that is neither closed nor off the air counts as being updated."""

LONGEST_HEADLINE: Final = 110
"""Characters of a headline; search engines cut longer ones."""

_ESCAPED: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def live_blog(
    feed: dict[str, str], dispatches: list[dict[str, Any]], *, page: str, anchor: str, ended: str | None
) -> dict[str, Any] | None:
    """Return the LiveBlogPosting of some dispatches, or None if none of them has a text.

    Args:
        feed: its `title`, `language` and `publisher`.
        dispatches: what the page shows; those that were killed are left out.
        page: URL of the page that shows them.
        anchor: prefix of an id in the fragment of an update's URL.
        ended: when the coverage ended, RFC 3339; None while it continues.
    """
    usable = sorted(
        (each for each in dispatches if each["status"] == "usable"), key=lambda each: str(each["id"]), reverse=True
    )
    if not usable:
        return None
    started = min(each["filed"] for each in usable)
    latest = max(each["updated"] for each in usable)
    return {
        "@context": "https://schema.org",
        "@type": "LiveBlogPosting",
        "@id": page,
        "url": page,
        "headline": feed["title"],
        "inLanguage": feed["language"],
        "publisher": {"@type": "Organization", "name": feed["publisher"]},
        "datePublished": started,
        "dateModified": latest,
        "coverageStartTime": started,
        "coverageEndTime": ended or rfc3339(datetime.fromisoformat(latest) + COVERED_FOR),
        "liveBlogUpdate": [_update(each, f"{page}#{anchor}{each['id']}") for each in usable],
    }


def _update(dispatch: dict[str, Any], url: str) -> dict[str, Any]:
    """Return one dispatch as a BlogPosting. `datePublished` is its filing, which no correction moves."""
    text = dispatch["text"]
    update = {
        "@type": "BlogPosting",
        "@id": url,
        "url": url,
        "headline": text if len(text) <= LONGEST_HEADLINE else f"{text[: LONGEST_HEADLINE - 1].rstrip()}…",
        "articleBody": text,
        "inLanguage": dispatch["language"],
        "datePublished": dispatch["filed"],
        "dateModified": dispatch["updated"],
    }
    if dispatch.get("source"):
        update["creditText"] = dispatch["source"]
    if dispatch.get("byline"):
        update["author"] = {"@type": "Person", "name": dispatch["byline"]}
    return update


def script_text(value: object) -> Markup:
    """Return JSON that can neither end the script element around it nor begin a comment there."""
    text = orjson.dumps(value).decode()
    return Markup(text.translate(_ESCAPED))  # noqa: S704  # nothing that is markup is left in it
