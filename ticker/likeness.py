"""Lines that say nearly the same: so that two correspondents at one scene see each other's line."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple, TypedDict

from rapidfuzz import fuzz, process

from ticker.dispatch import rfc3339
from ticker.entry import Entry

LATELY: Final = timedelta(minutes=10)
"""How far back a line is looked for."""

AT_MOST: Final = 100
"""Lines kept for it: one every six seconds. Looking through them is a tenth of what filing a line costs the service."""

TOLD_AT_MOST: Final = 5
"""Lines told of at once, the most alike."""

ALIKE: Final = 75.0
"""Per cent of likeness from which two lines are worth telling of.

Of the pairs in tests/test_likeness.py, those that tell the same have 78 and more, the others 72 and less.
"""

LETTERS_AT_MOST: Final = 1000
"""Letters of a line that are compared, as many as it may have characters.

One character may stand for eighteen letters (U+FDFA), and the time for a comparison grows with the square of them: half
a second for a hundred lines of a thousand such characters.
"""

_SPELLINGS: Final = str.maketrans("ةىٱیک", "هيايك", "\u0640")  # they look alike, hence the table
"""Letters that are written one for the other in Arabic and Persian, and the tatweel, which only stretches a word."""

_WEIGHTLESS: Final = ("Mn", "Mc", "Me", "Cf")
"""Categories of marks over and beside letters, and of marks of direction, which belong to no word."""


class _Letters(dict[int, str | int | None]):
    """What becomes of each character, for `str.translate`; worked out when it is met for the first time.

    Most of what a comparison cost was asking that of every letter of every line.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        digit = unicodedata.digit(character, None)
        if unicodedata.category(character) in _WEIGHTLESS:
            plain = ""
        elif digit is not None:
            plain = str(digit)
        else:
            plain = character if character.isalnum() else " "
        if code <= 0xFFFF:  # all letters that are in use, and a bound
            self[code] = plain
        return plain


_LETTERS: Final = _Letters(_SPELLINGS)


class Similar(TypedDict):
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

    def like(self, text: str, filed: str, but: str) -> list[Similar]:
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
            Similar(id=id, source=line.source, filed=line.filed, likeness=round(likeness / 100, 2))
            for id, likeness in islice(before, TOLD_AT_MOST)
            for line in [self._lines[id]]
        ]


def plain(text: str) -> str:
    """Return the words of a line in alphabetical order, without what spellings differ in.

    That is case, punctuation, the script of digits, vowel marks and other marks over letters, so that an Arabic alef
    with a hamza is an alef, and letters of _SPELLINGS. What comes after LETTERS_AT_MOST of them is left out.
    """
    letters = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)[:LETTERS_AT_MOST]
    return " ".join(sorted(letters.split()))
