"""The address of a Redis Cluster: some of its servers, from which the service learns of the others."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

from ticker.errors import BadSetting
from ticker.journal.address import SETTING, check_address
from ticker.journal.slots import Address

SCHEMES: Final = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
"""Scheme of a cluster → that of each of its servers."""

DEFAULT_PORT: Final = 6379


class ClusterAddress:
    """`redis+cluster://[user:password@]host:port,host:port[?options]`, or `rediss+cluster://` with TLS.

    Attributes:
        seeds: the servers that are named.
    """

    def __init__(self, url: str) -> None:
        """Take the URL.

        Raises:
            BadSetting: it cannot be used; the message has no part of the URL.
        """
        scheme, _, rest = url.partition("://")
        named, mark, query = rest.partition("?")
        login, at, hosts = named.rpartition("@")
        if "/" in hosts.rstrip("/") or "db" in parse_qs(query, keep_blank_values=True):
            raise BadSetting(f"{SETTING}: a cluster has no numbered databases; leave out what follows the hosts")
        self._before = f"{SCHEMES[scheme]}://{login}{at}"
        self._after = f"/{mark}{query}"
        self.seeds = []
        for host in hosts.rstrip("/").split(","):
            seed = f"{self._before}{host}{self._after}"
            check_address(seed)
            parts = urlsplit(seed)
            self.seeds.append(Address(parts.hostname or "", parts.port or DEFAULT_PORT))

    def of(self, server: Address) -> str:
        """Return the address of one server of the cluster, with the same user, password and options."""
        host = f"[{server.host}]" if ":" in server.host else server.host
        return f"{self._before}{host}:{server.port}{self._after}"


def is_cluster(url: str) -> bool:
    """Return True if a URL is that of a cluster."""
    return url.partition("://")[0] in SCHEMES
