"""What every kind of entry in the log has to define; `ticker/changes/__init__.py` has the table of them.

Who reads the log asks the entry's kind, and never compares its name: the fold of a feed, the ring, the frames, the
similar dispatches, the audit, `ticker export` and `import`, `ticker tail` and the description of the frames. So a new
kind is a module beside this one and its row in the table. Three places have their own branch: append.lua with
store.lua, clients/feed/fold.js with read.js, and ticker/client/fold.py with frames.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from ticker.changes.rules import check_members
from ticker.entry import Entry
from ticker.feed import Feed
from ticker.schema import Schema


class Kind(ABC):
    """One kind of entry. It has no state; there is one instance of each.

    Attributes:
        name: the `kind` of the entries.
        is_filing: whether such an entry files a dispatch that was not there before.
        frame_type: the `type` of the frame.
        description: of the frame, for /asyncapi.json.
        schema: JSON schemas of the frame's members, beside type and position.
        example: a frame.
    """

    name: ClassVar[str]
    is_filing: ClassVar[bool] = False
    frame_type: ClassVar[str]
    description: ClassVar[str]
    schema: ClassVar[dict[str, Schema]]
    example: ClassVar[dict[str, Any]]

    @abstractmethod
    def fold(self, entry: Entry, feed: Feed) -> None:
        """Apply the entry to what its feed shows, except for the tail."""

    @abstractmethod
    def frame(self, entry: Entry) -> dict[str, Any]:
        """Return the members of the entry's frame, in their order, beside type and position."""

    @abstractmethod
    def state_after(self, entry: Entry) -> Any:
        """Return the state after the entry: a dispatch, a tombstone, or the value of a setting of the feed.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: the content is not that of such an entry.
        """

    @abstractmethod
    def check_content(self, content: dict[str, Any]) -> None:
        """Check the content of an entry from elsewhere by the rules of the request that would have made it.

        Raises:
            Invalid: a field breaks its rule.
        """

    def check(self, entry: Entry) -> None:
        """Check an entry from elsewhere: it has nothing that this service would not have written; raises as above."""
        check_members("at", "by", **entry.content | {"at": entry.at})
        self.check_content(entry.content)

    def target(self, entry: Entry) -> str | None:
        """Return the id of the dispatch that the entry changes, or None."""
        return None

    def dispatch_in(self, entry: Entry) -> dict[str, Any] | None:
        """Return the dispatch that is in the entry, with its text, or None."""
        return None

    def withdrawn(self, entry: Entry) -> str | None:
        """Return the id of the dispatch whose text must not be shown again, or None."""
        return None

    def pinned_id(self, entry: Entry) -> str | None:
        """Return the id of the dispatch that the entry pins, which the entry itself does not have, or None."""
        return None

    def terminal_view(self, frame: dict[str, Any]) -> dict[str, Any] | str | None:
        """Return what a terminal shows of a frame: a dispatch or its tombstone, a few words, or nothing."""
        return None


class Setting(Kind):
    """A kind of entry that sets one value of the feed.

    Attributes:
        member: name of the value in the feed's state.
    """

    member: ClassVar[str]

    @abstractmethod
    def parse_stored(self, text: bytes | None) -> Any:
        """Return the value as the feed's state has it; the first one where that has none."""

    @abstractmethod
    def difference(self, shown: Any, logged: Any) -> str:
        """Say that a feed shows another value than its log has."""
