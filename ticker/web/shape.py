"""Shapes: JSON schemas with a name, described once and referred to.

A client ignores members that it does not know, so no shape forbids others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ticker.schema import Schema


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
