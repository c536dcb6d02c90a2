"""The widget's own words, from the table that its script has too."""

from __future__ import annotations

import json
from typing import Final

from markupsafe import Markup, escape

from ticker.dispatch import direction
from ticker.web.assets import CLIENTS

_TABLE: Final[dict[str, list[str]]] = json.loads((CLIENTS / "widget" / "words.json").read_text("utf-8"))

LANGUAGES: Final = tuple(_TABLE["language"])
"""Languages that the widget speaks; the first is the one for all others."""

_NOT_LIVE: Final = {
    "en": "Not live, as of {}",
    "ar": "غير مباشر، حتى {}",
    "es": "Sin actualización en vivo desde {}",
}
"""What the badge says until the script has taken over, which never says it."""

WORDS: Final = {
    language: {
        **{name: row[column] for name, row in _TABLE.items()},
        "not-live": _NOT_LIVE[language],
        "direction": direction(language),
    }
    for column, language in enumerate(LANGUAGES)
}


def words_for(language: str) -> dict[str, str]:
    """Return the words, with their own `language` and `direction`, for a BCP 47 tag."""
    return WORDS.get(language.partition("-")[0].lower(), WORDS[LANGUAGES[0]])


def fill(phrase: str, *parts: Markup) -> Markup:
    """Return a phrase with markup in its gaps: `fill("Corrected {}", time)`."""
    texts = [escape(text) for text in phrase.split("{}")]
    gaps = [*parts, *[Markup()] * len(texts)]
    return Markup().join(part for pair in zip(texts, gaps, strict=False) for part in pair)
