"""Time that the test lets pass, and a service whose every word is the test's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from tests.client.frames import beat, snapshot
from ticker.client.attempt import TRANSPORTS, Attempt, Transport
from ticker.client.clock import Instant
from ticker.client.connection import Connection, Event
from ticker.client.following import Change, Following
from ticker.client.frames import Frame
from ticker.client.outage import Outage
from ticker.client.response import Response

CLOSED = snapshot("9-z", closed="2026-03-11T14:00:00.000Z")
"""The last frame of a feed that was closed."""

SERVER = 1_773_237_600_000  # 2026-03-11T14:00:00Z


class Time:
    """Both clocks, moved by hand. The dice show `dice`; the clock of the log was set back by `set_back` seconds."""

    def __init__(self) -> None:
        self.now = Instant(SERVER, 5_000)
        self.dice = 0.5
        self.set_back = 0

    def random(self) -> float:
        return self.dice

    def move(self, seconds: float, *, asleep: bool = False) -> None:
        passed = round(seconds * 1000)
        self.now = Instant(self.now.wall + passed, self.now.mono + (0 if asleep else passed))

    @property
    def at(self) -> str:
        """The time by the clock of the log, which is right, unless it was set back."""
        seconds, milliseconds = divmod(self.now.wall - SERVER - self.set_back * 1000, 1000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"2026-03-11T{14 + hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}Z"


class Peer(Time):
    """A connection under test, and the far end of what it opens."""

    def __init__(self, transports: Sequence[Transport] = TRANSPORTS, **options: Any) -> None:
        super().__init__()
        self.connection = Connection("f", now=self.now, random=self.random, transports=transports, **options)
        self.events: list[Event] = self.connection.start(self.now)
        self.attempts: list[Attempt] = []
        self._note()

    def _note(self, events: Sequence[Event] = ()) -> None:
        self.events += events
        wanted = self.connection.wanted
        if wanted is not None and (not self.attempts or self.attempts[-1] is not wanted):
            self.attempts.append(wanted)

    def send(self, *frames: Frame) -> None:
        for frame in frames:
            self._note(self.connection.on_message(orjson.dumps(frame), self.now))

    def raw(self, message: str) -> None:
        self._note(self.connection.on_message(message, self.now))

    def open(self, position: str = "1-a") -> None:
        """The first frames of a stream."""
        self.send(snapshot(position), beat(position, self.at))

    def beat(self) -> None:
        self.send(beat(self.connection.after, self.at))

    def respond(self, status: int, content: Any = None, **headers: str) -> None:
        body = b"" if content is None else orjson.dumps(content)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._note(self.connection.on_response(Response(status, named, body), self.now))

    def drop(self, reason: str = "Cut") -> None:
        self._note(self.connection.on_lost(reason, self.now))

    def wait(self) -> float | None:
        wait = self.connection.wait(self.now)
        return None if wait is None else wait / 1000

    def passes(self, seconds: float) -> None:
        """Let time pass, and let the connection do what is due on the way, when it is due."""
        end = self.now.mono + round(seconds * 1000)
        while (wait := self.connection.wait(self.now)) is not None and self.now.mono + wait <= end:
            self.move(wait / 1000)
            self._note(self.connection.on_time(self.now))
        self.move((end - self.now.mono) / 1000)

    def hangs(self, seconds: float) -> None:
        """Let time pass while the program does something else, and only then let it look."""
        self.move(seconds)
        self._note(self.connection.on_time(self.now))

    @property
    def outage(self) -> Outage | None:
        return self.connection.outage(self.now)

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]

    @property
    def paths(self) -> list[str]:
        return [attempt.path for attempt in self.attempts]


class Desk(Time):
    """A feed that is followed, and the far end of it."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        options = {"limit": 20, "transports": (Transport.WEBSOCKET,), **options}
        self.following = Following("breaking", now=self.now, random=self.random, **options)
        self.changes: list[Change] = self.following.start(self.now)

    def send(self, *frames: Frame) -> list[Change]:
        """Let frames arrive, and return the changes."""
        return self._note([one for frame in frames for one in self.following.on_message(orjson.dumps(frame), self.now)])

    def beat(self) -> list[Change]:
        return self.send(beat(self.following.state.position, self.at))

    def drop(self, reason: str = "Cut") -> list[Change]:
        return self._note(self.following.on_lost(reason, self.now))

    def respond(self, status: int, content: Any = None) -> list[Change]:
        response = Response(status, {}, b"" if content is None else orjson.dumps(content))
        return self._note(self.following.on_response(response, self.now))

    def passes(self, seconds: float) -> list[Change]:
        end, found = self.now.mono + round(seconds * 1000), []
        while (wait := self.following.wait(self.now)) is not None and self.now.mono + wait * 1000 <= end:
            self.move(wait)
            found += self.following.on_time(self.now)
        self.move((end - self.now.mono) / 1000)
        return self._note(found)

    def _note(self, changes: list[Change]) -> list[Change]:
        self.changes += changes
        return changes

    @property
    def status(self) -> str:
        return self.following.status(self.now).name
