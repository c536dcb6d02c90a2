"""Names of everything kept in Redis. One hash tag a feed, so that a cluster can hold many feeds."""

from __future__ import annotations

from typing import Final

FEEDS: Final = "ticker:feeds"
"""Hash: feed name → its plan as JSON."""

KEYS: Final = "ticker:keys"
"""Hash: SHA-256 of a key → whom it belongs to, as JSON."""

USED: Final = "ticker:used"
"""Hash: id of a key → when it was last used."""

ADMIN: Final = "ticker:admin"
"""String: SHA-256 of the admin key that came from the environment."""

PROBE: Final = "ticker:probe"
"""Never there: what a node tries to write to prove that the log takes entries."""


class Channels:
    """Names of the pub/sub channels of one database: Redis itself does not keep those of its databases apart.

    Attributes:
        nodes: each node's probe, with the number of its readers.
        changes: a feed was opened, edited or closed, or a key was revoked.
    """

    def __init__(self, database: int) -> None:
        self._prefix = "ticker:" if database == 0 else f"ticker:{database}:"
        self.nodes = f"{self._prefix}nodes"
        self.changes = f"{self._prefix}changes"

    def live(self, feed: str) -> str:
        """Each entry of a feed as it is written."""
        return f"{self._prefix}{{{feed}}}:live"

    @staticmethod
    def feed(live: str) -> str:
        """Return the feed of a channel named by `live`."""
        return live[live.index("{") + 1 : live.rindex("}")]


def state(feed: str) -> str:
    """Hash: offset, hash, time of the tail; what is pinned; on air or not; since when it is closed, if it is."""
    return f"ticker:{{{feed}}}:state"


def log(feed: str) -> str:
    """Stream: the entries; the id of each is its offset."""
    return f"ticker:{{{feed}}}:log"


def dispatches(feed: str) -> str:
    """Hash: dispatch id → the dispatch as it stands, as JSON."""
    return f"ticker:{{{feed}}}:dispatches"


def filers(feed: str) -> str:
    """Hash: dispatch id → id of the key that filed it."""
    return f"ticker:{{{feed}}}:filers"


def order(feed: str) -> str:
    """Sorted set: dispatch ids by offset of filing."""
    return f"ticker:{{{feed}}}:order"


def revisions(feed: str) -> str:
    """Hash: dispatch id → its earlier revisions, as JSON objects with commas between."""
    return f"ticker:{{{feed}}}:revisions"


def labels(feed: str) -> str:
    """Hash: `section:…`, `place:…` or `story:…` → how many dispatches have it."""
    return f"ticker:{{{feed}}}:labels"


def index(feed: str, name: str, label: str) -> str:
    """Sorted set: as `order`, of the dispatches with this section, place or story."""
    return f"ticker:{{{feed}}}:order:{name}:{label}"


def record(feed: str, holder: str, key: str) -> str:
    """String: what a request with this Idempotency-Key of this key holder was answered."""
    return f"ticker:{{{feed}}}:answered:{holder}:{key}"


def held(feed: str) -> str:
    """Hash: id of a held line → the line under embargo, or what became of it, as JSON."""
    return f"ticker:{{{feed}}}:held"


def due(feed: str) -> str:
    """Sorted set: ids of held lines by the millisecond of their release."""
    return f"ticker:{{{feed}}}:due"


def flashes(feed: str) -> str:
    """Hash: dispatch id → until when a second key may make it a flash, and the id of the first."""
    return f"ticker:{{{feed}}}:flashes"


def desk(feed: str) -> str:
    """Stream: what was done to held lines. For the audit; never public."""
    return f"ticker:{{{feed}}}:desk"


def receipts(feed: str, minute: str) -> str:
    """Hash: dispatch filed in this minute and node → how that wrote it to its readers, as JSON."""
    return f"ticker:{{{feed}}}:receipts:{minute}"


def editions(feed: str, id: str) -> str:
    """Set: `feed/id` of the same line in other languages."""
    return f"ticker:{{{feed}}}:editions:{id}"


def rate(holder: str, window: int) -> str:
    """Counter: changes that this key has asked for in this window of time."""
    return f"ticker:rate:{holder}:{window}"
