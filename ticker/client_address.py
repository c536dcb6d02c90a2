"""Whose connection it is: the address of a client, also behind proxies, and the group that it counts in."""

from __future__ import annotations

import contextlib
import ipaddress
from functools import lru_cache
from typing import Final

from ticker.settings import Network

MAX_HOPS: Final = 16
"""Members of X-Forwarded-For that are read, from its end: those at its start are what the client says itself."""

_CACHED: Final = 4096


class ClientAddresses:
    """Groups addresses, and reads what trusted proxies say about their clients."""

    def __init__(self, trusted: tuple[Network, ...]) -> None:
        """`trusted` are the networks whose members are proxies and are believed."""
        self._trusted = trusted
        self.group = lru_cache(maxsize=_CACHED)(self._group)
        """Return the group in which an address counts: itself, or for IPv6 its /64; None if it is trusted, or none."""

    def _group(self, address: str) -> str | None:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])  # without the scope of a link-local address
        except ValueError:
            return None
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        if any(ip in network for network in self._trusted):
            return None
        return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))

    def forwarded(self, header: str) -> str | None:
        """Return the group of the client that a trusted proxy names in X-Forwarded-For.

        That is the last member that is no trusted proxy; None if there is none, or if that is not an address.
        """
        for member in reversed(header.rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
            address = _without_port(member.strip())
            group = self.group(address)
            if group is not None or not _is_address(address):
                return group
        return None

    def of_request(self, peer: str, header: str | None) -> str:
        """Return the group in which a request counts that came from `peer`, with this X-Forwarded-For.

        Of a trusted proxy that names no client, that is the proxy itself.
        """
        return self.group(peer) or (header and self.forwarded(header)) or peer


def _without_port(member: str) -> str:
    """Return the address of `192.0.2.1:80`, `[2001:db8::1]:80` and the like."""
    if member.startswith("["):
        return member[1:].partition("]")[0]
    return member.partition(":")[0] if member.count(":") == 1 else member


def _is_address(text: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(text.partition("%")[0])
        return True
    return False
