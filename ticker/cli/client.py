"""A correspondent's way to a service over HTTP: TICKER_URL and TICKER_KEY."""

from __future__ import annotations

import os
import secrets
import time
from typing import Any, Final

import httpx

from ticker.errors import BadSetting, TickerError

DEFAULT_URL: Final = "http://127.0.0.1:8000"
ATTEMPTS: Final = 5
"""Times a request is sent while the service cannot be reached or asks to try again: about ten seconds."""


class Service:
    """A service at a URL. Every request carries an Idempotency-Key, so that sending again is safe."""

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        """Take the address and the key, or what the environment says."""
        self.url = (url or os.environ.get("TICKER_URL") or DEFAULT_URL).rstrip("/")
        self.key = key or os.environ.get("TICKER_KEY")
        if not self.url.startswith(("http://", "https://")):
            raise BadSetting(f"TICKER_URL: {self.url!r} is not an http or https address")

    def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        """Send a request and return the JSON of the answer.

        Raises:
            TickerError: in the service's own words, or because it cannot be reached.
        """
        sent = {"idempotency-key": f'"{secrets.token_hex(16)}"', **(headers or {})}
        if self.key:
            sent["authorization"] = f"Bearer {self.key}"
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                answer = httpx.request(method, self.url + path, json=body, headers=sent, timeout=10.0)
            except httpx.HTTPError as error:
                if last or isinstance(error, httpx.ConnectError):
                    raise TickerError(f"{self.url} cannot be reached ({error})") from None
                time.sleep(1.0)
                continue
            if answer.status_code in (429, 503) and not last:
                time.sleep(float(answer.headers.get("retry-after", 1)))
                continue
            return _content(answer)
        raise AssertionError("unreachable")


def _content(answer: httpx.Response) -> Any:
    try:
        content = answer.json() if answer.content else None
    except ValueError:
        content = None
    if answer.is_success:
        return content
    detail = content.get("detail") if isinstance(content, dict) else None
    hint = " (set TICKER_KEY)" if answer.status_code == 401 else ""
    raise TickerError(f"{detail or f'the service answered {answer.status_code}'}{hint}")
