"""Both clients against a server that fails in every way: what is sent again, when, and what is raised."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.client.stub import Stub, lose, problem, respond
from ticker.client import AsyncClient, Client, DeadlineExceeded, Killed, StaleRevision, UnexpectedResponse
from ticker.client.clock import Instant

RECEIPT = {"id": "i", "position": "1-a", "revision": 1, "filed": "T", "similar": []}


class Clock:
    """Time that passes only while a client waits to send again."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def __call__(self) -> Instant:
        passed = round(sum(self.waits) * 1000)
        return Instant(1_000_000 + passed, passed)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.waits.append(seconds)


class Caller:
    """Calls one of the two clients; both look alike here."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clock = Clock()

    def __call__(self, url: str, method: str, *of: Any, key: str = "tk_1", **named: Any) -> Any:
        if self.kind == "sync":
            with Client(url, key, clock=self.clock, random=lambda: 0.5, sleep=self.clock.sleep) as client:
                found = getattr(client, method)(*of, **named)
                return list(found) if isinstance(found, Iterator) else found
        return asyncio.run(self._call(url, key, method, of, named))

    async def _call(self, url: str, key: str, method: str, of: tuple[Any, ...], named: dict[str, Any]) -> Any:
        sleep = self.clock.sleep_async
        async with AsyncClient(url, key, clock=self.clock, random=lambda: 0.5, sleep=sleep) as client:
            found = getattr(client, method)(*of, **named)
            return [one async for one in found] if isinstance(found, AsyncIterator) else await found


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)


def test_a_change_is_sent_with_the_key_and_its_receipt_is_returned(call: Caller) -> None:
    with Stub(respond(201, RECEIPT)) as stub:
        assert call(stub.url + "/base/", "file", "f", "t", source="s") == RECEIPT
    (asked,) = stub.asked
    assert (asked.line, asked.body) == ("POST /base/v1/feeds/f/dispatches", {"text": "t", "source": "s"})
    assert asked.headers["authorization"] == "Bearer tk_1"
    assert asked.headers["idempotency-key"]


@pytest.mark.parametrize("first", [lose, problem(503, "unavailable"), respond(502, b"<html>")])
def test_what_may_have_been_kept_is_sent_again_with_the_same_key(call: Caller, first: Any) -> None:
    with Stub(first, first, respond(201, RECEIPT)) as stub:
        assert call(stub.url, "file", "f", "t") == RECEIPT
    assert len({asked.headers["idempotency-key"] for asked in stub.asked}) == 1
    assert [asked.body for asked in stub.asked] == [{"text": "t"}] * 3
    assert call.clock.waits == [0.25, 0.5]


def test_each_call_makes_a_key_of_its_own_unless_it_is_given_one(call: Caller) -> None:
    with Stub(*[respond(200, RECEIPT)] * 4) as stub:
        call(stub.url, "kill", "f", "i", "r")
        call(stub.url, "kill", "f", "i", "r")
        call(stub.url, "kill", "f", "i", "r", idempotency_key="k")
        call(stub.url, "kill", "f", "i", "r", idempotency_key="k")
    keys = [asked.headers["idempotency-key"] for asked in stub.asked]
    assert len(set(keys)) == 3
    assert keys[2:] == ['"k"'] * 2


def test_a_rest_that_is_asked_for_is_kept(call: Caller) -> None:
    with Stub(problem(503, "unavailable", "4"), problem(429, "too-many", "7"), respond(201, RECEIPT)) as stub:
        call(stub.url, "file", "f", "t")
    assert call.clock.waits == [4.25, 7.5]


def test_after_the_deadline_the_exception_says_that_it_may_have_been_kept_and_carries_the_key(call: Caller) -> None:
    with Stub(*[problem(503, "unavailable", "2")] * 3) as stub, pytest.raises(DeadlineExceeded) as caught:
        call(stub.url, "file", "f", "t", deadline=5)
    assert caught.value.maybe_kept
    assert f'"{caught.value.idempotency_key}"' == stub.asked[0].headers["idempotency-key"]
    assert len(stub.asked) == 3


def test_a_service_that_is_not_there_has_kept_nothing(call: Caller) -> None:
    with (
        socket.socket() as unheard,
        pytest.raises(DeadlineExceeded) as caught,
    ):  # it keeps the port, and does not listen
        unheard.bind(("127.0.0.1", 0))
        call(f"http://127.0.0.1:{unheard.getsockname()[1]}", "file", "f", "t", deadline=3)
    assert not caught.value.maybe_kept
    assert call.clock.waits == [0.25, 0.5, 1.0]


def test_a_refusal_is_raised_at_once_with_its_field(call: Caller) -> None:
    with Stub(problem(412, "stale-revision", revision=3, field="If-Match")) as stub:
        with pytest.raises(StaleRevision) as caught:
            call(stub.url, "correct", "f", "i", text="u", revision=2)
    assert (caught.value.revision, caught.value.field, call.clock.waits) == (3, "If-Match", [])
    assert stub.asked[0].headers["if-match"] == '"2"'


@pytest.mark.parametrize("play", [respond(200, b"<html>"), respond(308, location="https://news.example/")])
def test_what_is_no_ticker_is_said_so(call: Caller, play: Any) -> None:
    with Stub(play) as stub, pytest.raises(UnexpectedResponse):
        call(stub.url, "snapshot", "f")


def test_a_response_that_cannot_be_decoded_is_as_good_as_lost(call: Caller) -> None:
    with Stub(respond(201, b"no gzip", content_encoding="gzip"), respond(201, RECEIPT)) as stub:
        assert call(stub.url, "file", "f", "t") == RECEIPT


CHANGES: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("hold", ("f", "t", "2026-03-11T14:00:00Z"), {"byline": "b"}, "POST /v1/feeds/f/dispatches"),
    ("correct", ("f", "i"), {"text": "u", "note": "n"}, "PATCH /v1/feeds/f/dispatches/i"),
    ("kill", ("f", "i", "r"), {}, "POST /v1/feeds/f/dispatches/i/kill"),
    ("confirm", ("f", "i"), {"revision": 2}, "POST /v1/feeds/f/dispatches/i/confirm"),
    ("pin", ("f", "i"), {}, "PUT /v1/feeds/f/pin"),
    ("air", ("f",), {"on": True, "label": "l"}, "PUT /v1/feeds/f/air"),
    ("edit_held", ("f", "h"), {"text": "u"}, "PATCH /v1/feeds/f/held/h"),
    ("release", ("f", "h"), {}, "POST /v1/feeds/f/held/h/release"),
    ("spike", ("f", "h", "r"), {}, "DELETE /v1/feeds/f/held/h"),
]


@pytest.mark.parametrize(("method", "of", "named", "line"), CHANGES)
def test_each_method_sends_its_change(
    call: Caller, method: str, of: tuple[Any, ...], named: dict[str, Any], line: str
) -> None:
    with Stub(respond(200, {"position": "1-a"})) as stub:
        assert call(stub.url, method, *of, **named) == {"position": "1-a"}
    assert stub.asked[0].line == line
    assert "idempotency-key" in stub.asked[0].headers


def test_reads(call: Caller) -> None:
    with Stub(respond(200, {"type": "snapshot"}), respond(200, {"id": "i"}), respond(200, {"held": [1]})) as stub:
        assert call(stub.url, "snapshot", "f") == {"type": "snapshot"}
        assert call(stub.url, "dispatch", "f", "i", key="") == {"id": "i"}
        assert call(stub.url, "held", "f") == [1]
    assert "idempotency-key" not in stub.asked[0].headers
    assert "authorization" not in stub.asked[1].headers


def test_a_killed_dispatch_is_raised_with_its_tombstone(call: Caller) -> None:
    with Stub(problem(410, "killed", dispatch={"id": "i", "reason": "r"})) as stub:
        with pytest.raises(Killed) as caught:
            call(stub.url, "dispatch", "f", "i")
    assert caught.value.dispatch["reason"] == "r"


def test_history_goes_from_page_to_page_though_one_is_empty(call: Caller) -> None:
    first = '<https://elsewhere.example/x?before=03&limit=100>; rel="next"'
    second = '</x?before=02&limit=100>; rel="next"'
    pages = (
        respond(200, {"dispatches": [{"id": "04"}, {"id": "03"}]}, link=first),
        respond(200, {"dispatches": []}, link=second),
        respond(200, {"dispatches": [{"id": "01"}]}),
    )
    with Stub(*pages) as stub:
        found = call(stub.url, "history", "f", story="s")
    assert [one["id"] for one in found] == ["04", "03", "01"]
    assert [asked.line for asked in stub.asked] == [
        f"GET /v1/feeds/f/dispatches?limit=100{before}&story=s" for before in ("", "&before=03", "&before=02")
    ]


def _signature(method: Callable[..., Any]) -> dict[str, Any]:
    return {name: str(parameter) for name, parameter in inspect.signature(method).parameters.items() if name != "sleep"}


def test_the_two_clients_have_the_same_methods_with_the_same_parameters_and_words() -> None:
    def named(client: type) -> dict[str, Any]:
        return {name.lstrip("_").removeprefix("a"): member for name, member in vars(client).items() if callable(member)}

    sync, on_asyncio = named(Client), named(AsyncClient)
    assert sync.keys() == on_asyncio.keys()
    for name, method in sync.items():
        assert _signature(method) == _signature(on_asyncio[name]), name
        assert method.__doc__ == on_asyncio[name].__doc__, name
