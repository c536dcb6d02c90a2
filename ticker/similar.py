"""Similar dispatches: so that two correspondents at one scene see each other's dispatch."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple, TypedDict

from rapidfuzz import fuzz, process

from ticker.changes import kind_of
from ticker.dispatch import rfc3339
from ticker.entry import Entry

RECENT: Final = timedelta(minutes=10)
"""How far back dispatches are compared."""

MAX_DISPATCHES: Final = 100
"""Dispatches compared: one every six seconds. Comparing them is a tenth of the service's time for filing one."""

MAX_RESULTS: Final = 5
"""Similar dispatches returned at most, the most similar ones."""

THRESHOLD: Final = 75.0
"""Similarity in per cent from which two dispatches count as similar.

Of the pairs in tests/test_similar.py, those about the same event have 78 and more, the others 72 and less.
"""

MAX_LETTERS: Final = 1000
"""Letters of a dispatch that are compared, as many as it may have characters.

One character may expand to eighteen letters (U+FDFA), and the time for a comparison grows with the square of them: half
a second for a hundred dispatches of a thousand such characters.
"""

_REUSED: Final = 128
"""Texts that were compared last: each is wanted twice, when its entry arrives and for the response to its POST."""

_SPELLINGS: Final = str.maketrans("ةىٱیک", "هيايك", "\u0640")  # they look alike, hence the table
"""Letters used in place of one another in Arabic and Persian, and the tatweel, which only stretches a word."""

_IGNORED: Final = ("Mn", "Mc", "Me", "Cf")
"""Unicode categories that are ignored: marks over and beside letters, and marks of direction."""


class _Letters(dict[int, str | int | None]):
    """A table for `str.translate`: each character is looked up in the Unicode database once, when it first comes.

    Looking up every letter of every dispatch was most of the cost of a comparison.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        digit = unicodedata.digit(character, None)
        if unicodedata.category(character) in _IGNORED:
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
    """A similar dispatch: its source, when it was filed, and how similar it is, from 0 to 1."""

    id: str
    source: str | None
    filed: str
    likeness: float


class _Filed(NamedTuple):
    source: str | None
    filed: str


class RecentDispatches:
    """The dispatches of one feed that were filed recently."""

    __slots__ = ("_filed", "_plain")

    def __init__(self) -> None:
        self._filed: dict[str, _Filed] = {}
        self._plain: dict[str, str] = {}
        """Their texts as they are compared: a separate dictionary, since making one for each comparison costs more
        than the comparison."""

    def add(self, entry: Entry) -> None:
        """Take the next entry of the log."""
        kind = kind_of(entry)
        dispatch = kind.dispatch_in(entry)
        if dispatch is not None:
            id = dispatch["id"]
            if kind.is_filing or id in self._filed:
                self._filed[id] = _Filed(dispatch.get("source"), dispatch["filed"])
                self._plain[id] = plain(dispatch["text"])
            if len(self._filed) > MAX_DISPATCHES:
                self._forget(next(iter(self._filed)))
        elif (withdrawn := kind.withdrawn(entry)) is not None:
            self._forget(withdrawn)

    def _forget(self, id: str) -> None:
        self._filed.pop(id, None)
        self._plain.pop(id, None)

    def similar_to(self, text: str, filed: str, before: str) -> list[Similar]:
        """Return the dispatches similar to `text`, most similar first.

        Only those filed before the dispatch with the id `before`, and at most RECENT before the time `filed`. The
        similarity is the normalised indel similarity of the words in alphabetical order.
        """
        words = plain(text)
        if not words:
            return []  # a text without letters and digits is similar to nothing
        found = process.extract(words, self._plain, scorer=fuzz.ratio, score_cutoff=THRESHOLD, limit=None)
        since = rfc3339(datetime.fromisoformat(filed) - RECENT)
        # Ids sort in the order of filing, so a request that is repeated later gets the same response.
        earlier = ((id, likeness) for _, likeness, id in found if id < before and self._filed[id].filed >= since)
        return [
            Similar(
                id=id, source=self._filed[id].source, filed=self._filed[id].filed, likeness=round(likeness / 100, 2)
            )
            for id, likeness in islice(earlier, MAX_RESULTS)
        ]


@lru_cache(maxsize=_REUSED)
def plain(text: str) -> str:
    """Return the words of a text in alphabetical order, without differences of spelling.

    Those are case, punctuation, the script of digits, vowel marks and other marks over letters, so that an Arabic alef
    with a hamza is an alef, and letters of _SPELLINGS. Letters beyond MAX_LETTERS are left out.
    """
    letters = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)[:MAX_LETTERS]
    return " ".join(sorted(letters.split()))
