"""The data directory: made by what serves it alone, closed to other users, and whatever its name."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.command import Ended, Following, Here, at, run_command
from tests.service import READY_TIMEOUT, Service
from ticker.journal.embedded import binary

READING = [
    ["keys", "list"],
    ["keys", "add", "--role", "admin", "--name", "Night desk"],
    ["keys", "revoke", "x"],
    ["feeds", "list"],
    ["feeds", "add", "sport"],
    ["verify"],
    ["export", "breaking"],
]


def _is_clear(ended: Ended, data: str) -> None:
    assert f"there is no log in {data} yet" in ended.complaint
    assert "ticker serve --data" in ended.complaint


@pytest.mark.parametrize("args", READING, ids=" ".join)
def test_a_command_that_looks_makes_no_log(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _is_clear(here({}, *args), "ticker-data")
    _is_clear(here({}, *args, "--data", "there"), "there")
    _is_clear(here({"data": "there"}, *args), "there")
    (tmp_path / "empty").mkdir()
    _is_clear(here({}, *args, "--data", "empty"), "empty")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert not list((tmp_path / "empty").iterdir())


def test_a_redis_that_is_only_looked_at_stays_as_it_is(here: Here, redis_url: str) -> None:
    assert here({}, "feeds", "list", "--redis", redis_url).printed == ""
    assert here({}, "keys", "list", "--redis", redis_url).printed == ""
    assert "no feed in this log" in here({}, "verify", "--redis", redis_url).complaint
    assert "nowhere" in here({}, "export", "nowhere", "--redis", redis_url).complaint


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis that nothing was ever written to."""
    address = tmp_path / "redis.sock"
    command = [binary(), "--port", "0", "--unixsocket", str(address), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + READY_TIMEOUT
        while not address.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        yield f"unix://{address}"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(address))
            connection.sendall(b"DBSIZE\r\n")
            assert connection.recv(100) == b":0\r\n"
        server.terminate()


@pytest.mark.parametrize("args", [["verify"], ["export", "breaking"], ["import", "x.ndjson"]], ids=" ".join)
@pytest.mark.parametrize("settings", [{"url": "http://127.0.0.1:8000"}, {"key": "tk_x"}], ids=str)
def test_what_needs_the_log_itself_says_so_when_a_service_is_named(
    service: Service,
    here: Here,
    args: list[str],
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    # Even where a data directory is at hand: it may be another service's.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ticker-data").symlink_to(service.data)
    printed = here(settings, *args).complaint
    assert f"TICKER_{next(iter(settings)).upper()} names a service" in printed
    assert f"{args[0]} needs the log itself" in printed
    if args[0] == "verify":
        assert here(settings, *args, "--data", str(service.data)).printed.startswith("breaking: ")
        assert here(settings | {"data": str(service.data)}, *args).printed.startswith("breaking: ")


def test_the_first_key_is_made_beside_the_service_that_runs(service: Service, here: Here) -> None:
    key = here(
        {}, "keys", "add", "--role", "admin", "--name", "Night desk", "--data", str(service.data)
    ).printed.strip()
    assert json.loads(here(at(service, key), "file", "one").printed)["revision"] == 1


def _open_to_others(data: Path) -> list[str]:
    """What other users could read in a directory, and the directory itself."""
    return [str(path) for path in (data, *data.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_what_the_service_makes_is_its_owners_alone(tmp_path: Path, here: Here) -> None:
    data = tmp_path / "data"
    before = os.umask(0)
    try:
        with Service(data) as service:
            service.file("breaking", "one")
            service.file("breaking", "two", release_at="2027-01-01T00:00:00Z")
            assert _open_to_others(data) == []
            export = tmp_path / "breaking.ndjson"
            here({}, "export", "breaking", "--to", str(export), "--data", str(data))
            assert stat.S_IMODE(export.stat().st_mode) == 0o600, "killed text is in an export"
            assert service.errors == []
    finally:
        os.umask(before)


def test_a_directory_that_others_could_read_is_closed_and_that_is_said_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Service(data) as service:
        service.file("breaking", "one")
    data.chmod(0o755)
    for path in data.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with Service(data) as service:
        assert _open_to_others(data) == []
        assert [feed["name"] for feed in service.http.get("/v1/feeds").json()["feeds"]] == ["breaking"]
        assert len(service.snapshot("breaking")["dispatches"]) == 1
    [line] = service.errors
    assert line.endswith(f" warning: other users could read {data}; now only its owner can\n")
    with Service(data) as service:
        pass
    assert service.errors == []


def test_a_fresh_directory_that_was_made_open_is_closed_too(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    with Service(data) as service:
        assert _open_to_others(data) == []
    assert len(service.errors) == 1


@pytest.mark.parametrize("mode", [0o1777, 0o755])
def test_a_directory_of_other_things_stays_open_and_what_is_made_in_it_does_not(tmp_path: Path, mode: int) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "others").write_text("x")
    (data / "others").chmod(0o644)
    data.chmod(mode)
    with Service(data) as service:
        service.file("breaking", "one")
        assert _open_to_others(data) == [str(data), str(data / "others")]
        assert stat.S_IMODE(data.stat().st_mode) == mode


@pytest.mark.parametrize("name", ['a "b" c\\d #e?f%20g% $h `i` [j]\'&=', " new\nline\t ", "-a:b@أخبار"])
def test_the_name_of_a_directory_may_be_anything(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    data = tmp_path_factory.mktemp("n") / name  # a socket's path has 107 bytes at most
    with Service(data) as service:
        service.file("breaking", "one")
        key = run_command({}, "keys", "add", "--role", "editor", "--name", "x", "--data", str(data)).printed.strip()
        assert service.http.get("/v1/feeds", headers={"authorization": f"Bearer {key}"}).status_code == 200
    with Service(data) as service:  # it is still there
        assert len(service.snapshot("breaking")["dispatches"]) == 1
    assert run_command({}, "verify", "--data", str(data)).printed.startswith("breaking: 1 entry")
    assert service.errors == []


@pytest.mark.parametrize("name", ["-x", 'new\nline "q"'])
def test_a_relative_name_may_be_anything_too(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TICKER_DATA", name)
    with Following("serve", "--port", "0", data=name, drain="0") as serve:
        while not serve.lines and serve.process.poll() is None:
            pass
        url = serve.lines[0].split()[-1]
        assert httpx.get(f"{url}/readyz").status_code == 200
        assert serve.end() == 0
    assert (serve.errors, (tmp_path / name / "appendonlydir").is_dir()) == ([], True)
