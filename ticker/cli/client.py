"""HTTP client of a service, which TICKER_URL and TICKER_KEY name."""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import httpx

from ticker.cli.proxy import open_client
from ticker.cli.waiting import Waiting
from ticker.errors import BadSetting, TickerError

DEFAULT_URL: Final = "http://127.0.0.1:8000"
ATTEMPTS: Final = 5
"""Times a request is sent while the service cannot be reached or asks to retry; together about ten seconds."""

TIMEOUT: Final = 10.0
"""Seconds a service may take to respond."""

_KEY: Final = re.compile(r"[\x21-\x7e]+")

Repeat = Callable[[str], str]
"""Returns the command that sends the same change again, given its Idempotency-Key."""


class Service:
    """A service at a URL. Every request carries an Idempotency-Key, so that sending it again is safe."""

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        """Take the address and the key, by default from the environment.

        Raises:
            BadSetting: one of them cannot be used.
        """
        self.url = (url or os.environ.get("TICKER_URL") or DEFAULT_URL).rstrip("/")
        self.key = (key or os.environ.get("TICKER_KEY") or "").strip()
        try:
            address = httpx.URL(self.url)
            usable = address.scheme in ("http", "https") and bool(address.host)
        except (httpx.InvalidURL, ValueError):
            usable = False
        if not usable:
            raise BadSetting(f"TICKER_URL: {self.url!r} is not an http or https address")
        if self.key and not _KEY.fullmatch(self.key):
            raise BadSetting("TICKER_KEY: a key has only letters, digits, - and _; was it pasted with quotes?")

    def client(self, timeout: httpx.Timeout | float = TIMEOUT) -> httpx.Client:
        """Return an HTTP client for this service, with its key."""
        return open_client(self.url, self._authorization(), timeout)

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        *,
        key: str | None = None,
        repeat: Repeat | None = None,
    ) -> Any:
        """Send a request and return the JSON of the response; see `_request`."""
        return self._content(self._request(method, path, body, headers, key=key, repeat=repeat))

    def pages(self, path: str) -> Iterator[Any]:
        """Yield the JSON of each page of a list, as the Link of the one before leads to it; raises as `ask`."""
        query = ""
        while True:
            response = self._request("GET", path + query)
            yield self._content(response)
            url = response.links.get("next", {}).get("url")
            if url is None:
                return
            query = f"?{urlsplit(url).query}"  # the rest would let a response send our key to another host

    def _request(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        *,
        key: str | None = None,
        repeat: Repeat | None = None,
    ) -> httpx.Response:
        """Send a request and return the response. After a second without one, print a message to stderr.

        `key` is the Idempotency-Key. `repeat` gives the command for the error message where a change may have been
        kept although no response confirmed it.

        Raises:
            TickerError: the service refused, with its own message, or cannot be reached.
        """
        key = key or secrets.token_hex(16)
        sent = {"idempotency-key": f'"{key}"', **(headers or {})}
        repeatable = path.startswith("/v1/feeds/")
        # Only below a feed does the key make sending again safe.
        doubt = _Doubt(key, repeat if repeatable else None, changes=method != "GET")
        with self.client() as client, Waiting(f"waiting for {self.url}; {doubt.advice}") as waiting:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    response = client.request(method, self.url + path, json=body, headers=sent)
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    fault = f"{self.url} cannot be reached ({_reason(error)})"
                    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.InvalidURL):
                        doubt.raise_error(fault)  # nothing was sent this time
                    doubt.exists = True
                    if attempt == ATTEMPTS or not repeatable:
                        doubt.raise_error(fault)
                    seconds = 1.0
                except KeyboardInterrupt:
                    doubt.exists = True
                    doubt.report_interrupt()
                    raise
                else:
                    if response.status_code not in (429, 503):
                        self._content(response)  # raises where the service refused
                        return response
                    # A 503 may follow an entry that was written but not confirmed by disk or replicas.
                    doubt.exists |= response.status_code == 503
                    if attempt == ATTEMPTS:
                        doubt.raise_error(self._detail(response))
                    fault, seconds = self._detail(response), pause(response.headers.get("retry-after", ""))
                waiting.report(f"{fault}; trying again ({attempt + 1} of {ATTEMPTS})")
                try:
                    time.sleep(seconds)
                except KeyboardInterrupt:
                    doubt.report_interrupt()
                    raise
        raise AssertionError("unreachable")

    def lines(self, path: str) -> Iterator[str]:
        """Yield the lines of a response as they arrive; raises as `ask`."""
        try:
            with self.client(30.0) as client, client.stream("GET", self.url + path) as response:
                if not response.is_success:
                    response.read()
                    self._content(response)
                yield from response.iter_lines()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TickerError(f"{self.url} cannot be reached ({_reason(error)})") from None

    def refuse(self, response: httpx.Response) -> NoReturn:
        """Raise the error that an unsuccessful response describes."""
        raise TickerError(self._detail(response))

    def _authorization(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"} if self.key else {}

    def _content(self, response: httpx.Response) -> Any:
        if not response.is_success:
            self.refuse(response)
        try:
            content = response.json() if response.content else {}
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise TickerError(f"{self.url} responded with {response.status_code}, but not as a ticker service does")
        return content

    def _detail(self, response: httpx.Response) -> str:
        try:
            content = response.json()
        except ValueError:
            content = None
        if not isinstance(content, dict):
            return f"{self.url} responded with {response.status_code}, but not as a ticker service does"
        hint = " (set TICKER_KEY)" if response.status_code == 401 else ""
        return f"{content.get('detail', f'the service responded with {response.status_code}')}{hint}"


class _Doubt:
    """Whether a change may have been kept although no response confirmed it, and how to make sure."""

    def __init__(self, key: str, repeat: Repeat | None, *, changes: bool) -> None:
        self.exists = False
        self._changes = changes
        self._command = repeat(key) if repeat is not None else None
        self.advice = f"its Idempotency-Key is {key}" if changes and self._command else "Ctrl-C ends the wait"

    def raise_error(self, fault: str) -> NoReturn:
        raise TickerError(f"{fault}{self._consequence()}") from None

    def report_interrupt(self) -> None:
        """Print what is known before the command ends by Ctrl-C."""
        if consequence := self._consequence():
            print(f"ticker: interrupted{consequence}", file=sys.stderr, flush=True)

    def _consequence(self) -> str:
        if not (self.exists and self._changes):
            return ""
        if self._command is None:
            return "; the change may have been made all the same: check before you repeat it"
        return f"; the change may have been kept. To send it again without making it twice: {self._command}"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def pause(retry_after: str) -> float:
    """Return the seconds to wait, at most ten; one second for a date, which a proxy may send instead of a number."""
    return min(float(retry_after), 10.0) if retry_after.isdecimal() else 1.0
