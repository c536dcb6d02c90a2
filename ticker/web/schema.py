"""Parts of JSON schemas, and schemas with a name.

They are in both descriptions of the service, so they keep to what JSON Schema 2020-12 (OpenAPI 3.1) and draft 7
(AsyncAPI 3.0) have in common. A client ignores members that it does not know, so no object forbids others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A schema that is described once and referred to by its name.

    In place of a schema, another one may have a Shape, alone or as its `$ref`; a description of the service has a
    reference there.

    Attributes:
        name: in `components.schemas`.
        schema: JSON schema.
        example: a value of it. None for a part that is only shown within others.
    """

    name: str
    schema: Schema
    example: Any = None


def referring(part: Any, shapes: dict[str, Shape]) -> Any:
    """Return part of a description with a reference in place of each Shape; these are added to `shapes`, by name."""
    if isinstance(part, Shape):
        if part.name not in shapes:
            shapes[part.name] = part
            referring(part.schema, shapes)
        return {"$ref": f"#/components/schemas/{part.name}"}
    if isinstance(part, dict):
        found = {name: referring(value, shapes) for name, value in part.items()}
        return found | found["$ref"] if isinstance(part.get("$ref"), Shape) else found
    if isinstance(part, list | tuple):
        return [referring(each, shapes) for each in part]
    return part


def record(description: str, always: dict[str, Any], sometimes: dict[str, Any] | None = None) -> Schema:
    """Return the schema of an object with these members; the second ones are there only in some cases."""
    return {
        "type": "object",
        "description": description,
        "required": list(always),
        "properties": always | (sometimes or {}),
    }


def many(items: Schema | Shape, description: str) -> Schema:
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
