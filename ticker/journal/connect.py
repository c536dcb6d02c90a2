"""Makes the client for an address: the scheme says of what kind the Redis is."""

from __future__ import annotations

from collections.abc import Callable

from ticker.errors import NotPermitted
from ticker.journal.cluster import Cluster
from ticker.journal.cluster_address import is_cluster
from ticker.journal.pools import RESPONSE_TIMEOUT
from ticker.journal.redis import Redis


def connect(
    url: str,
    *,
    response_timeout: float = RESPONSE_TIMEOUT,
    on_refusal: Callable[[NotPermitted], None] | None = None,
) -> Redis:
    """Return a client for a URL; nothing is sent before its first command. The arguments are those of `Redis`.

    Raises:
        BadSetting: the URL is that of no Redis.
    """
    kind = Cluster if is_cluster(url) else Redis
    return kind(url, response_timeout=response_timeout, on_refusal=on_refusal)
