"""Lives of dispatches, one scripted and many random: every view of a feed agrees with a plain model of it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service import Page, Reader, Service
from ticker.dispatch import rfc3339

WAYS = ["websocket", "sse"]
SECRET = "Xanthippe-of-the-eastern-quay"


class Newsroom:
    """A plain model of a feed after some changes, as PROTOCOL.md describes them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.feed = service.open_feed()
        self.path = f"/v1/feeds/{self.feed}"
        self.dispatches: dict[str, dict[str, Any]] = {}
        self.pinned: str | None = None
        self.on = True
        self.positions = [service.snapshot(self.feed)["position"]]

    def _kept(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.is_success, answer.text
        receipt: dict[str, Any] = answer.json()
        self.positions.append(receipt["position"])
        return receipt

    def file(self, text: str, **fields: Any) -> str:
        receipt = self._kept(self.service.http.post(self.path + "/dispatches", json={"text": text, **fields}))
        self.dispatches[receipt["id"]] = {"text": text, "revision": 1, "status": "usable", **fields}
        return str(receipt["id"])

    def hold_and_release(self, text: str) -> str:
        held = self.service.http.post(
            self.path + "/dispatches",
            json={"text": text, "release_at": rfc3339(datetime.now(UTC) + timedelta(hours=1))},
        )
        receipt = self._kept(self.service.http.post(held.headers["location"] + "/release"))
        self.dispatches[receipt["id"]] = {"text": text, "revision": 1, "status": "usable"}
        return str(receipt["id"])

    def correct(self, id: str, **changes: Any) -> None:
        line = self.dispatches[id]
        match = {"if-match": f'"{line["revision"]}"'}
        answer = self.service.http.patch(f"{self.path}/dispatches/{id}", json=changes, headers=match)
        if line["status"] == "killed":
            assert answer.status_code == 410
            return
        self._kept(answer)
        line.update(changes, revision=line["revision"] + 1)

    def kill(self, id: str, reason: str) -> None:
        line = self.dispatches[id]
        answer = self.service.http.post(f"{self.path}/dispatches/{id}/kill", json={"reason": reason})
        if line["status"] == "killed":
            assert answer.status_code == 410
            return
        self._kept(answer)
        self.dispatches[id] = {"revision": line["revision"] + 1, "status": "killed", "reason": reason}

    def pin(self, id: str | None) -> None:
        if id is not None and self.dispatches[id]["status"] == "killed":
            assert self.service.http.put(self.path + "/pin", json={"id": id}).status_code == 410
            return
        method = "DELETE" if id is None else "PUT"
        self._kept(self.service.http.request(method, self.path + "/pin", json=None if id is None else {"id": id}))
        self.pinned = id

    def air(self, on: bool) -> None:  # noqa: FBT001
        self._kept(self.service.http.put(self.path + "/air", json={"on": on}))
        self.on = on

    # Views

    def seen(self, served: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Of dispatches as served, the fields that the model has."""
        return {
            each["id"]: {name: each[name] for name in self.dispatches[each["id"]] if name in each} for each in served
        }

    def check_newest(self, served: list[dict[str, Any]]) -> None:
        newest = sorted(self.dispatches, reverse=True)[:20]
        assert [each["id"] for each in served[: len(newest)]] == newest
        assert self.seen(served[: len(newest)]) == {id: self.dispatches[id] for id in newest}

    def check(self) -> None:
        """Compare everything that can be requested."""
        snapshot = self.service.snapshot(self.feed)
        self.service.until(lambda: self.service.snapshot(self.feed)["position"] == self.positions[-1])
        snapshot = self.service.snapshot(self.feed)
        self.check_newest(snapshot["dispatches"])
        assert (snapshot["pinned"], snapshot["air"]["on"]) == (self.pinned, self.on)
        history: list[dict[str, Any]] = []
        path = self.path + "/dispatches?limit=7"
        while path:
            answer = self.service.http.get(path)
            history += answer.json()["dispatches"]
            path = answer.links["next"]["url"] if "next" in answer.links else ""
        assert [line["id"] for line in history] == sorted(self.dispatches, reverse=True)
        assert self.seen(history) == self.dispatches
        for id, line in self.dispatches.items():
            answer = self.service.http.get(f"{self.path}/dispatches/{id}")
            alone = answer.json()["dispatch"] if line["status"] == "killed" else answer.json()
            assert answer.status_code == (410 if line["status"] == "killed" else 200)
            assert self.seen([alone])[id] == line

    def check_resumed(self, index: int) -> None:
        """Resume after the first `index` changes: that page ends up as all others."""
        with self.service.websocket(self.feed, self.positions[index]) as connection:
            page = Page()
            page.position = self.positions[index]
            while page.position != self.positions[-1] or not page.frames:
                page.take(orjson.loads(connection.recv(timeout=20)))
        assert page.resets == 0
        for id, line in self.seen(list(page.lines.values())).items():
            assert line == self.dispatches[id]


text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf"]), min_size=1).filter(
    lambda text: text == text.strip() and text.strip()
)
number = st.integers(0, 40)
change = st.one_of(
    st.tuples(st.just("file"), text),
    st.tuples(st.just("hold_and_release"), text),
    st.tuples(st.just("correct"), number, text),
    st.tuples(st.just("kill"), number, text),
    st.tuples(st.just("pin"), st.none() | number),
    st.tuples(st.just("air"), st.booleans()),
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(change, min_size=5, max_size=45), st.lists(st.integers(0, 1000), min_size=1, max_size=3))
def test_all_readers_agree_on_any_life(service: Service, changes: list[Any], places: list[int]) -> None:
    room = Newsroom(service)
    with ExitStack() as stack:
        readers = [stack.enter_context(Reader(service, room.feed, way=way)) for way in WAYS]
        for reader in readers:
            reader.until(lambda page: page.position)
        for name, *said in changes:
            if name in ("correct", "kill", "pin") and said[0] is not None:
                if not room.dispatches:
                    continue
                said[0] = list(room.dispatches)[said[0] % len(room.dispatches)]
            room.correct(said[0], text=said[1]) if name == "correct" else getattr(room, name)(*said)
        for reader in readers:
            reader.until(lambda page: page.position == room.positions[-1])
            room.check_newest(reader.page.newest)
        room.check()
        for place in places:
            room.check_resumed(place % len(room.positions))


@pytest.mark.parametrize("also", ["", "-ar"])
def test_a_dispatch_corrected_twice_pinned_and_killed_is_right_everywhere(service: Service, also: str) -> None:
    """And its killed text is in no public byte."""
    room = Newsroom(service)
    secret = SECRET + also
    with ExitStack() as stack:
        readers = [stack.enter_context(Reader(service, room.feed, way=way)) for way in WAYS]
        for reader in readers:
            reader.until(lambda page: page.position)
        room.file("before")
        id = room.file(f"{secret} one", source=f"{secret} himself", sections=["World"], story="quay")
        room.correct(id, text=f"{secret} two", note=f"not {secret} one")
        room.correct(id, text=f"{secret} three")
        room.pin(id)
        room.file("after")
        room.kill(id, "It was wrong")
        for reader in readers:
            reader.until(lambda page: page.position == room.positions[-1])
            room.check_newest(reader.page.newest)
        room.check()
        for index in range(len(room.positions)):
            room.check_resumed(index)
    public = _every_public_byte(service, room, id)
    assert b"It was wrong" in public
    assert secret.encode() not in public
    audit = [orjson.loads(line) for line in service.http.get(room.path + "/audit").content.splitlines()]
    assert [change["kind"] for change in audit] == ["file", "file", "correct", "correct", "pin", "file", "kill"]
    assert audit[-1]["before"]["text"] == f"{secret} three", "an editor can still see what was withdrawn"
    assert all(change["by"] == "admin" for change in audit)


def _every_public_byte(service: Service, room: Newsroom, id: str) -> bytes:
    feed = room.feed
    paths = ["/", "/v1/feeds", room.path, room.path + "/dispatches", room.path + "/labels", f"/feeds/{feed}"]
    paths += [
        f"{room.path}/dispatches?section=World",
        f"{room.path}/dispatches?story=quay",
        f"/feeds/{feed}/stories/quay",
    ]
    paths += [f"{room.path}/dispatches/{each}" for each in room.dispatches]
    paths += [f"/feeds/{feed}/{each}" for each in room.dispatches]
    paths += [f"{room.path}/dispatches/{id}/receipt", room.path + "/held", room.path + "/audit", "/metrics"]
    public = b""
    with httpx.Client(base_url=service.url, timeout=20) as nobody:
        for path in paths:
            public += nobody.get(path).content
        for position in [None, *room.positions]:
            query = f"?after={position}" if position else ""
            headers = {"accept": "text/event-stream"}
            with nobody.stream("GET", f"{room.path}/live{query}", headers=headers) as answer:
                for line in answer.iter_lines():
                    public += line.encode()
                    if line == "event: beat":
                        break
            with service.websocket(feed, position) as connection:
                while orjson.loads(frame := str(connection.recv(timeout=20)))["type"] != "beat":
                    public += frame.encode()
    return public
