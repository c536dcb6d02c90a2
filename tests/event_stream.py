"""A parser of Server-Sent Events that follows the HTML Standard to the letter (section 9.2.6), for tests."""

from __future__ import annotations

import re
from typing import NamedTuple


class Block(NamedTuple):
    """A block of a stream, ended by an empty line: what the standard dispatches as an event, if `data` is not empty."""

    event: str
    data: str
    fields: list[str]
    """Names of its fields, in order."""
    id: str
    retry: int | None


def blocks(stream: bytes) -> list[Block]:
    """Return the blocks of a stream; one that is not ended by an empty line is discarded, as the standard asks.

    Stricter than the standard, it fails on what that ignores: comments aside, a line without a colon, an unknown field,
    and a retry that is not digits alone.
    """
    text = stream.decode("utf-8").removeprefix("\ufeff")
    found: list[Block] = []
    event, data, fields, last_id, retry = "", list[str](), list[str](), "", None
    for line in re.split("\r\n|\n|\r", text)[:-1]:
        if not line:
            if fields:
                found.append(Block(event or "message", "\n".join(data), fields, last_id, retry))
            event, data, fields, retry = "", [], [], None
            continue
        if line.startswith(":"):
            continue
        name, colon, value = line.partition(":")
        assert colon, f"a line without a colon: {line!r}"
        value = value.removeprefix(" ")
        fields.append(name)
        match name:
            case "event":
                event = value
            case "data":
                data.append(value)
            case "id":
                assert "\0" not in value
                last_id = value
            case "retry":
                assert re.fullmatch("[0-9]+", value), value
                retry = int(value)
            case _:
                raise AssertionError(f"an unknown field: {line!r}")
    return found
