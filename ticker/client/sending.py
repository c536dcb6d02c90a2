"""A request on its way: when it is sent again, and what its failure means. The clients send and wait.

    what came                   may have been kept   then
    ──────────────────────────  ───────────────────  ─────────────────────────────────────────────
    success                     kept                 done
    408, 429                    no                   sent again after Retry-After and a random time
    500, 502, 503, 504          yes                  the same
    no connection               no                   sent again after a random time
    a connection that was lost  yes                  the same
    any other refusal           no                   raised, with what the attempts before left open

Sending again is safe because each change carries an Idempotency-Key, made when the call began. Once the next attempt
would come after the deadline, `DeadlineExceeded` is raised.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

from ticker.client.backoff import Random, backoff
from ticker.client.clock import Instant, elapsed
from ticker.client.problems import ClientError, Closed, Conflict, DeadlineExceeded, StaleRevision
from ticker.client.request import Request
from ticker.client.response import Response, failure

_NOT_KEPT: Final = (408, 429)
"""Statuses after which sending again makes sense, and nothing was kept by this attempt."""

_IN_DOUBT: Final = (500, 502, 503, 504)
"""Statuses after which nobody knows whether it was kept: the service, or a proxy before it, lost track."""

_SETTLED: Final = (Conflict, Closed, StaleRevision)
"""Refusals that the service gives only after it has found no kept change with this Idempotency-Key."""


DEADLINE: Final = 60.0
"""Seconds for which a request is sent again unless told otherwise: longer than a node takes to be replaced."""

TIMEOUT: Final = 10.0
"""Seconds that one attempt may take unless told otherwise."""

_SHORTEST: Final = 1.0
"""Seconds that every attempt gets, however near the deadline is."""


class Sending:
    """One request until it is settled.

    Attributes:
        maybe_kept: True if an attempt may have been kept although no receipt came.
    """

    def __init__(self, request: Request[Any], *, deadline: float, timeout: float, now: Instant, random: Random) -> None:
        """Begin; `deadline` is in how many seconds the last attempt may begin, `timeout` how many one may take."""
        self.request = request
        self.maybe_kept = False
        self._deadline = int(deadline * 1000)
        self._timeout = timeout
        self._began = now
        self._random = random
        self._failures = 0

    def timeout(self, now: Instant) -> float:
        """Return the seconds that an attempt may take which begins now."""
        left = (self._deadline - elapsed(self._began, now)) / 1000
        return max(min(self._timeout, left), _SHORTEST)

    def on_response(self, response: Response, now: Instant) -> float | None:
        """Return None if a response is a success, else the seconds after which to send the request again.

        Raises:
            Problem: the service refused.
            UnexpectedResponse: the response is not the service's.
            DeadlineExceeded: it would be sent again after the deadline.
        """
        if 200 <= response.status < 300:
            return None
        cause = failure(response)
        if response.status in _IN_DOUBT:
            self._doubt()
        elif response.status not in _NOT_KEPT:
            if isinstance(cause, _SETTLED):
                self.maybe_kept = False
            self._raise(cause)
        return self._again(cause, response.rest, now)

    def on_lost(self, error: Exception, *, sent: bool, now: Instant) -> float:
        """Return the seconds after which to send the request again; `sent` is False if there was no connection.

        Raises:
            DeadlineExceeded: it would be sent again after the deadline.
        """
        if sent:
            self._doubt()
        return self._again(error, 0, now)

    def on_interrupt(self) -> None:
        """The program gives up while an attempt is under way."""
        self._doubt()

    def _doubt(self) -> None:
        self.maybe_kept = self.request.idempotency_key is not None

    def _again(self, cause: Exception, rest: int, now: Instant) -> float:
        wait = rest + backoff(self._failures, self._random)
        self._failures += 1
        if elapsed(self._began, now) + wait > self._deadline:
            doubt = "; the change may have been kept" if self.maybe_kept else ""
            self._raise(DeadlineExceeded(f"{str(cause) or type(cause).__name__}{doubt}"), cause)
        return wait / 1000

    def _raise(self, error: ClientError, cause: Exception | None = None) -> NoReturn:
        error.idempotency_key, error.maybe_kept = self.request.idempotency_key, self.maybe_kept
        raise error from cause
