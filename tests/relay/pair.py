"""A node and a relay that follows it, without sockets: their hubs, one clock, and what travels between them."""

from __future__ import annotations

from typing import Any

from tests.hub.world import Clock, Log, Socket
from ticker.channel import Channel
from ticker.hub import Hub
from ticker.relay.bulletin import Bulletins
from ticker.relay.copies import Copies
from ticker.relay.log_time import LogTime

AT = "2026-03-11T14:30:{:06.3f}Z"
"""The log's time, so many seconds after it began."""


class Pair:
    """The feed `breaking` at a node, and its copy at a relay."""

    def __init__(self, entries: int = 0) -> None:
        self.clock = Clock()
        self.log = Log()
        for _ in range(entries):
            self.log.file()
        self.upstream, self.relay = (Hub(capacity=8, limit=100, clock=self.clock) for _ in range(2))
        self.log.open_in(self.upstream)
        self.copies = Copies(self.relay, self.clock)
        self.stream = Socket()
        self.follow()

    @property
    def at_upstream(self) -> Channel:
        return self.upstream.channels["breaking"]

    @property
    def at_relay(self) -> Channel:
        return self.relay.channels["breaking"]

    def follow(self) -> None:
        """Begin a session, after the last position if there is one."""
        self.bulletins = Bulletins(self.upstream, (), self.clock)
        self.copies.begin()
        self.copies.measure_with(LogTime())
        self.at_upstream.leave(self.stream)
        self.stream = Socket()
        self.at_upstream.join(self.stream, self.copies.position("breaking"))
        self.tell()
        self.bring()

    def tell(self) -> bool:
        """Bring the relay the bulletins; return True if something was proven."""
        proven = False
        for message in self.bulletins.take():
            if message["type"] == "feeds":
                self.copies.take_settings(message["feeds"])
            else:
                proven = self.copies.take_proof(message)
        return proven

    def bring(self) -> list[dict[str, Any]]:
        """Bring the relay the frames of the stream, and return them."""
        frames = self.stream.take()
        for frame in frames:
            self.copies.take("breaking", frame)
        return frames

    def prove(self, *, beat: bool = False, watching: int = 0) -> None:
        """The node is in sync with the log, now."""
        self.at_upstream.prove(AT.format(self.clock.now - 1000), beat=beat, watching=watching)

    def file(self) -> None:
        self.upstream.publish("breaking", [self.log.file()])

    def reader(self, after: str | None = None) -> Socket:
        """A reader of the relay."""
        socket = Socket()
        self.at_relay.join(socket, after)
        return socket
