"""HTTP client of a service, which TICKER_URL and TICKER_KEY name."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

import httpx

from ticker.cli.message import tell
from ticker.cli.proxy import open_client
from ticker.cli.waiting import Waiting
from ticker.client import Client, ClientError, DeadlineExceeded, Problem, UnexpectedResponse
from ticker.client.clock import system_clock
from ticker.client.exchange import Arguments, arguments, read, was_sent
from ticker.client.outage import reason_of
from ticker.client.request import Request, change_request, read_request
from ticker.client.response import content, failure
from ticker.client.sending import Sending
from ticker.client.target import Target
from ticker.errors import BadSetting, TickerError

DEADLINE: Final = 10.0
"""Seconds for which a request is sent again while the service asks to, or a connection is lost: a person waits."""

TIMEOUT: Final = 10.0
"""Seconds a service may take to respond."""

_ASKS_AGAIN: Final = (429, 503)
"""Statuses after which a change without a usable Idempotency-Key is sent again: the service itself asks for that."""

Content = TypeVar("Content")

Repeat = Callable[[str], str]
"""Returns the command that sends the same change again, given its Idempotency-Key."""


class _Failure(NamedTuple):
    """An attempt that did not settle a request.

    Attributes:
        fault: what went wrong.
        sent: False if there was no connection.
        wait: seconds after which to send the request again.
    """

    fault: Exception
    sent: bool
    wait: float

    def is_worth_repeating(self, request: Request[Any]) -> bool:
        """Return True if sending the request again is safe, and somebody is there to take it."""
        asks_again = isinstance(self.fault, Problem) and self.fault.status in _ASKS_AGAIN
        return self.sent and (asks_again or _is_repeatable(request))


class Service:
    """A service at a URL, for commands: `ticker.client` decides what is sent again and what a response means."""

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        """Take the address and the key, by default from the environment.

        Raises:
            BadSetting: one of them cannot be used.
        """
        try:
            self.url = Target.read(url, "", None).url
            httpx.URL(self.url)
        except (httpx.InvalidURL, ValueError) as error:
            raise BadSetting(f"TICKER_URL: {error}") from None
        try:
            self.target = Target.read(url, key or None, None)
        except ValueError as error:
            raise BadSetting(f"TICKER_KEY: {error}") from None

    def client(self, timeout: httpx.Timeout | float = TIMEOUT) -> httpx.Client:
        """Return an HTTP client for this service, with its key."""
        return open_client(self.target, timeout)

    def library(self, deadline: float) -> Client:
        """Return the client of `ticker.client`, which sends each request again for `deadline` seconds."""
        open_client(self.target, TIMEOUT).close()  # a proxy that cannot be used is named
        # As `open_client`: certificates that the environment names are for this machine, too.
        tls = httpx.create_ssl_context() if self.url.startswith("https:") else None
        return Client(self.target.url, self.target.key, deadline=deadline, tls=tls)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a request and return the JSON of the response; raises as `send`."""
        return self.send(read_request(path) if method == "GET" else change_request(method, path, body))

    def send(self, request: Request[Content], repeat: Repeat | None = None) -> Content:
        """Send a request and return what the response holds. After a second without one, print a message to stderr.

        `repeat` gives the command for the error message where a change may have been kept although no response
        confirmed it.

        Raises:
            TickerError: the service refused, with its own message, or cannot be reached.
        """
        return cast("Content", self._content(self._settle(request, repeat)))

    def pages(self, path: str) -> Iterator[Any]:
        """Yield the JSON of each page of a list, as the Link of the one before leads to it; raises as `ask`."""
        query = ""
        while True:
            response = self._settle(read_request(path + query))
            yield self._content(response)
            url = response.links.get("next", {}).get("url")
            if url is None:
                return
            query = f"?{urlsplit(url).query}"  # the rest would let a response send our key to another host

    def _settle(self, request: Request[Any], repeat: Repeat | None = None) -> httpx.Response:
        """Send a request until it is settled, as `ticker.client` does, and tell people what it waits for."""
        key = request.idempotency_key
        command = repeat(key) if repeat is not None and key is not None and _is_repeatable(request) else None
        advice = f"its Idempotency-Key is {key}" if command else "Ctrl-C ends the wait"
        sending = Sending(request, deadline=DEADLINE, timeout=TIMEOUT, now=system_clock(), random=random.random)
        with self.client() as client, Waiting(f"waiting for {self.url}; {advice}") as waiting:
            try:
                while isinstance(outcome := self._attempt(client, sending), _Failure):
                    if not outcome.is_worth_repeating(request):
                        raise TickerError(self.explain(outcome.fault, maybe_kept=sending.maybe_kept, command=command))
                    waiting.report(f"{self.explain(outcome.fault)}; trying again")
                    time.sleep(outcome.wait)
            except ClientError as error:
                raise TickerError(self.explain(error, maybe_kept=error.maybe_kept, command=command)) from None
            except KeyboardInterrupt:
                if sending.maybe_kept:
                    tell(f"interrupted{_consequence(command)}")
                raise
        return outcome

    def _attempt(self, client: httpx.Client, sending: Sending) -> httpx.Response | _Failure:
        """Send a request once; raises as `Sending` does where sending it again makes no sense."""
        try:
            response = client.request(**self._arguments(sending))
            wait = sending.on_response(read(response), system_clock())
        except (httpx.RequestError, httpx.InvalidURL) as error:
            sent = isinstance(error, httpx.RequestError) and was_sent(error)
            return _Failure(error, sent, sending.on_lost(error, sent=sent, now=system_clock()))
        except KeyboardInterrupt:
            sending.on_interrupt()
            raise
        return response if wait is None else _Failure(failure(read(response)), sent=True, wait=wait)

    def _arguments(self, sending: Sending) -> Arguments:
        wanted = arguments(sending.request, sending.timeout(system_clock()))
        wanted["url"] = self.url + wanted["url"]
        return wanted

    def lines(self, path: str) -> Iterator[str]:
        """Yield the lines of a response as they arrive; raises as `ask`."""
        try:
            with self.client(30.0) as client, client.stream("GET", self.url + path) as response:
                if not response.is_success:
                    response.read()
                    self._content(response)
                yield from response.iter_lines()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TickerError(self.explain(error)) from None

    def _content(self, response: httpx.Response) -> Any:
        try:
            return content(read(response))
        except ClientError as error:
            raise TickerError(self.explain(error)) from None

    def explain(self, error: Exception, *, maybe_kept: bool = False, command: str | None = None) -> str:
        """Return an error as a sentence for people; `command` sends again what may have been kept."""
        consequence = _consequence(command) if maybe_kept else ""
        if isinstance(error, DeadlineExceeded) and isinstance(error.__cause__, Exception):
            error = error.__cause__
        if isinstance(error, UnexpectedResponse):
            return f"{self.url} responded with {error.status}, but not as a ticker service does{consequence}"
        if isinstance(error, Problem):
            hint = " (set TICKER_KEY)" if error.status == 401 else ""
            return f"{error.detail}{hint}{consequence}"
        return f"{self.unreachable(reason_of(error))}{consequence}"

    def unreachable(self, reason: str) -> str:
        """Return that the service did not respond as a sentence for people."""
        return f"{self.url} cannot be reached ({reason})"


def _is_repeatable(request: Request[Any]) -> bool:
    """Return True if a request is made once however often it is sent: only below a feed has the key that effect."""
    return request.path.startswith("/v1/feeds/")


def _consequence(command: str | None) -> str:
    if command is None:
        return "; the change may have been made all the same: check before you repeat it"
    return f"; the change may have been kept. To send it again without making it twice: {command}"
