"""Server-Sent Events, read piece by piece as they arrive (HTML Standard, section 9.2.6).

Only the data of an event counts: a frame's type and position are in its JSON.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 1024 * 1024
"""Bytes of one event. A snapshot of 20 of the longest dispatches has a third of this."""

_END_OF_LINE: Final = re.compile(rb"\r\n|\r|\n")
_BOM: Final = b"\xef\xbb\xbf"


class TooLong(Exception):
    """An event is longer than any frame."""

    def __init__(self) -> None:
        super().__init__(f"An event has more than {LONGEST} bytes")


class EventReader:
    """Takes bytes, gives the data of whole events."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self._begun = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of the events that this piece completes, in UTF-8.

        Raises:
            TooLong: an event exceeds the limit.
        """
        text = self._rest + piece
        if not self._begun:
            if len(text) < len(_BOM) and _BOM.startswith(text):
                self._rest = text  # whether this begins with a byte order mark is not known yet
                return []
            text, self._begun = text.removeprefix(_BOM), True
        # A carriage return at the end may be half of an end of line.
        held_back = b"\r" if text.endswith(b"\r") else b""
        *lines, rest = _END_OF_LINE.split(text.removesuffix(held_back))
        self._rest = rest + held_back
        found = [data for line in lines if (data := self._line(line)) is not None]
        if self._size + len(self._rest) > LONGEST:
            raise TooLong
        return found

    def _line(self, line: bytes) -> bytes | None:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return b"\n".join(data) if data else None
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
            if self._size > LONGEST:
                raise TooLong
        return None
