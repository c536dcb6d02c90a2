"""Sentences of documents that programs read, shown on pages for people."""

from __future__ import annotations

from markupsafe import Markup, escape


def code(sentence: str) -> Markup:
    """Return a sentence whose words between backticks are marked up as code, and nothing else is."""
    parts = [escape(part) for part in sentence.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if odd % 2 else part for odd, part in enumerate(parts)
    )
