"""Why a feed is not connected, for programs and for the people who wait for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ticker.client.problems import Problem, UnexpectedResponse


@dataclass(frozen=True, slots=True)
class Lost:
    """The end of an attempt that got no response, or of a stream.

    Attributes:
        reason: why, in a few words for people.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Outage:
    """An interruption: the last attempt to follow a feed failed, and nothing has come since.

    Attributes:
        reason: why it failed, in a few words for people.
        attempts: how many failed in a row, at least 1. Counting begins again after a beat, and after the machine slept.
        retry_in: seconds until the next attempt, 0 while one is being made.
        error: the refusal, or the response of something that is not the service; None if there was no response.
    """

    reason: str
    attempts: int
    retry_in: float
    error: Problem | UnexpectedResponse | None = None


def reason_of(error: BaseException) -> str:
    """Return why a request or a connection failed, in a few words for people."""
    return str(error) or type(error).__name__
