"""Parts of JSON schemas, for what the service describes of itself.

They are in both of its descriptions, so they keep to what JSON Schema 2020-12 (OpenAPI 3.1) and draft 7 (AsyncAPI 3.0)
have in common.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]


def shape(description: str, always: dict[str, Any], sometimes: dict[str, Any] | None = None) -> Schema:
    """Return the schema of an object with these members; the second ones are there only in some cases."""
    return {
        "type": "object",
        "description": description,
        "required": list(always),
        "properties": always | (sometimes or {}),
    }


def ref(name: str) -> Schema:
    """Return a reference to a shape by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(items: Any, description: str) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items, "description": description}


def text(description: str, **rules: Any) -> Schema:
    """Return the schema of a text."""
    return {"type": "string", "description": description, **rules}


def number(description: str, at_least: int = 0) -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer", "minimum": at_least, "description": description}


def or_null(schema: Schema) -> Schema:
    """Return the schema of the same or null."""
    return schema | {"type": [schema["type"], "null"]}


def moment(description: str) -> Schema:
    """Return the schema of a time as this service writes all of them."""
    pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
    return text(f"{description} RFC 3339, UTC, with milliseconds.", format="date-time", pattern=pattern)


ID: Final = text(
    "Id of the dispatch: unique, never reused, sorts in the order of filing.", pattern="^[0-9A-Za-z]{1,64}$"
)
POSITION: Final = text("A place in one history of the feed. Opaque: keep it, send it back.", minLength=1, maxLength=64)
REVISION: Final = number("1 when filed, one more with each correction and with the kill.", 1)
FILED: Final = moment("When it was filed, by the clock of the log.")
REASON: Final = text("Why.", minLength=1, maxLength=300)
