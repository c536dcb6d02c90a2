"""Guessing of keys is slowed and counted, wherever a request may carry a key; honest keys are not slowed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from tests.service import Service
from ticker.errors import Unavailable
from ticker.guesses import DELAY, FREE, MAX_WAITING, Guesses
from ticker.serving import ServingNode
from ticker.web import key_lookup


@pytest.fixture
def private(own_service: Service) -> Iterator[Service]:
    own_service.http.post("/v1/feeds", json={"name": "desk", "visibility": "private"}).raise_for_status()
    own_service.until(lambda: own_service.http.get("/v1/feeds/desk").status_code == 200)
    yield own_service


def guess(service: Service, path: str) -> tuple[int, float]:
    headers = {"authorization": "Bearer tk_a_guess"}
    start = time.monotonic()
    answer = httpx.request("GET", service.url + path, headers=headers, timeout=30)
    return answer.status_code, time.monotonic() - start


def unknown_keys(service: Service) -> int:
    lines = service.http.get("/metrics").text.splitlines()
    (line,) = [line for line in lines if line.startswith("ticker_unknown_keys_total ")]
    return int(line.split()[1])


def test_an_address_that_guesses_waits_and_an_honest_key_beside_it_does_not(private: Service) -> None:
    paths = ["/v1/keys", "/v1/feeds", "/v1/feeds/desk", "/v1/feeds/nowhere", "/v1/feeds/desk/changes"]
    for number in range(FREE):
        guess(private, paths[number % len(paths)])
    assert unknown_keys(private) == FREE
    expected = {"/v1/keys": 401, "/v1/feeds": 200, "/v1/feeds/desk/changes": 404}
    # All at once: they wait beside each other, and nobody waits for them.
    answers: dict[str, tuple[int, float]] = {}
    asking = [threading.Thread(target=lambda path=path: answers.update({path: guess(private, path)})) for path in paths]
    for thread in asking:
        thread.start()
    private.until(lambda: unknown_keys(private) == FREE + len(paths))
    for _ in range(3):
        start = time.monotonic()
        assert private.http.get("/v1/keys").status_code == 200
        assert private.http.post("/v1/feeds/breaking/dispatches", json={"text": "x"}).status_code == 201
        took = time.monotonic() - start
        if all(thread.is_alive() for thread in asking):  # else this machine is too slow to tell
            assert took < DELAY
    for thread in asking:
        thread.join(30)
    assert all(seconds >= 0.9 * DELAY for _, seconds in answers.values()), answers
    assert {path: status for path, (status, _) in answers.items()} == dict.fromkeys(paths, 404) | expected


def test_behind_a_proxy_each_client_counts_for_itself(own_service: Service) -> None:
    def ask(client: str) -> float:
        headers = {"authorization": "Bearer tk_a_guess", "x-forwarded-for": client}
        start = time.monotonic()
        assert httpx.get(f"{own_service.url}/v1/keys", headers=headers, timeout=30).status_code == 401
        return time.monotonic() - start

    for _ in range(FREE):
        ask("203.0.113.1")
    assert ask("198.51.100.1, 203.0.113.1, 10.0.0.1") >= 0.9 * DELAY, "what a client says of itself is not believed"
    for number in range(2 * FREE):
        if ask(f"203.0.113.{number + 2}") < 0.9 * DELAY:
            break
    else:
        raise AssertionError("others wait too")


def test_a_request_without_a_key_is_no_guess(own_service: Service) -> None:
    for _ in range(FREE + 5):
        assert httpx.get(f"{own_service.url}/v1/keys").status_code == 401
    assert unknown_keys(own_service) == 0


@pytest.mark.anyio
async def test_many_who_guess_do_not_keep_out_a_new_key_and_no_more_wait_than_may() -> None:
    guesses = Guesses(lambda: 0.0)
    node = cast(ServingNode, SimpleNamespace(guesses=guesses))
    asked: list[str] = []

    async def find() -> str | None:
        asked.append("valid")
        return "holder"

    async def find_none() -> str | None:
        asked.append("unknown")
        guesses.waiting = MAX_WAITING  # others have begun to wait meanwhile
        return None

    for _ in range(FREE):
        assert await key_lookup.slow_guesses(node, "guess", "guesser", none) is None
    with pytest.raises(Unavailable):
        await key_lookup.slow_guesses(node, "guess", "guesser", find_none)
    assert guesses.waiting == MAX_WAITING
    with pytest.raises(Unavailable):
        await key_lookup.slow_guesses(node, "guess", "guesser", find_none)
    assert asked == ["unknown"], "the second one was not looked up"
    assert await key_lookup.slow_guesses(node, "new", "newsroom", find) == "holder"


async def none() -> str | None:
    return None
