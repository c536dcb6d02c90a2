"""The widget's own words, from the table that its script has too."""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from ticker.dispatch import direction
from ticker.web.assets import CLIENTS

_TABLE: Final[dict[str, dict[str, str]]] = json.loads((CLIENTS / "widget" / "words.json").read_text("utf-8"))

LANGUAGES: Final = tuple(_TABLE)
"""Languages that the widget speaks."""

FALLBACK: Final = "en"
"""The one for all others."""

NOT_LIVE: Final = {
    "en": "Not live, as of {}",
    "ar": "غير مباشر، حتى {}",
    "es": "Sin actualización en vivo desde {}",
}
"""What the badge shows until the script has taken over, which never shows it."""


class Spoken(NamedTuple):
    """The language of a widget's own words: a BCP 47 tag, its direction of writing, and the words by name."""

    tag: str
    direction: str
    words: dict[str, str]


def spoken(language: str) -> Spoken:
    """Return the words for a BCP 47 tag. Its region is kept, so that the script arrives at the same tag."""
    primary = language.partition("-")[0].lower()
    if primary not in _TABLE:
        language = primary = FALLBACK
    tag = language if language.startswith(primary) else primary
    return Spoken(tag, direction(tag), _TABLE[primary] | {"not-live": NOT_LIVE[primary]})


def fill(phrase: str, *parts: str) -> Markup:
    """Return a phrase with something in its gaps: `fill("Corrected {}", time)`. What is not markup is escaped."""
    texts = [escape(text) for text in phrase.split("{}")]
    gaps = [*map(escape, parts), *[Markup()] * len(texts)]
    return Markup().join(part for pair in zip(texts, gaps, strict=False) for part in pair)
