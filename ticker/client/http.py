"""The HTTP connections to a service, asynchronous."""

from __future__ import annotations

from typing import Final

import httpx

from ticker.client.target import Target

DEFAULT_TIMEOUT: Final = 5.0
"""Seconds."""


def http_client(target: Target, timeout: httpx.Timeout | float = DEFAULT_TIMEOUT) -> httpx.AsyncClient:
    """Return a client whose paths are those of the target, with its key; `timeout` is in seconds."""
    return httpx.AsyncClient(
        base_url=target.url,
        headers=target.headers,
        timeout=timeout,
        verify=target.verify,
        trust_env=target.by_proxy,
    )
