"""What the readers of the load have heard: whether each had every line once and in order, and how soon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ticker.load.frames import Line, News, Snapshot


class Listener:
    """One reader's place among the lines.

    Attributes:
        position: the last position it was told, from where it resumes.
        number: the highest number of a line it has had.
        holes: lower ones that it has not.
        back: when it could come back after its line dropped (ns), until it is level again; else 0.
    """

    __slots__ = ("back", "holes", "number", "position")

    def __init__(self) -> None:
        self.position = ""
        self.number = 0
        self.holes: set[int] = set()
        self.back = 0

    def missing(self, sent: int) -> int:
        """Return how many of the lines up to number `sent` it has not had."""
        return max(sent - self.number, 0) + len(self.holes)


class Count:
    """What all of them have heard since counting began."""

    def __init__(self) -> None:
        self.marks = self.doubled = self.disordered = self.resets = self.skipped = 0
        self.last_at = 0
        self.delays: Counter[int] = Counter()
        """How many lines were so many nanoseconds on their way, to one per cent."""
        self.levels: list[int] = []
        """Nanoseconds from when each could come back until it was level."""

    def hear(self, who: Listener, news: Iterable[News], now: int) -> None:
        """Count what one of them hears at `now` (ns)."""
        delays = self.delays
        for event in news:
            if isinstance(event, Line):  # nearly all of it, so here and not in a method
                sent, number = event
                delay = now - sent
                shift = max(delay.bit_length() - 8, 0)
                delays[delay >> shift << shift] += 1
                self.last_at = now
                if number == who.number + 1:
                    who.number = number
                    self.marks += 1
                else:
                    self._out_of_turn(who, number)
            else:
                if isinstance(event, Snapshot):
                    self._snapshot(who, event)
                if who.back:
                    self.levels.append(now - who.back)
                    who.back = 0

    def _out_of_turn(self, who: Listener, number: int) -> None:
        if number > who.number:
            who.holes.update(range(who.number + 1, number))
            who.number = number
            self.marks += 1
        elif number in who.holes:
            who.holes.discard(number)
            self.disordered += 1
            self.marks += 1
        else:
            self.doubled += 1

    def _snapshot(self, who: Listener, snapshot: Snapshot) -> None:
        """A fresh start: what stands in it is seen, what fell out before it was announced and is not lost."""
        self.resets += snapshot.reset
        new = {number for number in snapshot.numbers if number > who.number or number in who.holes}
        newest = max(snapshot.numbers, default=who.number)
        self.skipped += max(newest - who.number, 0) + len(who.holes) - len(new)
        who.holes.clear()
        who.number = max(newest, who.number)
        self.marks += len(new)
