"""The backup drill of docs/operations.md: a service is restored into an empty one, by the commands as they stand."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from redis.exceptions import RedisError

from tests.faults.processes import FLAGS, command
from tests.servers import free_port
from tests.service import Service, environment
from tests.test_docs import OPERATIONS, blocks, section

COPY, SERVE_COPY, SNAPSHOT, RESTORE, EXPORT, IMPORT = blocks(section(OPERATIONS, "Backup"), "sh")

VOLATILE: Final = ("at", "watching", "since", "used", "issued")
"""Members that tell of now; the key of TICKER_ADMIN_KEY is issued at each start."""

ADMIN: Final = "tk_" + "b" * 32


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


class Newsroom:
    """All that a service can have to lose."""

    def __init__(self, service: Service) -> None:
        http = service.http
        feeds: dict[str, dict[str, Any]] = {
            "es": {"language": "es", "edition_of": "breaking", "timezone": "Europe/Madrid"},
            "desk-only": {"visibility": "private", "two_person_flash": True},
            "archive": {"visibility": "unlisted", "origins": ["https://news.example"]},
        }
        for name, settings in feeds.items():
            assert http.post("/v1/feeds", json={"name": name, "title": name.upper(), **settings}).status_code == 201
            service.until(lambda name=name: http.get(f"/v1/feeds/{name}").status_code == 200)
        bound = {"feeds": ["breaking"], "rate": 100}
        self.keys = {
            role: http.post("/v1/keys", json={"name": role, "role": role, **(bound if role == "correspondent" else {})})
            for role in ("correspondent", "editor", "admin")
        }
        revoked = http.post("/v1/keys", json={"name": "gone", "role": "editor"}).json()
        assert http.delete(f"/v1/keys/{revoked['id']}").status_code == 204
        self.revoked = revoked["key"]
        self.mine = {"authorization": f"Bearer {self.keys['correspondent'].json()['key']}"}
        base = "/v1/feeds/breaking/dispatches"
        self.filing: dict[str, Any] = {
            "json": {"text": "Bridge closed", "source": "Police", "sections": ["Transport"], "story": "bridge"},
            "headers": self.mine | {"idempotency-key": "once"},
        }
        self.receipt = http.post(base, **self.filing).json()
        id = self.receipt["id"]
        http.patch(f"{base}/{id}", json={"text": "Bridge open", "note": "It was"}, headers={"if-match": "*"})
        killed = service.file("breaking", "A libel", sections=["Gossip"])["id"]
        http.post(f"{base}/{killed}/kill", json={"reason": "untrue"})
        http.put("/v1/feeds/breaking/pin", json={"id": id})
        http.put("/v1/feeds/es/air", json={"on": False})
        service.file("es", "Puente abierto", edition_of=f"breaking/{id}")
        service.file("desk-only", "A flash", urgency="flash")
        service.file("archive", "The last one")
        assert http.delete("/v1/feeds/archive").status_code == 200
        self.held = service.file("breaking", "To come", release_at=soon(86_400))["id"]
        spiked = service.file("breaking", "Never to come", release_at=soon(86_400))["id"]
        http.delete(f"/v1/feeds/breaking/held/{spiked}")
        self.dispatches = {"breaking": [id, killed]}
        for filed in (id, killed):  # each is reported on its own, and a report that is whole changes no more
            service.until(lambda filed=filed: self._whole(http.get(f"{base}/{filed}/receipt").json()))
        self.position = service.snapshot("breaking")["position"]

    @staticmethod
    def _whole(report: dict[str, Any]) -> bool:
        return bool(report["unreported"] == 0 and report["kept_exact"])

    def seen(self, service: Service) -> dict[str, Any]:
        """Everything that readers, the desk and admins can ask for."""
        paths = ["/v1/feeds", "/v1/keys"]
        for feed in ("breaking", "es", "desk-only", "archive"):
            paths += [f"/v1/feeds/{feed}{rest}" for rest in ("", "/dispatches", "/labels", "/held", "/audit")]
            paths += [f"/v1/feeds/{feed}/dispatches/{id}" for id in self.dispatches.get(feed, [])]
            paths += [f"/v1/feeds/{feed}/dispatches/{id}/receipt" for id in self.dispatches.get(feed, [])]
        found: dict[str, Any] = {}
        for path in paths:
            response = service.http.get(path)
            if path.endswith("/audit"):
                found[path] = [response.status_code, response.text]
            else:
                found[path] = [response.status_code, _lasting(response.json())]
        for path, name in (("/v1/feeds", "feeds"), ("/v1/keys", "keys")):
            found[path][1][name].sort(key=str)
        return found

    def goes_on(self, service: Service) -> None:
        """A restored service takes up where the other was."""
        again = service.http.post("/v1/feeds/breaking/dispatches", **self.filing)
        assert (again.status_code, again.headers.get("idempotent-replayed")) == (201, "true")
        assert again.json()["position"] == self.receipt["position"]
        changes = service.http.get(f"/v1/feeds/breaking/changes?after={self.position}")
        assert changes.status_code == 204, "a reader resumes where it was"
        revoked = {"authorization": f"Bearer {self.revoked}"}
        assert (
            service.http.post("/v1/feeds/breaking/dispatches", json={"text": "a"}, headers=revoked).status_code == 401
        )
        released = service.http.post(f"/v1/feeds/breaking/held/{self.held}/release")
        assert released.status_code == 201, released.text
        assert service.snapshot("breaking")["dispatches"][0]["text"] == "To come"


def _lasting(value: Any) -> Any:
    """Return JSON without what tells of now."""
    if isinstance(value, dict):
        return {name: _lasting(member) for name, member in value.items() if name not in VOLATILE}
    return [_lasting(each) for each in value] if isinstance(value, list) else value


def run(commands: str, folder: Path, **variables: str) -> str:
    """Run commands of the manual, as an operator would who stops at the first that fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", commands],
        cwd=folder,
        env=environment() | {"PATH": path} | variables,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, (commands, done.stdout, done.stderr)
    return done.stdout


def test_a_copy_of_the_data_directory_is_the_whole_service(tmp_path: Path) -> None:
    with Service(tmp_path / "ticker-data", admin_key=ADMIN) as service:
        newsroom = Newsroom(service)
        before = newsroom.seen(service)
    run(COPY, tmp_path)
    shutil.rmtree(tmp_path / "ticker-data")
    printed = run(SERVE_COPY, tmp_path)
    assert all(feed in printed for feed in ("breaking", "es", "desk-only", "archive"))
    with Service(tmp_path / "restored", admin_key=ADMIN) as restored:
        assert newsroom.seen(restored) == before
        newsroom.goes_on(restored)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A Redis with AOF, as the manual asks for, and a free port for the one that is restored."""
    port, new = free_port(), free_port()
    (tmp_path / "old").mkdir()
    program = shutil.which("redis-server")
    assert program is not None, "redis-server is needed: apt-get install redis-server"
    old = subprocess.Popen(
        [program, "--port", str(port), "--dir", str(tmp_path / "old"), *FLAGS], stdout=subprocess.DEVNULL
    )
    try:
        yield f"redis://127.0.0.1:{port}", new
    finally:
        old.kill()
        old.wait()
        _end(new)


def _end(port: int) -> None:
    """End the Redis on a port, if one was started there."""
    with contextlib.suppress(RedisError, OSError):
        pid = asyncio.run(command(f"redis://127.0.0.1:{port}", "INFO", "server"))["process_id"]
        os.kill(pid, signal.SIGKILL)


def test_a_snapshot_of_a_redis_is_the_whole_service(tmp_path: Path, servers: tuple[str, int]) -> None:
    address, port = servers
    with Service(tmp_path / "none", admin_key=ADMIN, redis_url=address) as service:
        newsroom = Newsroom(service)
        before = newsroom.seen(service)
        run(SNAPSHOT, tmp_path, TICKER_REDIS_URL=address)  # while it runs
        late = service.file("breaking", "Filed after the backup")["position"]
    assert (tmp_path / "backup.rdb").stat().st_mode & 0o077 == 0
    run(RESTORE, tmp_path, NEW_PORT=str(port))
    with Service(tmp_path / "none", admin_key=ADMIN, redis_url=f"redis://127.0.0.1:{port}") as restored:
        assert not any("appendonly" in line or "appendfsync" in line for line in restored.errors), restored.errors
        assert newsroom.seen(restored) == before
        frames = restored.http.get(f"/v1/feeds/breaking/changes?after={late}").json()["frames"]
        assert (frames[0]["type"], frames[0]["reset"]) == ("snapshot", True), "what was lost is not resumed"
        newsroom.goes_on(restored)
    assert any((tmp_path / "restored-redis" / "appendonlydir").iterdir()), "it is on disk from now on"


def test_exports_bring_every_feed_into_another_service(tmp_path: Path, servers: tuple[str, int]) -> None:
    address, _ = servers
    with Service(tmp_path / "none", admin_key=ADMIN, redis_url=address) as service:
        newsroom = Newsroom(service)
        before = newsroom.seen(service)
        run(EXPORT, tmp_path, TICKER_REDIS_URL=address)
    assert {file.stem for file in (tmp_path / "feeds").iterdir()} == {"breaking", "es", "desk-only", "archive"}
    with Service(tmp_path / "new", admin_key=ADMIN) as other:
        run(IMPORT, tmp_path, NEW_REDIS_URL=f"unix://{tmp_path}/new/valkey.sock")
        for feed in ("archive", "breaking", "desk-only", "es"):
            [_, snapshot] = before[f"/v1/feeds/{feed}"]
            other.until(
                lambda path=f"/v1/feeds/{feed}", to=snapshot["position"]: (
                    other.http.get(path).json().get("position") == to
                )
            )
        after = newsroom.seen(other)
        same = [path for path in before if not path.endswith(("/held", "/receipt", "/audit")) and path != "/v1/keys"]
        assert {path: after[path] for path in same} == {path: before[path] for path in same}
        assert other.http.get("/v1/feeds/breaking/held").json()["held"] == [], "these are not part of an export"
        with httpx.Client(base_url=other.url, headers=newsroom.mine) as unknown:
            assert unknown.post("/v1/feeds/breaking/dispatches", json={"text": "a"}).status_code == 401
