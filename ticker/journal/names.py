"""Names of all keys and channels in Redis. Each feed has one hash tag, so that a cluster can hold many feeds."""

from __future__ import annotations

from typing import Final

FEEDS: Final = "ticker:feeds"
"""Hash: feed name → its settings as JSON."""

KEYS: Final = "ticker:keys"
"""Hash: SHA-256 of a key → its holder as JSON."""

REVOKING: Final = "ticker:{ticker:keys}:revoking"
"""Hash: id of a key whose revocation has begun → its holder as JSON. Empty but for moments. On the slot of KEYS."""

OWNERS: Final = "ticker:{ticker:keys}:owners"
"""Hash: id of a key → the person to whom it belongs, as JSON; none for a person of its own. On the slot of KEYS."""

PEOPLE: Final = "ticker:{ticker:keys}:people"
"""Hash: id of a person → the person, as JSON. On the slot of KEYS."""

REVOKED: Final = "ticker:{ticker:feeds}:revoked"
"""Set: ids of revoked keys, which the scripts that change FEEDS look up. On the slot of FEEDS."""

USED: Final = "ticker:used"
"""Hash: id of a key → when it was last used."""

ADMIN: Final = "ticker:admin"
"""String: SHA-256 of the admin key that came from the environment."""

SESSIONS: Final = "ticker:sessions"
"""Hash: id of a session → SHA-256 of its secret."""

INVITATIONS: Final = "ticker:invitations"
"""Hash: id of an invitation → SHA-256 of its secret."""

VERSION: Final = "ticker:version"
"""String: version of the data, a number; see version.py."""

ADMIN_ON_CLUSTER: Final = "ticker:{ticker:keys}:admin"
"""String: as ADMIN, which in a cluster must be on the slot of KEYS."""


class Channels:
    """Names of the pub/sub channels of one database, which share one namespace in Redis, and how to use them.

    In a cluster, a channel belongs to a slot, as a key does, and its messages stay in the shard of that; only those of
    `everywhere` go to all servers of the cluster.

    Attributes:
        nodes: each node's probes, with the numbers of its readers; of one shard, in a cluster.
        probe: a key that is never set: what a node tries to write to prove that the log takes entries.
        settled: hash that is written before replicas are waited for; None for that of a feed.
        settings: a feed was opened, edited or closed; a key was revoked, or a session ended.
        held: the name of a feed in which a dispatch is held from now on.
        of_all: these three; on the others are entries.
        every: a pattern of all of them, and of all keys.
        sharded: whether they are those of a cluster.
        tag: the hash tag of a shard.
        everywhere: `settings` and `held`.
        publish: the command for all other channels.
    """

    every: Final = "ticker:*"

    def __init__(self, database: int = 0, *, sharded: bool = False, tag: str = "") -> None:
        """`tag` is a hash tag of a slot of the shard, in a cluster."""
        self._prefix = "ticker:" if database == 0 else f"ticker:{database}:"
        of_shard = f"{{{tag}}}:" if sharded else ""
        self.nodes = f"{self._prefix}{of_shard}nodes"
        self.probe = f"ticker:{of_shard}probe"
        self.settled = f"ticker:{of_shard}settled" if sharded else None
        self.settings = f"{self._prefix}changes"
        self.held = f"{self._prefix}held"
        self.of_all = self.nodes, self.settings, self.held
        self.everywhere = self.settings, self.held
        self.sharded = sharded
        self.tag = tag
        self.publish = "SPUBLISH" if sharded else "PUBLISH"

    def live(self, feed: str) -> str:
        """Return the channel of a feed's entries, published as they are written."""
        return f"{self._prefix}{{{feed}}}:live"

    @staticmethod
    def feed(live: str) -> str:
        """Return the feed whose channel `live` named."""
        return live[live.index("{") + 1 : live.rindex("}")]


def state(feed: str) -> str:
    """Hash: offset, hash, time of the tail; what is pinned; on air or not; when it was closed, if it was."""
    return f"ticker:{{{feed}}}:state"


def log(feed: str) -> str:
    """Stream: the entries; the id of each is its offset."""
    return f"ticker:{{{feed}}}:log"


def dispatches(feed: str) -> str:
    """Hash: dispatch id → the current dispatch, as JSON."""
    return f"ticker:{{{feed}}}:dispatches"


def filers(feed: str) -> str:
    """Hash: dispatch id → id of the person who filed it, which is that of the key where this is a person of its own."""
    return f"ticker:{{{feed}}}:filers"


def order(feed: str) -> str:
    """Sorted set: dispatch ids by offset of filing."""
    return f"ticker:{{{feed}}}:order"


def revisions(feed: str) -> str:
    """Hash: dispatch id → its earlier revisions, as JSON objects with commas between. Only version 0.1.0 writes it."""
    return f"ticker:{{{feed}}}:revisions"


def earlier(feed: str, id: str) -> str:
    """List: the earlier revisions of a dispatch, oldest first, except those in `revisions`."""
    return f"ticker:{{{feed}}}:revisions:{id}"


def labels(feed: str) -> str:
    """Hash: `section:…`, `place:…` or `story:…` → how many dispatches that were not killed have it."""
    return f"ticker:{{{feed}}}:labels"


def index(feed: str, name: str, label: str) -> str:
    """Sorted set: as `order`, of the dispatches with this section, place or story."""
    return f"ticker:{{{feed}}}:order:{name}:{label}"


def withdrawn(feed: str, name: str, label: str) -> str:
    """Sorted set: as `index`, of the killed dispatches that had it."""
    return f"ticker:{{{feed}}}:withdrawn:{name}:{label}"


def killed(feed: str) -> str:
    """Sorted set: as `order`, of the killed dispatches that are in no index but those of `withdrawn`."""
    return f"ticker:{{{feed}}}:killed"


def answered(feed: str, holder: str, key: str) -> str:
    """String: the response to the request with this Idempotency-Key of this person."""
    return f"ticker:{{{feed}}}:answered:{holder}:{key}"


def held(feed: str) -> str:
    """Hash: id of a held dispatch → the dispatch under embargo, or its outcome, as JSON."""
    return f"ticker:{{{feed}}}:held"


def due(feed: str) -> str:
    """Sorted set: ids of held dispatches by the millisecond of their release."""
    return f"ticker:{{{feed}}}:due"


def flashes(feed: str) -> str:
    """Hash: dispatch id → until when a second key may make it a flash, and the id of the first; see flash.lua."""
    return f"ticker:{{{feed}}}:flashes"


def desk(feed: str) -> str:
    """Stream: the changes to held dispatches. For the audit; never public."""
    return f"ticker:{{{feed}}}:desk"


def revoked(feed: str) -> str:
    """Set: ids of revoked keys, whose changes the scripts of this feed refuse."""
    return f"ticker:{{{feed}}}:revoked"


def writers(feed: str) -> str:
    """Hash: id of a held dispatch → `key/holder` of each key that wrote it, with spaces between."""
    return f"ticker:{{{feed}}}:writers"


def receipts(feed: str, minute: str) -> str:
    """Hash, of the dispatches filed in this minute.

    `ID NODE` → how that node delivered it to its readers, as JSON; `ID kept` → when it was known to be kept; `>ID` → to
    how many nodes it was published; `~ID` → when it was found to be kept, not by the worker that filed it.
    """
    return f"ticker:{{{feed}}}:receipts:{minute}"


def editions(feed: str, id: str) -> str:
    """Set: `feed/id` of the same dispatch in other languages."""
    return f"ticker:{{{feed}}}:editions:{id}"


def rate(holder: str, window: int) -> str:
    """Counter: changes requested by this person in this window of time."""
    return f"ticker:rate:{holder}:{window}"


def session(digest: str) -> str:
    """String: the session whose secret has this SHA-256, as JSON. It expires with the session."""
    return f"ticker:session:{digest}"


def invitation(digest: str) -> str:
    """String: the invitation whose secret has this SHA-256, as JSON. It expires with the invitation."""
    return f"ticker:invitation:{digest}"


def present(feed: str) -> str:
    """Sorted set: who is at the desk of a feed, and on which node, by the second of the last renewal."""
    return f"ticker:{{{feed}}}:present"
