"""Which service, and with which key: from parameters, else from TICKER_URL and TICKER_KEY."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

DEFAULT_URL: Final = "http://127.0.0.1:8000"

_KEY: Final = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class Target:
    """A service and a key to it.

    Attributes:
        url: the base of all paths, without a slash at its end.
        key: an API key, empty to read public feeds only. It is not in the representation, which may be logged.
        tls: for https, None for the certificates that httpx and Python trust.
    """

    url: str
    key: str = field(repr=False)
    tls: ssl.SSLContext | None = None

    @classmethod
    def read(cls, url: str | None, key: str | None, tls: ssl.SSLContext | None) -> Target:
        """Take what is given, else what the environment says.

        Raises:
            ValueError: the URL is not http or https, or the key has characters that no key has.
        """
        url = (url or os.environ.get("TICKER_URL") or DEFAULT_URL).rstrip("/")
        key = (os.environ.get("TICKER_KEY", "") if key is None else key).strip()
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"{url!r} is not the http or https URL of a service")
        if not _KEY.fullmatch(key):
            raise ValueError("a key has only letters, digits, - and _; was it pasted with quotes?")
        return cls(url, key, tls)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        return {"authorization": f"Bearer {self.key}"} if self.key else {}

    @property
    def verify(self) -> ssl.SSLContext | bool:
        """How httpx checks certificates; loading them takes a while, and plain HTTP needs none."""
        return self.url.startswith("https:") if self.tls is None else self.tls

    @property
    def by_proxy(self) -> bool:
        """True if a proxy that the environment names may be used: none can reach this machine itself for us."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost" or host.endswith(".localhost"):
            return False
        try:
            return not ip_address(host).is_loopback
        except ValueError:
            return True
