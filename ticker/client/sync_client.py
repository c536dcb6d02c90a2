"""The client for programs without asyncio. Its counterpart on asyncio is async_client.py; keep them alike."""

from __future__ import annotations

import random as system_random
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Self, TypeVar, Unpack, cast

import httpx

from ticker.client import reads, writes
from ticker.client.async_follow import AsyncFollow
from ticker.client.attempt import TRANSPORTS, Transport
from ticker.client.backoff import Random
from ticker.client.clock import Clock, system_clock
from ticker.client.dispatch import Corrections, Dispatch, Fields, FullDispatch, HeldDispatch, Urgency
from ticker.client.exchange import arguments, read, was_sent
from ticker.client.following import Following
from ticker.client.frames import SnapshotFrame
from ticker.client.request import Request
from ticker.client.response import Response, content, next_page
from ticker.client.sending import DEADLINE, TIMEOUT, Sending
from ticker.client.sync_follow import Follow
from ticker.client.target import Target
from ticker.client.transports import Transports

Content = TypeVar("Content")


class Client:
    """A service, for correspondents and readers. Use it in `with`, so that its connections are closed.

    Every change carries an Idempotency-Key, made when the call begins, and is sent again until `deadline`. Methods
    raise `Problem` if the service refuses, `UnexpectedResponse` if something else responds, and `DeadlineExceeded`;
    each of them tells whether the change may have been kept, and its key. To send it again later, give that key as
    `idempotency_key`.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        deadline: float = DEADLINE,
        timeout: float = TIMEOUT,
        tls: ssl.SSLContext | None = None,
        clock: Clock = system_clock,
        random: Random = system_random.random,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the service's address and a key, else TICKER_URL and TICKER_KEY.

        `deadline` is for how many seconds a request is sent again, `timeout` how many one attempt may take. The clock,
        the randomness and the sleep are for tests.

        Raises:
            ValueError: the URL or the key cannot be used.
        """
        self._target = target = Target.read(url, key, tls)
        self._deadline, self._timeout = deadline, timeout
        self._clock, self._random, self._sleep = clock, random, sleep
        self._follows: list[Follow] = []
        self._http = httpx.Client(
            base_url=target.url, headers=target.headers, verify=target.verify, trust_env=target.by_proxy
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, those that follow feeds too."""
        for follow in self._follows:
            follow.close()
        self._follows.clear()
        self._http.close()

    # Changes

    def file(
        self,
        feed: str,
        text: str,
        *,
        idempotency_key: str | None = None,
        deadline: float | None = None,
        **fields: Unpack[Fields],
    ) -> writes.FiledReceipt:
        """File a dispatch."""
        return self._send(writes.file(feed, text, fields, idempotency_key), deadline)

    def hold(
        self,
        feed: str,
        text: str,
        release_at: datetime | str,
        *,
        idempotency_key: str | None = None,
        deadline: float | None = None,
        **fields: Unpack[Fields],
    ) -> writes.HeldReceipt:
        """Hold a dispatch until a time in the future, at most a year away."""
        return self._send(writes.hold(feed, text, release_at, fields, idempotency_key), deadline)

    def correct(
        self,
        feed: str,
        id: str,
        *,
        revision: int | None = writes.ANY_REVISION,
        note: str | None = None,
        idempotency_key: str | None = None,
        deadline: float | None = None,
        **corrections: Unpack[Corrections],
    ) -> writes.CorrectedReceipt:
        """Correct a dispatch; `note` is to readers, `revision` the one that the correction is based on.

        Raises:
            StaleRevision: the current revision is another.
            Killed: a killed dispatch cannot be corrected.
        """
        request = writes.correct(feed, id, corrections, note=note, revision=revision, key=idempotency_key)
        return self._send(request, deadline)

    def kill(
        self, feed: str, id: str, reason: str, *, idempotency_key: str | None = None, deadline: float | None = None
    ) -> writes.KilledReceipt:
        """Kill a dispatch: its text disappears everywhere; readers see the reason."""
        return self._send(writes.kill(feed, id, reason, idempotency_key), deadline)

    def confirm(
        self,
        feed: str,
        id: str,
        *,
        revision: int | None = None,
        idempotency_key: str | None = None,
        deadline: float | None = None,
    ) -> writes.CorrectedReceipt:
        """Confirm the flash of another key: this revision, or without one the words for which it was asked.

        Raises:
            Conflict: there is no flash to confirm, or no more.
            StaleRevision: the words are others now.
        """
        return self._send(writes.confirm(feed, id, revision=revision, key=idempotency_key), deadline)

    def pin(
        self, feed: str, id: str | None, *, idempotency_key: str | None = None, deadline: float | None = None
    ) -> writes.FeedReceipt:
        """Pin a dispatch or, for None, remove the pin."""
        return self._send(writes.pin(feed, id, idempotency_key), deadline)

    def air(
        self,
        feed: str,
        *,
        on: bool,
        label: str | None = None,
        url: str | None = None,
        idempotency_key: str | None = None,
        deadline: float | None = None,
    ) -> writes.FeedReceipt:
        """Switch a feed on or off the air; a label or a link that is not given is removed."""
        return self._send(writes.air(feed, on=on, label=label, url=url, key=idempotency_key), deadline)

    def edit_held(
        self,
        feed: str,
        id: str,
        *,
        revision: int | None = writes.ANY_REVISION,
        release_at: datetime | str | None = None,
        idempotency_key: str | None = None,
        deadline: float | None = None,
        **corrections: Unpack[Corrections],
    ) -> writes.EditedReceipt:
        """Edit a held dispatch, or move the time of its release.

        Raises:
            Conflict: it is no longer held.
            StaleRevision: the current revision is another.
        """
        request = writes.edit_held(feed, id, corrections, release_at=release_at, revision=revision, key=idempotency_key)
        return self._send(request, deadline)

    def release(
        self, feed: str, id: str, *, idempotency_key: str | None = None, deadline: float | None = None
    ) -> writes.FiledReceipt:
        """Release a held dispatch now; raises `Conflict` if it is no longer held."""
        return self._send(writes.release(feed, id, idempotency_key), deadline)

    def spike(
        self,
        feed: str,
        id: str,
        reason: str | None = None,
        *,
        idempotency_key: str | None = None,
        deadline: float | None = None,
    ) -> writes.SpikedReceipt:
        """Spike a held dispatch: it is never released; raises `Conflict` if it is no longer held."""
        return self._send(writes.spike(feed, id, reason, idempotency_key), deadline)

    # Reading

    def snapshot(self, feed: str) -> SnapshotFrame:
        """Return what a feed shows now."""
        return self._send(reads.snapshot(feed))

    def dispatch(self, feed: str, id: str) -> FullDispatch:
        """Return one dispatch with its earlier revisions.

        Raises:
            Killed: it was killed; the tombstone is in `dispatch` of the exception.
        """
        return self._send(reads.dispatch(feed, id))

    def held(self, feed: str) -> list[HeldDispatch]:
        """Return the dispatches under embargo that the key may see, the next one due first."""
        held: list[HeldDispatch] = []
        after: str | None = ""
        while after is not None:
            response = self._settle(reads.held(feed, after))
            held += content(response)["held"]
            after = next_page(response, "after")
        return held

    def history(
        self,
        feed: str,
        *,
        before: str | None = None,
        sections: Iterable[str] = (),
        places: Iterable[str] = (),
        story: str | None = None,
        min_urgency: Urgency | None = None,
    ) -> Iterator[Dispatch]:
        """Give the dispatches of a feed, newest first, and tombstones; pages are fetched as they are needed."""
        more = True
        while more:
            request = reads.history(
                feed, before=before, sections=sections, places=places, story=story, min_urgency=min_urgency
            )
            response = self._settle(request)
            yield from content(response)["dispatches"]
            before = next_page(response, "before")
            more = before is not None

    def follow(
        self,
        feed: str,
        *,
        limit: int = 50,
        start: SnapshotFrame | None = None,
        transports: Sequence[Transport] = TRANSPORTS,
        wait_while_closed: bool = True,
    ) -> Follow:
        """Follow a feed: an iterator of changes that resumes by itself and measures LIVE.

        `limit` is how many dispatches its `state` keeps; `start` is `state.as_snapshot()` of an earlier run, to
        continue from; `transports` are tried in turn. It waits while the feed is closed, which may be reopened; without
        `wait_while_closed` it raises `Closed`.

        Raises:
            ValueError: the limit is below 1, or `start` is of another feed.
        """
        following = Following(
            feed,
            limit=limit,
            now=self._clock(),
            random=self._random,
            start=start,
            transports=transports,
            wait_while_closed=wait_while_closed,
        )
        follow = Follow(lambda: AsyncFollow(following, Transports(self._target), self._clock))
        self._follows = [other for other in self._follows if not other.closed] + [follow]
        return follow

    # Sending

    def _send(self, request: Request[Content], deadline: float | None = None) -> Content:
        return cast("Content", content(self._settle(request, deadline)))

    def _settle(self, request: Request[Content], deadline: float | None = None) -> Response:
        """Send a request until it is settled, and return its success."""
        deadline = self._deadline if deadline is None else deadline
        sending = Sending(request, deadline=deadline, timeout=self._timeout, now=self._clock(), random=self._random)
        while True:
            try:
                response = read(self._http.request(**arguments(request, sending.timeout(self._clock()))))
                wait = sending.on_response(response, self._clock())
            except httpx.RequestError as error:
                wait = sending.on_lost(error, sent=was_sent(error), now=self._clock())
            if wait is None:
                return response
            self._sleep(wait)
