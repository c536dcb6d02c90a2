"""A correspondent's way to a service over HTTP: TICKER_URL and TICKER_KEY."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx

from ticker.errors import BadSetting, TickerError

DEFAULT_URL: Final = "http://127.0.0.1:8000"
ATTEMPTS: Final = 5
"""Times a request is sent while the service cannot be reached or asks to try again: about ten seconds."""


class Service:
    """A service at a URL. Every request carries an Idempotency-Key, so that filing again is safe."""

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        """Take the address and the key, or what the environment says."""
        self.url = (url or os.environ.get("TICKER_URL") or DEFAULT_URL).rstrip("/")
        self.key = (key or os.environ.get("TICKER_KEY") or "").strip()
        try:
            usable = httpx.URL(self.url).scheme in ("http", "https")
        except (httpx.InvalidURL, ValueError):
            usable = False
        if not usable:
            raise BadSetting(f"TICKER_URL: {self.url!r} is not an http or https address")
        if self.key and not self.key.isascii():
            raise BadSetting("TICKER_KEY: a key has only letters, digits, - and _; was it pasted with quotes?")

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
                # Whether it arrived is not known; only below a feed does the key make sending again safe.
                if last or isinstance(error, httpx.ConnectError) or not path.startswith("/v1/feeds/"):
                    raise TickerError(f"{self.url} cannot be reached ({error})") from None
                time.sleep(1.0)
                continue
            if answer.status_code in (429, 503) and not last:
                time.sleep(_seconds(answer.headers.get("retry-after", "")))
                continue
            return self._content(answer)
        raise AssertionError("unreachable")

    def lines(self, path: str) -> Iterator[str]:
        """Give the lines of an answer as they come; raises as `ask`."""
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            with httpx.stream("GET", self.url + path, headers=headers, timeout=30.0) as answer:
                if not answer.is_success:
                    answer.read()
                    self._content(answer)
                yield from answer.iter_lines()
        except httpx.HTTPError as error:
            raise TickerError(f"{self.url} cannot be reached ({error})") from None

    def _content(self, answer: httpx.Response) -> Any:
        try:
            content = answer.json() if answer.content else {}
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise TickerError(f"{self.url} answered {answer.status_code}, but not as a ticker does")
        if answer.is_success:
            return content
        hint = " (set TICKER_KEY)" if answer.status_code == 401 else ""
        raise TickerError(f"{content.get('detail', f'the service answered {answer.status_code}')}{hint}")


def _seconds(retry_after: str) -> float:
    """Return how long to wait; a proxy may name a date instead, or a time longer than anybody would sit there."""
    return min(float(retry_after), 10.0) if retry_after.isdecimal() else 1.0
