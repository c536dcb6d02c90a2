"""When a request is sent again, and what its failure means."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.test_response import problem
from ticker.client.clock import Instant
from ticker.client.problems import (
    Closed,
    Conflict,
    DeadlineExceeded,
    Forbidden,
    Invalid,
    Killed,
    StaleRevision,
    TooMany,
    Unavailable,
    UnexpectedResponse,
)
from ticker.client.request import Request, change_request, read_request
from ticker.client.response import Response
from ticker.client.sending import Sending

START = Instant(1_000_000, 5_000)
BUSY = problem(503, "unavailable", {"retry-after": "2"})


def at(seconds: float) -> Instant:
    return Instant(START.wall + round(seconds * 1000), START.mono + round(seconds * 1000))


def sending(request: Request[Any] | None = None, *, deadline: float = 60, dice: float = 0.5) -> Sending:
    request = request or change_request("POST", "/x", idempotency_key="k")
    return Sending(request, deadline=deadline, timeout=10, now=START, random=lambda: dice)


@pytest.mark.parametrize("status", [200, 201, 299])
def test_a_success_is_the_end(status: int) -> None:
    assert sending().on_response(Response(status), START) is None


@pytest.mark.parametrize("status", [199, 300, 304])
def test_what_is_next_to_a_success_is_none(status: int) -> None:
    with pytest.raises(UnexpectedResponse):
        sending().on_response(Response(status), START)


def test_after_a_503_it_rests_as_asked_and_a_random_time_that_grows() -> None:
    change = sending()
    assert [change.on_response(BUSY, START) for _ in range(3)] == [2.25, 2.5, 3.0]
    assert change.maybe_kept


def test_a_lost_connection_may_have_been_kept_and_no_connection_cannot() -> None:
    change = sending()
    assert change.on_lost(OSError(), sent=False, now=START) == 0.25
    assert not change.maybe_kept
    assert change.on_lost(OSError(), sent=True, now=START) == 0.5
    assert change.maybe_kept
    change.on_lost(OSError(), sent=False, now=START)
    assert change.maybe_kept, "what the attempts before left open stays open"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_or_proxy_that_lost_track_leaves_it_open(status: int) -> None:
    change = sending()
    assert change.on_response(Response(status), START) == 0.25
    assert change.maybe_kept


@pytest.mark.parametrize("status", [408, 429])
def test_a_refusal_that_time_mends_is_sent_again_and_was_not_kept(status: int) -> None:
    change = sending()
    assert change.on_response(Response(status, {"retry-after": "3"}), START) == 3.25
    assert not change.maybe_kept


def test_after_the_deadline_the_last_failure_is_the_cause() -> None:
    change = sending(deadline=5)
    error = ConnectionResetError("reset by peer")
    assert change.on_lost(error, sent=True, now=START) == 0.25
    with pytest.raises(DeadlineExceeded, match="reset by peer; the change may have been kept") as caught:
        change.on_lost(error, sent=True, now=at(4.6))
    assert (caught.value.maybe_kept, caught.value.idempotency_key) == (True, "k")
    assert caught.value.__cause__ is error


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    assert sending(deadline=2.25).on_response(BUSY, START) == 2.25
    with pytest.raises(DeadlineExceeded) as caught:
        sending(deadline=2).on_response(BUSY, START)
    assert isinstance(caught.value.__cause__, Unavailable)


def test_a_change_that_was_never_sent_was_not_kept() -> None:
    with pytest.raises(DeadlineExceeded, match=r"^TimeoutError$") as caught:
        sending(deadline=0).on_lost(TimeoutError(), sent=False, now=START)
    assert (caught.value.maybe_kept, caught.value.idempotency_key) == (False, "k")


def test_a_limit_of_the_key_is_the_cause_when_the_deadline_is_shorter() -> None:
    with pytest.raises(DeadlineExceeded) as caught:
        sending(deadline=1).on_response(problem(429, "too-many", {"retry-after": "30"}), START)
    assert isinstance(caught.value.__cause__, TooMany)
    assert not caught.value.maybe_kept


def test_a_read_is_never_in_doubt() -> None:
    read = sending(read_request("/x"), deadline=1)
    read.on_lost(OSError(), sent=True, now=START)
    with pytest.raises(DeadlineExceeded) as caught:
        read.on_response(BUSY, START)
    assert (caught.value.maybe_kept, caught.value.idempotency_key) == (False, None)


def test_a_refusal_of_the_first_attempt_was_not_kept() -> None:
    with pytest.raises(Invalid) as caught:
        sending().on_response(problem(422, "invalid", field="text"), START)
    assert (caught.value.field, caught.value.maybe_kept, caught.value.idempotency_key) == ("text", False, "k")


def test_a_refusal_by_something_else_is_raised_too() -> None:
    with pytest.raises(UnexpectedResponse):
        sending().on_response(Response(403, {}, b"<html>"), START)


@pytest.mark.parametrize(("status", "slug", "kind"), [(403, "forbidden", Forbidden), (410, "killed", Killed)])
def test_a_refusal_leaves_open_what_was_open(status: int, slug: str, kind: type[Forbidden]) -> None:
    change = sending()
    change.on_response(BUSY, START)
    with pytest.raises(kind) as caught:
        change.on_response(problem(status, slug, dispatch={}), START)
    assert caught.value.maybe_kept


@pytest.mark.parametrize(
    ("status", "slug", "kind"),
    [(409, "conflict", Conflict), (410, "closed", Closed), (412, "stale-revision", StaleRevision)],
)
def test_a_refusal_after_the_key_was_looked_up_settles_it(status: int, slug: str, kind: type[Conflict]) -> None:
    change = sending()
    change.on_response(BUSY, START)
    with pytest.raises(kind) as caught:
        change.on_response(problem(status, slug), START)
    assert not caught.value.maybe_kept


def test_an_attempt_ends_with_the_deadline_but_has_a_second() -> None:
    change = sending(deadline=30)
    assert [change.timeout(at(seconds)) for seconds in (0, 25, 29.5, 60)] == [10, 5, 1, 1]


def test_a_program_that_gives_up_during_an_attempt_may_have_made_its_change() -> None:
    change = sending()
    change.on_interrupt()
    assert change.maybe_kept
    reading = sending(read_request("/x"))
    reading.on_interrupt()
    assert not reading.maybe_kept
