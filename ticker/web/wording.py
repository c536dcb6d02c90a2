"""The pages' own words: which language they are in, and the head of a page.

`clients/reader/words.json` has the words of all reader pages, `problems.json` those of error pages; both in the same
languages. A page of a feed is in the feed's language, any other in the best that the reader accepts.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, Final, NamedTuple

from ticker.web.assets import CLIENTS

FALLBACK: Final = "en"


def _read(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((CLIENTS / "reader" / name).read_text("utf-8"))
    return table


WORDS: Final[dict[str, dict[str, str]]] = _read("words.json")
PROBLEMS: Final[dict[str, dict[str, Any]]] = _read("problems.json")


class Masthead(NamedTuple):
    """The head of a feed's pages. `word` is None where the title has it already."""

    word: str | None
    title: str


def spoken(language: str) -> str:
    """Return the language of a page's own words for a feed in `language` (BCP 47)."""
    primary = language.partition("-")[0].lower()
    return primary if primary in WORDS else FALLBACK


def words(language: str) -> dict[str, str]:
    """Return the page's own words for a feed in `language` (BCP 47)."""
    return WORDS[spoken(language)]


def preferred(accept_language: str) -> str:
    """Return the best of our languages for an Accept-Language header (RFC 9110 section 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", parameter)
        weight = float(quality[1]) if quality else 0.0 if parameter else 1.0
        if (primary := tag.partition("-")[0].lower()) in WORDS and weight > 0:
            wanted.append((weight, primary))
    return max(wanted, key=lambda each: each[0], default=(1.0, FALLBACK))[1]


def _plain(text: str) -> str:
    """Return text without case and marks, one space between words: `Última  hora:` becomes `ultima hora`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return f" {' '.join(kept.split())} "


_BREAKING: Final = [_plain(table["breaking"]) for table in WORDS.values()]


def masthead(title: str, language: str) -> Masthead:
    """Return the head of a feed's pages, without "breaking" if the title has it already, in any language."""
    has_it = any(word in _plain(title) for word in _BREAKING)
    return Masthead(None if has_it else words(language)["breaking"], title)


def story_title(slug: str) -> str:
    """Return the slug of a story as words: `marada-bridge` is "Marada bridge"."""
    text = " ".join(slug.replace("-", " ").split())
    return text[:1].upper() + text[1:]
