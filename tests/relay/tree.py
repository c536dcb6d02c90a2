"""Relays under test: real processes, one behind the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.service import TICKER, Service


class Relay(Service):
    """`ticker relay` on a free port; given a `key`, it reports its readers."""

    def __init__(self, *upstreams: Service, flags: tuple[str, ...] = (), **settings: str) -> None:
        named = ",".join(upstream.url for upstream in upstreams)
        self._upstreams = named
        super().__init__(Path(), *flags, admin_key=upstreams[0].key, **settings)

    @property
    def command(self) -> list[str]:
        return [*TICKER, "relay", "--upstream", self._upstreams]

    def level(self) -> bool:
        """Return True once it is in sync with its upstream."""
        with contextlib.suppress(httpx.HTTPError):
            return self.http.get("/readyz").status_code == 200
        return False


class RelayedService(Service):
    """A service behind a row of relays: readers and writers are at the last one; what harms it harms the node."""

    keeps_readers = True

    def __init__(self, origin: Service, *, depth: int = 3) -> None:
        self.origin = origin
        self._depth = depth
        self.relays: list[Relay] = []
        super().__init__(origin.data, admin_key=origin.key)

    def start(self) -> None:
        """Start the service, and its relays unless they run."""
        self.origin.start()
        while len(self.relays) < self._depth:
            relay = Relay([self.origin, *self.relays][-1], key=self.origin.key)
            relay.start()
            self.relays.append(relay)
        self.process, self.errors = self.origin.process, self.origin.errors
        last = self.relays[-1]
        self.url, self.port, self.http = last.url, last.port, last.http
        for relay in self.relays:
            relay.until(relay.level)

    def stop(self) -> int:
        status = self.origin.stop()
        for relay in reversed(self.relays):
            relay.stop()
        self.relays.clear()
        return status

    def kill(self) -> None:
        self.origin.kill()


@contextlib.contextmanager
def relayed(data: Path, *flags: str, depth: int = 3, **settings: Any) -> Iterator[RelayedService]:
    """Give a service behind so many relays."""
    running = RelayedService(Service(data, *flags, **settings), depth=depth)
    try:
        running.start()
        yield running
    finally:
        running.stop()
