"""The feeds of a relay: what its hub has of each, kept as the upstream has it. No I/O, no tasks.

Frames of a feed's live stream and bulletins travel by different connections, so a proof may come before the entries
that it is about. It then waits until they are here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ticker.channel import Channel
from ticker.entry import Entry, Position, Tail
from ticker.feed import Feed
from ticker.hub import Hub
from ticker.relay.divergence import diverged
from ticker.relay.frames import ENTRIES, entry_of, feed_of, settings_of, tail_of
from ticker.relay.log_time import LogTime

DELAYED_AFTER: Final = 10.0
"""Seconds without a proof after which readers are told that the relay is delayed. They show LIVE for at most 13 seconds
after a beat; before this, another upstream may have been reached without their notice."""

log = logging.getLogger("ticker.relay")


class Disordered(Exception):
    """The upstream sent what cannot follow: the stream is to be opened again, after the last position."""


class _Proof(NamedTuple):
    position: Position
    at: str
    asked: float


class Copies:
    """Keeps a hub as the upstream has it."""

    def __init__(self, hub: Hub, clock: Callable[[], float]) -> None:
        """`clock` is that of the hub."""
        self._hub = hub
        self._clock = clock
        self._settings: dict[str, dict[str, Any]] = {}
        self._positions: dict[str, str] = {}
        self._watching: dict[str, int] = {}
        self._pending: dict[str, _Proof] = {}
        self._since = clock()
        self.entries = 0
        """Entries that came from an upstream."""
        self.forks = 0
        """How often a feed continued with another history."""

    @property
    def listed(self) -> Collection[str]:
        """The feeds that the upstream has for this relay."""
        return self._settings.keys()

    def closed(self, name: str) -> bool:
        """Return True if a feed was closed, as far as the upstream's settings say."""
        return self._settings.get(name, {}).get("closed") is not None

    def position(self, name: str) -> str | None:
        """Return where a feed is here, None if nothing is known of it."""
        channel = self._hub.channels.get(name)
        return None if channel is None else str(channel.feed.tail.position)

    # Settings

    def begin(self) -> None:
        """Note that a session with an upstream begins: what was told by the one before is void."""
        self._positions.clear()
        self._pending.clear()

    def take_settings(self, feeds: list[dict[str, Any]]) -> None:
        """Take the settings of all feeds; those that are no longer there are dropped, with their readers."""
        self._settings = {described["name"]: settings_of(described) for described in feeds}
        for name in self._hub.channels.keys() - self._settings.keys():
            self._hub.drop(name)
        for name, settings in self._settings.items():
            channel = self._hub.channels.get(name)
            if channel is None:
                continue
            # One that is closed is first brought to its end by its stream: its readers miss nothing.
            due = {n: v for n, v in settings.items() if n != "closed" or v is None}
            if any(getattr(channel.feed, n) != v for n, v in due.items()):
                channel.update_settings(**due)
        self.check_whole()

    def check_whole(self) -> None:
        """Note, once every listed feed is here, that the hub knows which feeds there are."""
        if self._settings.keys() == self._hub.channels.keys():
            self._hub.retain(self._settings.keys())

    # Frames

    def take(self, name: str, *frames: Mapping[str, Any]) -> None:
        """Take the frames of a feed's live stream that came together; entries among them leave together.

        Raises:
            Disordered: one is not the one that follows; those before it are taken.
            KeyError, TypeError, ValueError: it is no frame; likewise.
        """
        entries: list[Entry] = []
        try:
            for frame in frames:
                if frame["type"] in ENTRIES:
                    entries.append(self._next_entry(name, frame, after=entries))
                    continue
                self._publish(name, entries)
                entries = []
                self._take_other(name, frame)
        finally:
            self._publish(name, entries)
        self._settle(name)

    def _take_other(self, name: str, frame: Mapping[str, Any]) -> None:
        kind = frame["type"]
        if kind == "snapshot":
            self._take_snapshot(name, frame)
        elif name in self._hub.channels:
            if kind == "beat":
                self._take_beat(name, frame)
            elif kind == "delayed":
                self._hub.channels[name].delay(frame["since"])
            elif "position" in frame:
                raise ValueError(f"an entry of a newer version: {kind}")

    def _take_snapshot(self, name: str, snapshot: Mapping[str, Any]) -> None:
        settings = self._settings.get(name)
        if settings is None:
            return  # it is no longer listed
        feed, channel = feed_of(snapshot, settings), self._hub.channels.get(name)
        if channel is not None and not snapshot["reset"] and feed.tail == channel.feed.tail:
            if feed.closed != channel.feed.closed:
                channel.update_settings(closed=feed.closed)
            return
        if channel is not None:
            self._note_reset(channel.feed, feed)
            self._pending.pop(name, None)
        closed, feed.closed = feed.closed, None
        channel = self._hub.open(feed, (), feed.tail)
        if closed is not None:
            channel.update_settings(closed=closed)
        self.check_whole()

    def _note_reset(self, ours: Feed, theirs: Feed) -> None:
        """Note why readers are reset: only a fork has lost anything."""
        if diverged(ours, theirs):
            self.forks += 1
            log.warning("%s has diverged at the upstream (fork detected); its readers were reset", ours.name)
        elif ours.closed is None:  # a closed feed has no readers, and every kill in it comes with a snapshot
            position = ours.tail.position
            log.warning("%s: the upstream no longer has what followed %s; its readers were reset", ours.name, position)

    def _next_entry(self, name: str, frame: Mapping[str, Any], *, after: Sequence[Entry]) -> Entry:
        channel = self._hub.channels.get(name)
        entry = entry_of(frame)
        if channel is None or entry.tail.offset != channel.feed.tail.offset + len(after) + 1:
            raise Disordered(name)
        return entry

    def _publish(self, name: str, entries: Sequence[Entry]) -> None:
        if entries:
            self._hub.publish(name, entries)
            self.entries += len(entries)

    def missing_pin(self, name: str) -> str | None:
        """Return the id of the pinned dispatch if that is not known here: no frame brought it."""
        channel = self._hub.channels.get(name)
        if channel is None or channel.feed.pinned is None or channel.feed.pinned_dispatch is not None:
            return None
        pinned = channel.feed.pinned
        return None if any(each["id"] == pinned for each in channel.feed.dispatches) else pinned

    def learn(self, name: str, dispatch: dict[str, Any]) -> None:
        """Keep a dispatch that was read at the upstream, if it is the pinned one."""
        channel = self._hub.channels.get(name)
        if channel is not None:
            shown = {member: value for member, value in dispatch.items() if member not in ("revisions", "editions")}
            channel.feed.learn(channel.as_known(shown))

    # Proofs

    def _take_beat(self, name: str, beat: Mapping[str, Any]) -> None:
        channel, at = self._hub.channels[name], str(beat["at"])
        if tail_of(beat["position"]) != channel.feed.tail:
            raise Disordered(name)
        known, asked = channel.freshness.proof, self._made(at)
        if channel.freshness.proven and known is not None and known >= at:
            at, asked = known, channel.freshness.asked
        channel.prove(at, beat=True, watching=beat.get("watching", 0), asked=asked)

    def _made(self, at: str) -> float:
        return self._log_time.made(at, self._clock())

    _log_time = LogTime()

    def measure_with(self, log_time: LogTime) -> None:
        """Take the translation of the log's times that belongs to this session."""
        self._log_time = log_time

    def take_proof(self, proof: Mapping[str, Any]) -> bool:
        """Take a bulletin with a proof; return True if it proves anything new here."""
        now, at = self._clock(), proof["at"]
        self._log_time.measure(at, proof["age"], now)
        asked = self._log_time.made(at, now)
        self._positions |= proof["positions"]
        self._watching |= proof["watching"]
        unproven = set(proof["unproven"])
        for name, text in self._positions.items():
            position = Position.parse(text)
            if name in self._hub.channels and name not in unproven and position is not None:
                self._pending[name] = _Proof(position, at, asked)
        settled = [self._settle(name) for name in list(self._pending)]  # every one, not only up to the first
        return any(settled)

    def _settle(self, name: str) -> bool:
        """Prove a feed if what its proof is about is here; return True if that was so."""
        pending, channel = self._pending.get(name), self._hub.channels.get(name)
        if pending is None or channel is None or not _has(channel, pending.position):
            return False
        del self._pending[name]
        if channel.freshness.proof is not None and channel.freshness.proof > pending.at:
            return False
        watching = self._watching.get(name, channel.freshness.watching)
        channel.prove(pending.at, beat=False, watching=watching, asked=pending.asked)
        return True

    # Time

    def on_time(self, now: str) -> None:
        """Tell readers of feeds that have not been proven for too long; `now` is RFC 3339. To be called each second."""
        for channel in self._hub.channels.values():
            last = max(channel.freshness.asked, self._since)
            if self._clock() - last > DELAYED_AFTER:
                channel.delay(now)
            channel.sweep()


def _has(channel: Channel, position: Position) -> bool:
    tail: Tail = channel.feed.tail
    return tail.position == position or (position.offset < tail.offset and channel.ring.holds(position))
