"""A change that may or may not have been kept: after a second the command prints that, and how to repeat it safely."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.cli.command import Following, Here, at, run_command
from tests.service import READY_TIMEOUT, Service, environment
from ticker.cli import client, waiting
from ticker.cli.change import repeated


def _command(errors: str) -> str:
    found = re.search(r"To send it again without making it twice: (.+)$", errors)
    assert found, errors
    return found[1]


def _type(command: str, service: Service) -> dict[str, str]:
    """Run a command as it would be typed into a shell, and return the receipt."""
    ended = subprocess.run(
        ["sh", "-c", command], env=environment(**at(service)), capture_output=True, timeout=READY_TIMEOUT, check=False
    )
    assert ended.returncode == 0, ended.stderr
    receipt: dict[str, str] = json.loads(ended.stdout)
    return receipt


def test_a_stopped_log_is_told_after_a_second_and_the_command_to_repeat_at_the_end(own_service: Service) -> None:
    service = own_service
    args = ["file", "-", "--source", "Harbour 'police'", "--section", "Fire", "--section", "Local", "--occurred", "-5m"]
    with service.frozen("valkey"):
        started = time.monotonic()
        with Following(*args, **at(service), stdin="It's closed, isn't it?") as file:
            service.until(lambda: any("waiting for" in line for line in file.errors))
            assert time.monotonic() - started > 0.9
            assert file.process.poll() is None, "it still waits"
            service.until(lambda: file.process.poll() is not None)
        file.end()
    waits = [line for line in file.errors if "waiting for" in line]
    key = re.search(r"Idempotency-Key is (\w+)", waits[0])
    assert key
    assert f"waiting for {service.url}" in waits[0]
    assert any("trying again" in line for line in file.errors)
    assert "may have been kept" in file.errors[-1]
    assert file.lines == []
    command = _command(file.errors[-1])
    assert key[1] in command
    assert "-5m" not in command, "five minutes before now is another moment by then"

    service.until(lambda: service.http.get("/v1/feeds/breaking/dispatches").status_code == 200)
    receipts = [_type(command, service) for _ in range(2)]
    assert receipts[0] == receipts[1]
    (found,) = service.snapshot("breaking")["dispatches"]
    assert (found["text"], found["source"], found["sections"]) == (
        *("It's closed, isn't it?", "Harbour 'police'", ["Fire", "Local"]),
    )


def test_ctrl_c_while_it_waits_gives_the_command_too(own_service: Service) -> None:
    service = own_service
    with service.frozen("valkey"), Following("kill", "nobody", "--reason", "A drill", **at(service)) as kill:
        service.until(lambda: kill.errors)
        assert kill.end(signal.SIGINT) == 128 + signal.SIGINT
    assert kill.errors[-1].startswith("ticker: interrupted; the change may have been kept.")
    words = shlex.split(_command(kill.errors[-1]))
    assert words[words.index("ticker") + 1 :][:4] == ["kill", "nobody", "--reason", "A drill"]


def test_the_same_key_files_once(service: Service, here: Here) -> None:
    feed = service.open_feed()
    args = ["file", "once", "--feed", feed, "--idempotency-key"]
    first = json.loads(here(at(service), *args, "my-key").printed)
    assert json.loads(here(at(service), *args, '"my-key"').printed) == first
    assert "already used for a different request" in here(at(service), "file", "twice", *args[2:], "my-key").complaint
    assert json.loads(here(at(service), *args, "other").printed)["id"] != first["id"]
    for key in ("", " ", "a b", "é", "x" * 256, 'a"b'):
        assert "--idempotency-key" in here(at(service), *args, key).complaint


@pytest.mark.parametrize(
    "change",
    [
        lambda it: ["correct", it, "--text", "two"],
        lambda it: ["kill", it, "--reason", "A drill"],
        lambda it: ["pin", it],
        lambda it: ["unpin"],
        lambda it: ["air", "off"],
    ],
)
def test_every_change_takes_a_key(service: Service, here: Here, change: Callable[[str], list[str]]) -> None:
    feed = service.open_feed()
    id = service.file(feed, "one")["id"]
    args = [*change(id), "--feed", feed, "--idempotency-key", "k"]
    assert here(at(service), *args).printed == here(at(service), *args).printed


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A listener that takes requests and hangs up without a response."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            try:
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
            except OSError:
                pass

        threading.Thread(target=hang_up, daemon=True).start()
        yield listener


def test_a_connection_that_is_lost_says_that_it_may_have_been_kept(
    silent: socket.socket, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "DEADLINE", 1.0)
    monkeypatch.setattr(waiting, "QUIET_FOR", READY_TIMEOUT)
    where = {"url": f"http://127.0.0.1:{silent.getsockname()[1]}", "key": "tk_x"}
    for change in (["file", "--urgency", "flash", "--", "-x"], ["air", "on"], ["held", "release", "h1"], ["unpin"]):
        printed = here(where, *change).complaint
        words = shlex.split(_command(printed))
        assert set(change) | {"--idempotency-key"} <= set(words)
    # A key that is issued twice is two keys: nobody is to send that again without looking.
    issued = here(where, "keys", "add", "--role", "admin", "--name", "x").complaint
    assert "may have been made all the same" in issued
    assert "To send it again" not in issued
    # What was only read is as it was.
    assert "may have" not in here(where, "held", "list").complaint


def test_what_was_never_sent_was_not_kept(here: Here) -> None:
    assert "may have been kept" not in here({"url": "http://127.0.0.1:1", "key": "tk_x"}, "file", "x").complaint


def test_what_begins_with_a_hyphen_is_still_the_text(service: Service, own_feed: str) -> None:
    seen: list[str] = []

    def spy(context: object, resolved: dict[str, object]) -> str:
        seen.append(repeated(context, resolved))  # type: ignore[arg-type]
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ticker.cli.change.repeated", spy)
        patch.setattr("sys.argv", ["ticker"])
        for name, value in environment(**at(service)).items():
            patch.setenv(name, value)
        from ticker.cli.run import run

        args = ["file", "--feed", own_feed, "--urgency", "urgent", "--", "--source 'x'"]
        assert run(args) == 0
    words = shlex.split(seen[0])
    assert words[0] == "ticker"
    receipt = json.loads(run_command(at(service), *words[1:]).printed)
    found = service.http.get(f"/v1/feeds/{own_feed}/dispatches/{receipt['id']}").json()
    assert (found["text"], found["urgency"]) == ("--source 'x'", "urgent")
    assert len(service.snapshot(own_feed)["dispatches"]) == 1


@pytest.fixture
def own_feed(service: Service) -> str:
    return service.open_feed()
