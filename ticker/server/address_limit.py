"""How many connections one address may have, so that one stranger cannot take them all.

A connection counts for the address that it comes from. One that comes from a trusted proxy counts for nobody, except
while it carries a request of a client that the proxy names: a stream, a wait, or a response that is being sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ticker.client_address import ClientAddresses
from ticker.errors import TooManyConnections
from ticker.settings import Network

SHARE: Final = 4
"""One address gets at most this part of a worker's open files, whatever the limit."""

RETRY_AFTER: Final = 10
"""Seconds after which a refused client should try again."""

FORWARDED: Final = "x-forwarded-for"


class AddressLimit:
    """Counts the connections of each address, by the descriptors of those that have no transport."""

    def __init__(self, limit: int, trusted: tuple[Network, ...], *, open_files: int) -> None:
        """`limit` is for each address, 0 for none; `open_files` is how many this process may have."""
        self.limit = limit and max(1, min(limit, open_files // SHARE))
        self._addresses = ClientAddresses(trusted)
        self._open: dict[str, int] = {}
        self._groups: dict[int, str] = {}
        self._forwarded: set[int] = set()

    def __len__(self) -> int:
        """Return how many connections count."""
        return sum(self._open.values())

    # Connections without a transport, by their descriptors

    def admit(self, descriptor: int, address: str) -> bool:
        """Count a new connection; return False if its address has too many."""
        if not self.limit or (group := self._addresses.group(address)) is None:
            return True
        if not self.acquire(group):
            return False
        self._groups[descriptor] = group
        return True

    def start_request(self, descriptor: int, headers: Mapping[str, str]) -> bool:
        """Count a connection of a trusted proxy for the client of a request; return False if that has too many."""
        if descriptor in self._groups or (group := self.forwarded_group(headers)) is None:
            return True
        if not self.acquire(group):
            return False
        self.attach(descriptor, group, forwarded=True)
        return True

    def end_request(self, descriptor: int) -> None:
        """Count a connection of a trusted proxy for nobody, since its request is answered."""
        if descriptor in self._forwarded:
            self.close(descriptor)

    def close(self, descriptor: int) -> None:
        """Note that a connection is about to be closed."""
        self.release(self.detach(descriptor))

    def attach(self, descriptor: int, group: str | None, *, forwarded: bool = False) -> None:
        """Count a connection by its descriptor that counts already, such as one that leaves its transport."""
        if group is not None:
            self._groups[descriptor] = group
            if forwarded:
                self._forwarded.add(descriptor)

    def detach(self, descriptor: int) -> str | None:
        """Return the group of a connection, which continues to count and is no longer known by its descriptor."""
        self._forwarded.discard(descriptor)
        return self._groups.pop(descriptor, None)

    # Connections with a transport

    def forwarded_group(self, headers: Mapping[str, str]) -> str | None:
        """Return for whom a request that came from a trusted proxy counts; None for nobody."""
        return self._addresses.forwarded(headers[FORWARDED]) if self.limit and FORWARDED in headers else None

    def acquire(self, group: str) -> bool:
        """Count one more connection of a group; return False if it has too many."""
        count = self._open.get(group, 0)
        if count >= self.limit:
            return False
        self._open[group] = count + 1
        return True

    def release(self, group: str | None) -> None:
        """Count one connection of a group less."""
        if group is None:
            return
        self._open[group] -= 1
        if not self._open[group]:
            del self._open[group]

    def error(self) -> TooManyConnections:
        """Return the error for a client that has too many."""
        return TooManyConnections(
            f"Your address has {self.limit} connections here, as many as one may have; close some, or wait",
            retry_after=RETRY_AFTER,
        )


class CountedConnection:
    """For whom a connection with a transport counts."""

    def __init__(self, limit: AddressLimit, descriptor: int) -> None:
        """Take over from the descriptor of a connection that gets a transport."""
        self._limit = limit
        self._own = limit.detach(descriptor)
        self._request: str | None = None

    def start_request(self, headers: Mapping[str, str]) -> None:
        """Count it for the client of a request, if it comes from a trusted proxy.

        Raises:
            TooManyConnections: the client has too many.
        """
        self.end_request()
        if self._own is not None or (group := self._limit.forwarded_group(headers)) is None:
            return
        if not self._limit.acquire(group):
            raise self._limit.error()
        self._request = group

    def end_request(self) -> None:
        """Count it for nobody, if it comes from a trusted proxy."""
        group, self._request = self._request, None
        self._limit.release(group)

    def leave(self, descriptor: int) -> None:
        """Give a connection that leaves its transport back to its new descriptor."""
        self._limit.attach(descriptor, self._own or self._request, forwarded=self._own is None)
        self._own = self._request = None

    def close(self) -> None:
        """Note that the connection is closed."""
        self.end_request()
        group, self._own = self._own, None
        self._limit.release(group)
