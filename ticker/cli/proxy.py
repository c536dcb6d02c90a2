"""HTTP clients that use the proxy of the environment, except for this machine, which no proxy can reach."""

from __future__ import annotations

import os

import httpx

from ticker.client.target import Target
from ticker.errors import BadSetting


def open_client(target: Target, timeout: httpx.Timeout | float) -> httpx.Client:
    """Return an HTTP client for a service; `timeout` is in seconds.

    Raises:
        BadSetting: the environment names a proxy that cannot be used.
    """
    if not target.by_proxy:
        # Loading certificates takes a good part of a command's time, and plain HTTP needs none.
        verify = httpx.create_ssl_context() if target.url.startswith("https:") else False
        return httpx.Client(headers=target.headers, timeout=timeout, verify=verify, trust_env=False)
    try:
        return httpx.Client(headers=target.headers, timeout=timeout)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        named = [name for name in os.environ if name.lower() in ("http_proxy", "https_proxy", "all_proxy")]
        raise BadSetting(f"{', '.join(named) or 'proxy'}: cannot be used as a proxy ({error})") from None
