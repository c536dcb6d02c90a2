"""The task that follows an upstream: sessions with it, or with another one, one after the other.

A session is one stream of bulletins, and beside it a live stream of each feed. It ends when the bulletins do, or when
they prove nothing for STALE_AFTER seconds while there are other upstreams to try.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import orjson

from ticker.client.events import EventReader, TooLong
from ticker.client.http import http_client
from ticker.client.target import Target
from ticker.dispatch import rfc3339
from ticker.hub import Hub
from ticker.relay.copies import Copies
from ticker.relay.log_time import LogTime
from ticker.relay.stream import MALFORMED, FeedStream
from ticker.relay.upstreams import Upstreams

STALE_AFTER: Final = 4.0
"""Seconds without a bulletin after which an upstream is given up, and without a proof if there is another one. A node
proves once a second, and notices within 2.5 seconds that it cannot."""

TICK: Final = 0.5
"""Seconds between looks at what is overdue."""

UNPROVEN: Final = "it proves nothing: it is not in sync with the log, or it follows this relay"

UNKNOWN: Final = "look at --feed (TICKER_RELAYED_FEEDS). Private feeds are never relayed; others are once they are open"

BULLETINS: Final = "/v1/relay"

TIMEOUT: Final = httpx.Timeout(4.0, read=None)

log = logging.getLogger("ticker.relay")


class UpstreamLost(Exception):
    """The session with an upstream has ended; the message says why."""


class RelayFollower:
    """Keeps a hub in sync with an upstream. One for each node; `run` is its only task."""

    def __init__(
        self, hub: Hub, upstreams: Upstreams, feeds: tuple[str, ...], *, key: str, clock: Callable[[], float]
    ) -> None:
        """`feeds` are those to follow, none for all public ones; `clock` is that of the hub."""
        self._hub = hub
        self._upstreams = upstreams
        self._feeds = feeds
        self._key = key
        self._clock = clock
        self.copies = Copies(hub, clock)
        self._streams: dict[str, asyncio.Task[None]] = {}
        self.connected = False
        """Whether the upstream sends bulletins."""
        self.sessions = 0
        """How often this relay began to follow an upstream."""
        self._told: set[tuple[str, str]] = set()
        """Upstreams and what was logged of them since one was followed: of two that are down, each is told once."""
        self._unknown: list[str] = []

    @property
    def upstream(self) -> str:
        """The URL of the upstream that is followed, or tried."""
        return self._upstreams.current

    async def run(self) -> None:
        """Follow upstreams until cancelled."""
        ticking = asyncio.create_task(self._tick())
        try:
            while True:
                upstream = self._upstreams.current
                try:
                    await self._session(Target.read(upstream, self._key, None))
                except Exception as error:  # any error: a relay that stopped following must log it
                    if not isinstance(error, UpstreamLost):
                        log.exception("following %s failed", upstream)
                    else:
                        self._tell(upstream, str(error))
                self.connected = False
                await asyncio.sleep(self._upstreams.failed())
        finally:
            ticking.cancel()

    def _tell(self, upstream: str, fault: str) -> None:
        if (upstream, fault) not in self._told:
            self._told.add((upstream, fault))
            log.warning("%s: %s", upstream, fault)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._hub.forget_left()
            self.copies.on_time(rfc3339(datetime.now(UTC)))

    # Sessions

    async def _session(self, target: Target) -> None:
        self.copies.begin()
        self.copies.measure_with(LogTime())
        async with http_client(target, TIMEOUT) as http:
            try:
                async with asyncio.timeout(STALE_AFTER) as alarm:
                    await self._read(target, http, alarm)
            except TimeoutError:
                raise UpstreamLost("it sends nothing, or proves nothing") from None
            except (httpx.RequestError, OSError, TooLong) as error:
                raise UpstreamLost(f"it cannot be reached ({type(error).__name__})") from None
            except MALFORMED as error:
                raise UpstreamLost(f"it sends what this version cannot read ({type(error).__name__})") from None
            finally:
                await self._stop_streams()

    async def _read(self, target: Target, http: httpx.AsyncClient, alarm: asyncio.Timeout) -> None:
        """Take the upstream's bulletins until they end; put the alarm off whenever it shows that it is not stale."""
        query = urlencode([("feed", feed) for feed in self._feeds])
        path = f"{BULLETINS}?{query}" if query else BULLETINS
        headers = {"accept": "text/event-stream", "cache-control": "no-store"}
        async with http.stream("GET", path, headers=headers) as response:
            if response.status_code != 200:
                raise UpstreamLost(f"it responds with {response.status_code} to a relay")
            self.connected = True
            self.sessions += 1
            clock = asyncio.get_running_loop().time
            reader, proven = EventReader(), clock()
            async for piece in response.aiter_bytes():
                for data in reader.feed(piece):
                    message = orjson.loads(data)
                    self._take(message, target, http)
                    if message["type"] == "proof":
                        proven = clock()
                    if message["type"] == "proof" or len(self._upstreams) == 1:
                        alarm.reschedule(clock() + STALE_AFTER)
                    if clock() - proven > STALE_AFTER and self.copies.listed:
                        self._tell(target.url, UNPROVEN)
        raise UpstreamLost("it has ended the stream")

    def _take(self, message: dict[str, Any], target: Target, http: httpx.AsyncClient) -> None:
        kind = message["type"]
        if kind == "feeds":
            self.copies.take_settings(message["feeds"])
            self._start_streams(target, http)
            return
        # Not with the first bulletin: an upstream that has just started may know its feeds a moment later.
        self._tell_unknown()
        if kind == "proof":
            self._upstreams.proved()
            if message["age"] < STALE_AFTER:
                self._told.clear()
            if self.copies.take_proof(message):
                self._hub.note_proof()

    def _tell_unknown(self) -> None:
        unknown = [feed for feed in self._feeds if feed not in self.copies.listed]
        if unknown != self._unknown:
            self._unknown = unknown
            if unknown:
                log.warning("%s: it has no feed %s that may be relayed: %s", self.upstream, ", ".join(unknown), UNKNOWN)

    def _start_streams(self, target: Target, http: httpx.AsyncClient) -> None:
        for name in self._streams.keys() - set(self.copies.listed):
            self._streams.pop(name).cancel()
        for name in self.copies.listed:
            if name not in self._streams:
                self._streams[name] = asyncio.create_task(FeedStream(name, target, http, self.copies).run())

    async def _stop_streams(self) -> None:
        tasks = list(self._streams.values())
        self._streams.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
