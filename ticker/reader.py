"""What a reader is to the hub: a cursor, a way to write, and by what right it reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING, Final, Self

from ticker.feed import Feed
from ticker.origins import allows
from ticker.wire import CloseCode, Encoding

if TYPE_CHECKING:
    from ticker.caught_up import Group
    from ticker.channel import Channel

FROM_SNAPSHOT: Final = -1
"""Cursor of a reader who starts, or starts again, from a snapshot."""

END_SENT: Final = -2
"""Cursor of a reader who was written the last snapshot of a closed feed, and is dismissed once its socket took it."""

_NUMBERS: Final = count(1)


class Reader(ABC):
    """One connection at a cursor over a channel's ring. Subclasses know how to write.

    Attributes:
        channel: where it reads.
        number: readers have increasing numbers in the order in which they are made.
        group: those it is written to with while it has caught up; None otherwise.
        cursor: offset of the last entry written to it. Kept true only while it lags; a reader who has caught up has
            had everything.
        reset: whether its next snapshot must say that what it shows is void.
        status_seen: number of the last status (beat or delayed) written to it. Kept as `cursor` is.
        lagging_since: when it was last seen to take bytes, by the hub's clock; None while caught up.
        origin: the web origin of the page that reads, if that is of another site; else None.
        key: id of the key that lets it read a private feed; None where no key was asked for.
        session: id of the session by which that key was shown; None where the key itself was.
    """

    __slots__ = ("channel", "cursor", "group", "key", "lagging_since", "number", "origin", "reset", "status_seen")
    encoding: Encoding
    session: str | None = None  # of the class: only readers that the application keeps have one

    def __init__(self) -> None:
        self.channel: Channel
        self.number = next(_NUMBERS)
        self.group: Group | None = None
        self.cursor = FROM_SNAPSHOT
        self.reset = False
        self.status_seen = 0
        self.lagging_since: float | None = None
        self.origin: str | None = None
        self.key: str | None = None

    def refused(self, feed: Feed, origins: tuple[str, ...]) -> CloseCode | None:
        """Return the code with which to dismiss this reader if it may not read a feed as it is now; None if it may.

        `origins` are those whose pages may read it. For a reader without a key, a private feed is gone.
        """
        if feed.visibility == "private" and self.key is None:
            return CloseCode.GOING_AWAY
        return None if allows(origins, self.origin) else CloseCode.POLICY_VIOLATION

    @abstractmethod
    def write(self, data: bytes) -> bool:
        """Hand bytes to the socket. False: it did not take all; `Channel.on_writable` is to be called when it has."""

    @classmethod
    def write_to_all(cls, readers: Iterable[Self], data: bytes) -> list[Self]:
        """Write to readers of this class; return those whose sockets did not take all."""
        return [reader for reader in readers if not reader.write(data)]

    @abstractmethod
    def cut(self) -> None:
        """Close the connection at once, without a reason."""

    @abstractmethod
    def dismiss(self, why: CloseCode) -> None:
        """Close the connection with a reason that tells the client whether to come back."""
