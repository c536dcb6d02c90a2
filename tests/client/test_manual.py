"""The manual as a test: its bot runs, and all it names is there."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.service import READY_TIMEOUT, Service, environment
from ticker import client
from ticker.client import AsyncClient, Change, Client, FeedState, Outage, Status
from ticker.client.sending import DEADLINE

MANUAL = (Path(__file__).parents[2] / "docs/client.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
NAMED = set(re.findall(r"`(\w+)`", MANUAL))


@contextmanager
def running(service: Service) -> Iterator[subprocess.Popen[str]]:
    """The bot, as somebody runs it who has copied it from the manual."""
    settings = environment(url=service.url, key=service.key)
    with subprocess.Popen([sys.executable, "-c", BLOCKS[0]], env=settings, stdout=subprocess.PIPE, text=True) as bot:
        try:
            yield bot
        finally:
            bot.terminate()
            bot.wait(READY_TIMEOUT)


def test_the_bot_has_ten_lines() -> None:
    assert len([line for line in BLOCKS[0].splitlines() if line]) <= 10


def test_the_bot_copies_each_revision_of_a_flash_once_and_tells_of_kills(service: Service) -> None:
    service.http.post("/v1/feeds", json={"name": "alerts"})
    service.until(lambda: service.http.get("/v1/feeds/alerts").status_code == 200)

    def texts() -> list[str]:
        return [one["text"] for one in service.snapshot("alerts")["dispatches"]]

    with running(service):
        service.file("breaking", "Quiet so far")
        first = service.file("breaking", "Explosion at the port", urgency="flash")["id"]
        service.until(lambda: texts() == ["Explosion at the port"])
        with Client(service.url, service.key) as desk:
            desk.correct("breaking", first, text="Fire at the port")
        service.until(lambda: texts() == ["Fire at the port", "Explosion at the port"])
    with running(service) as bot:
        service.file("breaking", "Airport closed", urgency="flash")
        service.until(lambda: texts() == ["Airport closed", "Fire at the port", "Explosion at the port"])
        service.http.post(f"/v1/feeds/breaking/dispatches/{first}/kill", json={"reason": "a drill"})
        assert bot.stdout is not None
        assert bot.stdout.readline() == f"Withdrawn: {first}. Reason: a drill\n"


def test_the_example_of_changes_runs(service: Service) -> None:
    with Client(service.url, service.key) as desk:
        exec(BLOCKS[1], {"client": desk})
        assert desk.snapshot("breaking")["dispatches"][0].get("text") == "Bridge open again"


@pytest.mark.parametrize("method", [name for name in vars(Client) if name[0] != "_" and name != "close"])
def test_every_method_is_named(method: str) -> None:
    assert method in NAMED
    assert hasattr(AsyncClient, method)


@pytest.mark.parametrize(
    "name",
    ["DeadlineExceeded", "UnexpectedResponse", "Problem", "StaleRevision", "Killed", "Invalid", "NotFound", "Closed"],
)
def test_every_exception_that_is_named_is_there(name: str) -> None:
    assert name in NAMED
    assert issubclass(getattr(client, name), client.ClientError)


def test_every_member_that_is_named_is_there() -> None:
    assert {"dispatches", "state", "previous", "status", "frame"} <= {name for name, _ in inspect.getmembers(Change)}
    assert {"name", "age", "outage"} <= {name for name, _ in inspect.getmembers(Status)}
    assert {"reason", "attempts", "retry_in", "error"} <= {name for name, _ in inspect.getmembers(Outage)} & NAMED
    assert {"dispatches", "pinned", "air", "position", "as_snapshot"} <= {
        name for name, _ in inspect.getmembers(FeedState)
    }


def test_the_manual_names_the_deadline() -> None:
    assert f"for `deadline` seconds ({DEADLINE:.0f})" in MANUAL


def test_the_manual_is_read_in_one_sitting() -> None:
    assert len(MANUAL.splitlines()) <= 60
