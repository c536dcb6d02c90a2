"""What a node sends its relays: proofs of freshness for all feeds at once, and the settings of the feeds. Pure.

A reader is satisfied with a beat every 10 seconds. A relay needs a proof each second, since no new reader may be given
one that is more than 3 seconds old; see freshness.py. So beside the live streams of the feeds it follows one
stream of bulletins, which costs the node one message a second, however many feeds there are. PROTOCOL.md describes it:

  type    has
  ──────  ────────────────────────────────────────────────────────────────────────────────────────────────────
  feeds   every feed with its settings; first of all, and again whenever one of them has changed
  proof   `at` and `age` of the newest proof, `unproven`: the feeds that have another one or none, and for all
          others where they ended at that time, and their readers, as far as that has changed since the last
  alive   nothing: there is no new proof
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from ticker.channel import Channel
from ticker.hub import Hub
from ticker.relay.frames import SETTINGS


class Bulletins:
    """What one relay is sent, message after message."""

    def __init__(self, hub: Hub, names: Collection[str], clock: Callable[[], float]) -> None:
        """`names` are the feeds that the relay asked for, none for all public ones; `clock` is that of the hub."""
        self._hub = hub
        self._names = frozenset(names)
        self._clock = clock
        self._settings: list[tuple[Any, ...]] | None = None
        self._positions: dict[str, str] = {}
        self._watching: dict[str, int] = {}
        self._sent: tuple[str, tuple[str, ...]] | None = None

    def _channels(self) -> dict[str, Channel]:
        every = self._hub.channels
        if self._names:
            return {name: every[name] for name in sorted(self._names & every.keys()) if _told(every[name])}
        return {name: channel for name, channel in every.items() if channel.feed.listed}

    def take(self) -> Iterator[dict[str, Any]]:
        """Return the messages that are due now: none if the relay knows everything."""
        channels = self._channels()
        settings = [(name, *(getattr(channel.feed, each) for each in SETTINGS)) for name, channel in channels.items()]
        if settings != self._settings:
            self._settings = settings
            yield {"type": "feeds", "feeds": [dict(zip(("name", *SETTINGS), each, strict=True)) for each in settings]}
        proven = {name: channel.freshness for name, channel in channels.items() if channel.freshness.proven}
        proven = {name: each for name, each in proven.items() if name not in self._hub.damaged}
        if not proven:
            return
        newest = max(proven.values(), key=lambda each: each.asked)
        at = newest.proof
        assert at is not None
        unproven = tuple(name for name in channels if name not in proven or proven[name].proof != at)
        if (at, unproven) == self._sent:
            return
        self._sent = at, unproven
        left_out = set(unproven)
        positions = {n: str(c.feed.tail.position) for n, c in channels.items() if n not in left_out}
        watching = {n: c.freshness.watching for n, c in channels.items()}
        message = {
            "type": "proof",
            "at": at,
            "age": round(max(self._clock() - newest.asked, 0.0), 4),
            "unproven": unproven,
            "positions": {n: position for n, position in positions.items() if self._positions.get(n) != position},
            "watching": {n: count for n, count in watching.items() if self._watching.get(n) != count},
        }
        self._positions |= positions
        self._watching = watching
        yield message


def _told(channel: Channel) -> bool:
    """Return True if a relay that names a feed may know of it: it sends no key for that."""
    return channel.feed.visibility != "private"
