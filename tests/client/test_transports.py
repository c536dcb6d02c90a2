"""Transports: what each delivers, and that every end is delivered once and last."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Any

import pytest

from tests.client.stub import Play, Stub, lose, problem, respond
from ticker.client.attempt import Attempt, Transport
from ticker.client.events import LONGEST
from ticker.client.outage import Lost
from ticker.client.response import Response
from ticker.client.target import Target
from ticker.client.transports import Arrival, Transports

WEBSOCKET, EVENTS, POLL = Transport
CLOSED = Lost("The connection was closed")
EVENT_STREAM = {"content_type": "text/event-stream; charset=utf-8"}


def delivered(url: str, transport: Transport) -> list[Any]:
    """All that is delivered of one attempt."""
    arrivals: list[Arrival] = []

    async def deliver(arrival: Arrival) -> None:
        arrivals.append(arrival)

    async def open_() -> None:
        transports = Transports(Target.read(url, "tk_1", None))
        await transports.open(Attempt(transport, "/v1/feeds/f/live?after=1-a"), deliver)
        await transports.aclose()

    asyncio.run(open_())
    return arrivals


def of(play: Play, transport: Transport) -> list[Any]:
    with Stub(play) as stub:
        found = delivered(stub.url, transport)
    (asked,) = stub.asked
    assert asked.line == "GET /v1/feeds/f/live?after=1-a"
    assert asked.headers["authorization"] == "Bearer tk_1"
    return found


def test_events_are_delivered_and_then_the_end() -> None:
    assert of(respond(200, b"data: one\n\ndata: two\n\ndata: half", **EVENT_STREAM), EVENTS) == [b"one", b"two", CLOSED]


@pytest.mark.parametrize("transport", Transport)
def test_a_refusal_is_delivered_whole(transport: Transport) -> None:
    (refusal,) = of(problem(503, "unavailable", "4"), transport)
    assert isinstance(refusal, Response)
    assert (refusal.status, refusal.rest) == (503, 4_000)
    assert b"unavailable" in refusal.body


def test_a_page_in_place_of_a_stream_is_not_read() -> None:
    assert of(respond(200, b"<html>" * 1000, content_type="text/html"), EVENTS) == [
        Lost("The response (200) is not a stream of events")
    ]
    (response,) = of(respond(200, b"<html>", content_type="text/html"), WEBSOCKET)
    assert response.status == 200


def test_an_event_longer_than_any_frame_ends_the_stream() -> None:
    assert of(respond(200, b"data: " + b"x" * (LONGEST + 1), **EVENT_STREAM), EVENTS) == [
        Lost(f"An event has more than {LONGEST} bytes")
    ]


def test_a_poll_is_its_response() -> None:
    (response,) = of(respond(204, ticker_at="T"), POLL)
    assert (response.status, response.headers["ticker-at"]) == (204, "T")


@pytest.mark.parametrize("transport", Transport)
def test_a_connection_that_is_lost_or_never_was_ends(transport: Transport) -> None:
    (lost,) = of(lose, transport)
    assert isinstance(lost, Lost)
    assert lost.reason
    with socket.socket() as unheard:  # it keeps the port, and does not listen
        unheard.bind(("127.0.0.1", 0))
        (refused,) = delivered(f"http://127.0.0.1:{unheard.getsockname()[1]}", transport)
    assert isinstance(refused, Lost)
    assert re.search("connect", refused.reason, re.IGNORECASE)
