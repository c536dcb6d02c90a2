"""Lines that say nearly the same: so that two correspondents at one scene see each other's line."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from rapidfuzz import fuzz, process

from ticker.dispatch import rfc3339
from ticker.entry import Entry

LATELY: Final = timedelta(minutes=10)
"""How far back a line is looked for."""

AT_MOST: Final = 200
"""Lines kept for it, so that the busiest night costs no more than a busy hour."""

TOLD_AT_MOST: Final = 5
"""Lines told of at once, the most alike."""

ALIKE: Final = 75.0
"""Per cent of likeness from which two lines are worth telling of.

Of the pairs in tests/test_likeness.py, those that tell the same have 78 and more, the others 72 and less.
"""

_SPELLINGS: Final = str.maketrans("ةىٱیک", "هيايك", "\u0640")  # they look alike, hence the table
"""Letters that are written one for the other in Arabic and Persian, and the tatweel, which only stretches a word."""

_WEIGHTLESS: Final = ("Mn", "Mc", "Me", "Cf")
"""Categories of marks over and beside letters, and of marks of direction, which belong to no word."""


class Similar(NamedTuple):
    """A line that says nearly the same: who filed it when, and how alike it is, from 0 to 1."""

    id: str
    source: str | None
    filed: str
    likeness: float


class _Line(NamedTuple):
    source: str | None
    filed: str


class Lately:
    """The lines of one feed that were filed lately."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        # Beside the lines, as the comparison wants it: putting it together for each question costs more than that.
        self._plain: dict[str, str] = {}

    def take(self, entry: Entry) -> None:
        """Take in the next entry of the log."""
        if entry.kind == "kill":
            self._forget(entry.content["id"])
        elif entry.kind in ("file", "correct"):
            dispatch = entry.content["dispatch"]
            if entry.kind == "file" or dispatch["id"] in self._lines:
                self._lines[dispatch["id"]] = _Line(dispatch.get("source"), dispatch["filed"])
                self._plain[dispatch["id"]] = plain(dispatch["text"])
            if len(self._lines) > AT_MOST:
                self._forget(next(iter(self._lines)))

    def _forget(self, id: str) -> None:
        self._lines.pop(id, None)
        self._plain.pop(id, None)

    def like(self, text: str, filed: str, but: str) -> list[dict[str, Any]]:
        """Return the lines that say nearly this, filed before `but` and within LATELY of `filed`; most alike first.

        The likeness is the normalised indel similarity of the words in alphabetical order.
        """
        words = plain(text)
        if not words:
            return []  # nothing but signs says nothing
        found = process.extract(words, self._plain, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=None)
        since = rfc3339(datetime.fromisoformat(filed) - LATELY)
        # Ids sort in the order of filing, so a request that is repeated later is answered alike.
        before = ((id, likeness) for _, likeness, id in found if id < but and self._lines[id].filed >= since)
        return [
            Similar(id, *self._lines[id], round(likeness / 100, 2))._asdict()
            for id, likeness in islice(before, TOLD_AT_MOST)
        ]


def plain(text: str) -> str:
    """Return the words of a line in alphabetical order, without what spellings differ in.

    That is case, punctuation, the script of digits, vowel marks and other marks over letters, so that an Arabic alef
    with a hamza is an alef, and letters of _SPELLINGS.
    """
    letters = []
    for character in unicodedata.normalize("NFKD", text.casefold()).translate(_SPELLINGS):
        if unicodedata.category(character) in _WEIGHTLESS:
            continue
        digit = unicodedata.digit(character, None)
        if digit is not None:
            letters.append(str(digit))
        else:
            letters.append(character if character.isalnum() else " ")
    return " ".join(sorted("".join(letters).split()))
