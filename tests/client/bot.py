"""A program that follows a feed in a thread, and remembers all it was told."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

from tests.service import READY_TIMEOUT, Service
from ticker.client import AsyncClient, Change, Client, FeedState
from ticker.client.attempt import TRANSPORTS, Transport

Kind = TypeVar("Kind", Client, AsyncClient)


def soon() -> float:
    """Dice that let nobody wait for long: the longest wait is a second and a half."""
    return 0.05


class Bot(threading.Thread):
    """Follows with one of the two clients. Leaving it hangs up, and raises what ended it."""

    def __init__(
        self,
        service: Service,
        feed: str,
        *,
        transports: Sequence[Transport] = TRANSPORTS,
        kind: str = "sync",
        key: str = "",
        url: str | None = None,
        tls: ssl.SSLContext | None = None,
        **options: Any,
    ) -> None:
        super().__init__(daemon=True)
        self._url, self._feed, self._kind, self._key, self._tls = url or service.url, feed, kind, key, tls
        self._options = {"transports": transports, **options}
        self._changed = threading.Condition()
        self._disconnect: Callable[[], object] = lambda: None
        self.changes: list[Change] = []
        self.failure: BaseException | None = None
        self.begun = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        assert self.begun.wait(READY_TIMEOUT)
        return self

    def __exit__(self, *_: object) -> None:
        if self.failure is None:
            self._disconnect()
        self.join(READY_TIMEOUT)
        assert not self.is_alive()
        if self.failure is not None:
            raise self.failure

    def run(self) -> None:
        try:
            self._follow() if self._kind == "sync" else asyncio.run(self._follow_on_asyncio())
        except BaseException as failure:  # noqa: BLE001  # told when the bot is left
            self.failure = failure
            with self._changed:
                self._changed.notify_all()
        self.begun.set()

    def _client(self, kind: Callable[..., Kind]) -> Kind:
        return kind(self._url, self._key, tls=self._tls, random=soon)

    def _follow(self) -> None:
        with self._client(Client) as client, client.follow(self._feed, **self._options) as feed:
            self._disconnect = feed.close
            self.begun.set()
            for change in feed:
                self._take(change)

    async def _follow_on_asyncio(self) -> None:
        async with (
            self._client(AsyncClient) as client,
            client.follow(self._feed, **self._options) as feed,
        ):
            loop = asyncio.get_running_loop()
            self._disconnect = lambda: asyncio.run_coroutine_threadsafe(feed.aclose(), loop).result()
            self.begun.set()
            async for change in feed:
                self._take(change)

    def _take(self, change: Change) -> None:
        with self._changed:
            self.changes.append(change)
            self._changed.notify_all()

    def until(self, true: Callable[[Change], object]) -> Change:
        """Wait until the last change is such a one, and return it."""
        with self._changed:
            came = self._changed.wait_for(
                lambda: self.failure is not None or (self.changes and true(self.changes[-1])), READY_TIMEOUT
            )
        if self.failure is not None:
            raise self.failure
        assert came, self.changes[-3:]
        return self.changes[-1]

    def until_live(self) -> Change:
        return self.until(lambda change: change.status.name == "live")

    @property
    def state(self) -> FeedState:
        return self.changes[-1].state

    @property
    def news(self) -> list[tuple[str, str]]:
        """Every dispatch it was told of: its text or the reason of its kill, and its id."""
        told = [dispatch for change in list(self.changes) for dispatch in change.dispatches]
        return [(one["text"] if one["status"] == "usable" else f"killed: {one['reason']}", one["id"]) for one in told]

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.news]
