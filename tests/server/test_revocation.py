"""A key is revoked while the body of its request is still on the way: nothing comes of that request, on any worker."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.service import Service

TIMEOUT = 20.0
NEVER = "never-opened"


class Trickled:
    """A request whose head and the beginning of whose body are sent; the rest follows on demand."""

    def __init__(self, service: Service, method: str, path: str, body: Any, **headers: str) -> None:
        content = json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(content)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._rest = content[1:]
        self._socket = socket.create_connection(("127.0.0.1", service.port), TIMEOUT)
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + content[:1])

    def finish(self) -> tuple[int, dict[str, Any]]:
        """Send the rest; return the status and the body of the response."""
        with self._socket, self._socket.makefile("rb") as response:
            with suppress(OSError):  # it may be answered already
                for number in range(len(self._rest)):
                    self._socket.sendall(self._rest[number : number + 1])
            head, _, content = response.read().partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(content)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("s"), "--workers", "2") as running:
        yield running


def _state(service: Service, feed: str) -> list[Any]:
    """All that a request here could change. Of other feeds, one worker knows sooner than the other."""
    feeds = [
        {name: value for name, value in each.items() if name not in ("watching", "position")}
        for each in service.http.get("/v1/feeds").json()["feeds"]
        if each["name"] in (feed, NEVER)
    ]
    keys = [(key["id"], key["role"]) for key in service.http.get("/v1/keys").json()["keys"]]
    held = service.http.get(f"/v1/feeds/{feed}/held").json()["held"]
    audit = service.http.get(f"/v1/feeds/{feed}/audit").text.splitlines()
    return [feeds, sorted(keys), held, audit]


REQUESTS: dict[str, tuple[str, str, Any]] = {
    "file": ("POST", "/v1/feeds/{feed}/dispatches", {"text": "by a revoked key"}),
    "hold": ("POST", "/v1/feeds/{feed}/dispatches", {"text": "x", "release_at": "{soon}"}),
    "correct": ("PATCH", "/v1/feeds/{feed}/dispatches/{id}", {"text": "y"}),
    "kill": ("POST", "/v1/feeds/{feed}/dispatches/{id}/kill", {"reason": "r"}),
    "pin": ("PUT", "/v1/feeds/{feed}/pin", {"id": "{id}"}),
    "air": ("PUT", "/v1/feeds/{feed}/air", {"on": False}),
    "spike": ("DELETE", "/v1/feeds/{feed}/held/{held}", {"reason": "r"}),
    "edit a held dispatch": ("PATCH", "/v1/feeds/{feed}/held/{held}", {"text": "y"}),
    "open a feed": ("POST", "/v1/feeds", {"name": NEVER}),
    "edit a feed": ("PATCH", "/v1/feeds/{feed}", {"title": "never shown"}),
    "issue a key": ("POST", "/v1/keys", {"name": "never issued", "role": "admin"}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_let_in_before_its_key_was_revoked_changes_nothing(service: Service, name: str) -> None:
    feed = service.open_feed()
    soon = _in_an_hour()
    held = service.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "h", "release_at": soon}).json()
    names = {"feed": feed, "soon": soon, "held": held["id"], "id": service.file(feed, "x")["id"]}
    method, path, body = REQUESTS[name]
    body = {key: value.format(**names) if isinstance(value, str) else value for key, value in body.items()}
    issued = service.http.post("/v1/keys", json={"name": "Mona", "role": "admin"}).json()
    before = _state(service, feed)
    headers = {"Authorization": f"Bearer {issued['key']}", "If_Match": "*", "Content_Type": "application/json"}
    trickled = Trickled(service, method, path.format(**names), body, **headers)
    service.until(lambda: _was_used(service, issued["id"]))
    assert service.http.delete(f"/v1/keys/{issued['id']}").status_code == 204
    status, problem = trickled.finish()
    assert (status, problem["type"], problem["field"]) == (401, "urn:ticker:problem:unauthorized", "Authorization")
    before[1].remove((issued["id"], "admin"))
    assert _state(service, feed) == before

    issued = service.http.post("/v1/keys", json={"name": "Luis", "role": "admin"}).json()
    headers["Authorization"] = f"Bearer {issued['key']}"
    status, _ = Trickled(service, method, path.format(**names), body, **headers).finish()
    assert status in (200, 201), "a key that is not revoked may be as slow"


def _was_used(service: Service, id: str) -> bool:
    """The request is let in: that is when the use of its key is noted."""
    return any(key["id"] == id and key["used"] for key in service.http.get("/v1/keys").json()["keys"])


def _in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()
