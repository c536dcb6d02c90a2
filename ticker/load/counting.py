"""Counts what readers receive: whether each gets every dispatch once and in order, and how soon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ticker.load.frames import Dispatch, Event, Snapshot


class Listener:
    """What one reader has received.

    Attributes:
        position: the last position it received, from where it resumes.
        number: the highest number of a dispatch it has received.
        holes: lower numbers that it has not.
        back: when it could reconnect after a lost connection (ns), until it has caught up; else 0.
    """

    __slots__ = ("back", "holes", "number", "position")

    def __init__(self) -> None:
        self.position = ""
        self.number = 0
        self.holes: set[int] = set()
        self.back = 0

    def missing(self, sent: int) -> int:
        """Return how many of the dispatches up to number `sent` it has not received."""
        return max(sent - self.number, 0) + len(self.holes)


class Count:
    """What all readers have received since counting began."""

    def __init__(self) -> None:
        self.marks = self.doubled = self.disordered = self.resets = self.skipped = 0
        self.last_at = 0
        self.delays: Counter[int] = Counter()
        """How many dispatches took so many nanoseconds, to one per cent."""
        self.catch_up_times: list[int] = []
        """Nanoseconds from when each could reconnect until it had caught up."""

    def record(self, reader: Listener, events: Iterable[Event], now: int) -> None:
        """Count the events that a reader received at `now` (ns)."""
        delays = self.delays
        for event in events:
            if isinstance(event, Dispatch):  # nearly all events, so here and not in a method
                sent, number = event
                delay = now - sent
                shift = max(delay.bit_length() - 8, 0)
                delays[delay >> shift << shift] += 1
                self.last_at = now
                if number == reader.number + 1:
                    reader.number = number
                    self.marks += 1
                else:
                    self._out_of_order(reader, number)
            else:
                if isinstance(event, Snapshot):
                    self._snapshot(reader, event)
                if reader.back:
                    self.catch_up_times.append(now - reader.back)
                    reader.back = 0

    def _out_of_order(self, reader: Listener, number: int) -> None:
        if number > reader.number:
            reader.holes.update(range(reader.number + 1, number))
            reader.number = number
            self.marks += 1
        elif number in reader.holes:
            reader.holes.discard(number)
            self.disordered += 1
            self.marks += 1
        else:
            self.doubled += 1

    def _snapshot(self, reader: Listener, snapshot: Snapshot) -> None:
        """Take a fresh start: what is in it is received; what left it before was announced and is not lost."""
        self.resets += snapshot.reset
        new = {number for number in snapshot.numbers if number > reader.number or number in reader.holes}
        newest = max(snapshot.numbers, default=reader.number)
        self.skipped += max(newest - reader.number, 0) + len(reader.holes) - len(new)
        reader.holes.clear()
        reader.number = max(newest, reader.number)
        self.marks += len(new)
