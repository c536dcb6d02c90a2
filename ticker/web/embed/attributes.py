"""The widget's attributes as they are given in a query, for what is drawn on the server.

The element itself ignores what it does not understand, since a page must not break over a misspelt attribute. The
author of a URL, though, gets an error that names what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import QueryParams

from ticker.dispatch import URGENCIES, Language, Link
from ticker.errors import Invalid, unknown_parameters

LAYOUTS: Final = ("list", "strip", "line")
THEMES: Final = ("auto", "light", "dark")
SCHEMAS: Final = ("off", "auto", "always")

MOST_SHOWN: Final = 50
"""Dispatches that a widget shows at most."""

LONGEST_HOLD: Final = 300
"""Seconds by which a widget may be behind on purpose."""

MOST_LABELS: Final = 20
LONGEST_LABEL: Final = 60
"""Bounds of `sections` and `places`: labels, and characters of one."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """How an embedder wants a widget; each member is the attribute of that name.

    Attributes:
        layout: `list`, `strip` or `line`.
        limit: dispatches shown, 1 to 50.
        hold: seconds a dispatch waits before it is shown, 0 to 300.
        min_urgency: the least urgent that is shown.
        sections: labels of which a dispatch needs one; empty for all.
        places: the same for places.
        lang: language of the widget's own words; None for the feed's.
        theme: `auto`, `light` or `dark`.
        schema: whether there is structured data: `off`, `auto` or `always`.
        script: whether the script element that loads the widget is part of the fragment.
        page: URL of the page that includes the fragment, for the structured data; None for the feed's own page.
    """

    layout: str = "list"
    limit: int = 10
    hold: int = 0
    min_urgency: str = "normal"
    sections: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    lang: str | None = None
    theme: str = "auto"
    schema: str = "off"
    script: bool = True
    page: str | None = None


def _one_of(*values: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in values:
            raise ValueError(f"must be one of {', '.join(values)}")
        return text

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
        if not least <= number <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return number

    return read


def _labels(text: str) -> tuple[str, ...]:
    labels = tuple(label for part in text.split(",") if (label := part.strip()))
    if len(labels) > MOST_LABELS or any(len(label) > LONGEST_LABEL for label in labels):
        raise ValueError(
            f"must have at most {MOST_LABELS} labels of at most {LONGEST_LABEL} characters, between commas"
        )
    return labels


def _typed(kind: Any) -> Callable[[str], str]:
    adapter = TypeAdapter[str](kind)

    def read(text: str) -> str:
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            fault = error.errors()[0]
            raise ValueError(str(fault.get("ctx", {}).get("error", fault["msg"]))) from None

    return read


_READ: Final[dict[str, Callable[[str], Any]]] = {
    "layout": _one_of(*LAYOUTS),
    "limit": _whole(1, MOST_SHOWN),
    "hold": _whole(0, LONGEST_HOLD),
    "min-urgency": _one_of(*URGENCIES),
    "sections": _labels,
    "places": _labels,
    "lang": _typed(Language),
    "theme": _one_of(*THEMES),
    "schema": _one_of(*SCHEMAS),
    "script": lambda text: _one_of("yes", "no")(text) == "yes",
    "page": _typed(Link),
}

WIDGET: Final = ("layout", "limit", "hold", "min-urgency", "sections", "places", "lang", "theme", "schema")
"""Parameters that are attributes of the widget."""

FRAGMENT: Final = (*WIDGET, "script", "page")
CARD: Final = ("lang", "theme")
"""Parameters of the fragment, and of the card of one dispatch."""


def read(query: QueryParams, feed: str, known: Iterable[str] = WIDGET) -> Attributes:
    """Return the attributes in a query. `feed` may be repeated there, since it is an attribute too.

    Raises:
        Invalid: a parameter is unknown, is given twice or breaks its rule; every fault is named.
    """
    known = list(known)
    faults: list[tuple[str, str]] = []
    found: dict[str, Any] = {}
    for name in dict(query):
        values = query.getlist(name)
        if len(values) > 1:
            faults.append((name, "is given more than once"))
        elif name == "feed":
            if values[0] != feed:
                faults.append((name, f"differs from the feed in the path, {feed!r}"))
        elif name not in known:
            faults += unknown_parameters([name], known)
        else:
            try:
                found[name.replace("-", "_")] = _READ[name](values[0])
            except ValueError as fault:
                faults.append((name, str(fault)))
    if faults:
        raise Invalid(faults)
    return Attributes(**found)


def written(attributes: Attributes) -> dict[str, str]:
    """Return the attributes that are not at their defaults, as they are written in markup or in a query."""
    defaults = Attributes()
    found = {name: getattr(attributes, name.replace("-", "_")) for name in WIDGET}
    return {
        name: ",".join(value) if isinstance(value, tuple) else str(value)
        for name, value in found.items()
        if value != getattr(defaults, name.replace("-", "_"))
    }
