"""A correspondent's browser at the desk, as the tests drive it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any, Self

import httpx
import orjson
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.service import Service
from ticker.journal.connect import connect as connect_to_log

OURS = {"sec-fetch-site": "same-origin"}


def key(service: Service, role: str = "correspondent", *feeds: str, name: str = "Lena Ortiz") -> dict[str, Any]:
    """Issue a key and return it as it was issued."""
    answer = service.http.post(
        "/v1/keys", json={"name": name, "role": role, **({"feeds": list(feeds)} if feeds else {})}
    )
    assert answer.status_code == 201, answer.text
    issued: dict[str, Any] = answer.json()
    return issued


def expire(service: Service, pattern: str) -> None:
    """Let all keys of the log whose names match reach the end of their time to live now."""

    async def find_and_expire() -> None:
        log = connect_to_log(service.log_url)
        try:
            for shard in await log.shards():
                for name in await shard("KEYS", pattern):
                    await log("EXPIRE", name.decode(), -1)
        finally:
            await log.close()

    asyncio.run(find_and_expire())


def cookie_of(answer: httpx.Response) -> SimpleCookie:
    """The cookie that a response sets."""
    return SimpleCookie(answer.headers["set-cookie"])


class Browser:
    """A browser that has the desk open: it keeps the cookie, and sends with it what browsers send."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, headers=OURS, timeout=15.0)

    def sign_in(self, **given: str) -> dict[str, Any]:
        answer = self.http.post("/desk/session", json=given)
        assert answer.status_code == 201, answer.text
        session: dict[str, Any] = answer.json()
        return session

    @property
    def secret(self) -> str:
        [secret] = self.http.cookies.values()
        return secret

    @property
    def cookie(self) -> dict[str, str]:
        """The header that carries the session."""
        return {"cookie": f"session={self.secret}"}


@contextmanager
def signed_in(url: str, **given: str) -> Iterator[Browser]:
    """A browser that is signed in at a node."""
    browser = Browser(url)
    with browser.http:
        browser.sign_in(**given)
        yield browser


class Stream:
    """A stream of the desk over WebSocket or Server-Sent Events: keeps the newest frame of each kind."""

    def __init__(self, node: Service, feed: str, way: str = "websocket", **sent: str) -> None:
        self.node, self.feed, self.way = node, feed, way
        self.sent = sent
        self.frames: list[dict[str, Any]] = []
        self.desk: dict[str, dict[str, Any]] = {}
        self.deliveries: dict[str, dict[str, Any]] = {}
        self.closed: int | None = None
        self.failure: BaseException | None = None
        self.ended = threading.Event()
        self._close: Callable[[], Any] = lambda: None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.node.until(lambda: len(self.desk) >= 4 or self.ended.is_set())
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        if self.failure is not None:
            raise self.failure

    def leave(self) -> None:
        """Close the page."""
        if not self.ended.is_set():
            self._close()
        self._thread.join(30)
        assert self.ended.is_set()

    @property
    def address(self) -> str:
        return f"{self.node.url}/v1/feeds/{self.feed}/desk/live"

    def _run(self) -> None:
        try:
            self._read_websocket() if self.way == "websocket" else self._read_events()
        except (OSError, httpx.HTTPError):
            pass
        except BaseException as failure:  # noqa: BLE001  # for the test to raise
            self.failure = failure
        finally:
            self.ended.set()

    def _read_websocket(self) -> None:
        address = self.address.replace("http", "ws", 1)
        with connect(address, additional_headers=self.sent, compression=None, close_timeout=60) as connection:
            self._close = connection.close
            try:
                for message in connection:
                    self._take(orjson.loads(message))
            except ConnectionClosed:
                pass
            self.closed = connection.close_code

    def _read_events(self) -> None:
        headers = {"accept": "text/event-stream", **self.sent}
        with httpx.stream("GET", self.address, headers=headers, timeout=60) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["cache-control"] == "no-store, no-transform"
            connection = answer.extensions["network_stream"].get_extra_info("socket")
            self._close = lambda: connection.shutdown(socket.SHUT_RDWR)
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self._take(orjson.loads(line[6:]))

    def _take(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["type"] == "desk":
            if frame["kind"] == "delivery":
                self.deliveries[frame["id"]] = frame["delivery"]
            else:
                self.desk[frame["kind"]] = frame

    def until(self, true: Callable[[], Any]) -> None:
        """Wait until something is so, while the stream lasts."""
        self.node.until(lambda: true() or self.failure is not None or self.ended.is_set())
        if self.failure is not None:
            raise self.failure
        assert true(), f"the stream ended before, with {self.closed}"

    def names(self) -> list[str]:
        """The names of who is there."""
        return [each["name"] for each in self.desk["presence"]["people"]]

    def texts(self) -> list[str]:
        """The texts of what is held."""
        return [each["text"] for each in self.desk["held"]["held"]]
