"""HTTP clients that use the proxy of the environment, except for this machine, which no proxy can reach."""

from __future__ import annotations

import os
from ipaddress import ip_address

import httpx

from ticker.errors import BadSetting


def open_client(url: str, headers: dict[str, str], timeout: httpx.Timeout | float) -> httpx.Client:
    """Return an HTTP client for the service at `url`; `timeout` is in seconds.

    Raises:
        BadSetting: the environment names a proxy that cannot be used.
    """
    address = httpx.URL(url)
    if is_loopback(address.host):
        # Loading certificates takes a good part of a command's time, and plain HTTP needs none.
        verify = httpx.create_ssl_context() if address.scheme == "https" else False
        return httpx.Client(headers=headers, timeout=timeout, verify=verify, trust_env=False)
    try:
        return httpx.Client(headers=headers, timeout=timeout)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        named = [name for name in os.environ if name.lower() in ("http_proxy", "https_proxy", "all_proxy")]
        raise BadSetting(f"{', '.join(named) or 'proxy'}: cannot be used as a proxy ({error})") from None


def is_loopback(host: str) -> bool:
    """Return True if a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
