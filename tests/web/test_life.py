"""What becomes of a filed line over HTTP: corrected, killed, pinned; and the feed's on-air switch."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
import pytest

from tests.service import Reader, Service


def _path(feed: str, id: str) -> str:
    return f"/v1/feeds/{feed}/dispatches/{id}"


def _correct(service: Service, feed: str, id: str, match: str | None = "*", /, **changes: Any) -> httpx.Response:
    headers = {} if match is None else {"if-match": match}
    return service.http.patch(_path(feed, id), json=changes, headers=headers)


def _kill(service: Service, feed: str, id: str, reason: str = "It was wrong") -> httpx.Response:
    return service.http.post(_path(feed, id) + "/kill", json={"reason": reason})


def test_a_correction_changes_what_it_names_and_keeps_the_rest(service: Service) -> None:
    feed = service.open_feed()
    filed = service.file(feed, "Forty firefighters", source="Civil Defence", urgency="urgent", places=["Pier 7"])
    answer = _correct(service, feed, filed["id"], '"1"', text="Sixty firefighters", note="The number", places=[])
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    receipt = answer.json()
    assert (receipt["id"], receipt["revision"]) == (filed["id"], 2)
    assert receipt["position"].startswith("2-")
    found = service.http.get(_path(feed, filed["id"])).json()
    assert (found["text"], found["note"], found["source"]) == ("Sixty firefighters", "The number", "Civil Defence")
    assert (found["urgency"], found["revision"], found["status"]) == ("urgent", 2, "usable")
    assert "places" not in found
    assert found["filed"] == filed["filed"]
    assert found["updated"] == receipt["updated"] >= filed["filed"]


def test_what_was_answered_is_seen_at_once(service: Service) -> None:
    feed = service.open_feed()
    for number in range(30):
        filed = service.file(feed, str(number))
        assert service.snapshot(feed)["position"] == filed["position"]
        _correct(service, feed, filed["id"], text=f"{number}!")
        assert service.snapshot(feed)["dispatches"][0]["text"] == f"{number}!"
        _kill(service, feed, filed["id"])
        assert service.snapshot(feed)["dispatches"][0]["status"] == "killed"


def test_a_note_belongs_to_its_own_revision(service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "one")["id"]
    assert _correct(service, feed, id, text="two", note="Counted again").status_code == 200
    assert _correct(service, feed, id, text="three").status_code == 200
    assert "note" not in service.http.get(_path(feed, id)).json()


@pytest.mark.parametrize("match", ['"1"', "1", 'W/"1"', "*"])
def test_if_match_names_the_revision_in_every_usual_form(service: Service, match: str) -> None:
    feed = service.open_feed()
    assert _correct(service, feed, service.file(feed, "one")["id"], match, text="two").status_code == 200


def test_a_correction_without_if_match_is_asked_for_it(service: Service) -> None:
    feed = service.open_feed()
    answer = _correct(service, feed, service.file(feed, "one")["id"], None, text="two")
    assert (answer.status_code, answer.json()["field"]) == (428, "If-Match")


@pytest.mark.parametrize("match", ["two", '""', "-1", "1.0"])
def test_an_if_match_that_was_never_an_etag_here_is_refused(service: Service, match: str) -> None:
    feed = service.open_feed()
    answer = _correct(service, feed, service.file(feed, "one")["id"], match, text="two")
    assert (answer.status_code, answer.json()["field"]) == (400, "If-Match")


def test_of_two_corrections_of_one_revision_the_second_gets_412(service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "one")["id"]
    assert _correct(service, feed, id, '"1"', text="two").status_code == 200
    answer = _correct(service, feed, id, '"1"', text="zwei")
    assert (answer.status_code, answer.json()["field"], answer.json()["revision"]) == (412, "If-Match", 2)
    assert service.http.get(_path(feed, id)).json()["text"] == "two"


def test_of_ten_corrections_at_once_exactly_one_is_taken(service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "one")["id"]
    with ThreadPoolExecutor(10) as desk:
        answers = list(desk.map(lambda n: _correct(service, feed, id, '"1"', text=f"version {n}"), range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": None}, "text"),
        ({"urgency": None}, "urgency"),
        ({"urgency": "high"}, "urgency"),
        ({"link": "javascript:x"}, "link"),
        ({"note": "two\nlines"}, "note"),
        ({"revision": 7}, "revision"),
        ({"headline": "x"}, "headline"),
    ],
)
def test_a_correction_that_breaks_a_rule_is_refused_by_name(service: Service, changes: Any, field: str) -> None:
    feed = service.open_feed()
    id = service.file(feed, "one")["id"]
    answer = _correct(service, feed, id, **changes)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert service.http.get(_path(feed, id)).json()["revision"] == 1


def test_a_dispatch_that_is_not_in_the_feed_is_not_found_there(service: Service) -> None:
    feed, other = service.open_feed(), service.open_feed()
    elsewhere = service.file(other, "one")["id"]
    for id in (elsewhere, "01m822h2eq00000001nsyq3q8w", "x%20y"):
        asked = [
            service.http.get(_path(feed, id)),
            _correct(service, feed, id, text="two"),
            _kill(service, feed, id),
        ]
        assert [answer.status_code for answer in asked] == [404] * 3
    assert service.http.put(f"/v1/feeds/{feed}/pin", json={"id": elsewhere}).status_code == 404


def test_a_killed_dispatch_is_gone_and_its_tombstone_has_the_reason(service: Service) -> None:
    feed = service.open_feed()
    filed = service.file(feed, "one")
    answer = _kill(service, feed, filed["id"])
    assert answer.status_code == 200
    receipt = answer.json()
    found = service.http.get(_path(feed, filed["id"]), headers={"if-none-match": '"1"'})
    assert found.status_code == 410
    assert found.headers["content-type"] == "application/problem+json"
    tombstone = found.json()["dispatch"]
    assert tombstone == {
        "id": filed["id"],
        "filed": filed["filed"],
        "updated": receipt["updated"],
        "revision": 2,
        "status": "killed",
        "reason": "It was wrong",
    }
    service.until(lambda: service.snapshot(feed)["dispatches"] == [tombstone])
    again = [
        _kill(service, feed, filed["id"]),
        _correct(service, feed, filed["id"], text="two"),
        service.http.put(f"/v1/feeds/{feed}/pin", json={"id": filed["id"]}),
    ]
    assert [(answer.status_code, answer.json()["dispatch"]) for answer in again] == [(410, tombstone)] * 3


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "two\nlines"}, {"reason": "x" * 301}, {"reason": None}]
)
def test_a_kill_needs_a_reason_of_one_line(service: Service, body: dict[str, Any]) -> None:
    feed = service.open_feed()
    id = service.file(feed, "one")["id"]
    answer = service.http.post(_path(feed, id) + "/kill", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "reason")
    assert service.http.get(_path(feed, id)).status_code == 200


def bytes_of_live(service: Service, feed: str, after: str, last: str, way: str) -> bytes:
    """Everything a reader is sent who resumes after one position, up to the beat at another."""
    received, deadline = b"", time.monotonic() + 30
    if way == "websocket":
        with service.websocket(feed, after) as connection:
            while time.monotonic() < deadline:
                frame = connection.recv(timeout=30, decode=False)
                received += frame
                said = orjson.loads(frame)
                if said["type"] == "beat" and said["position"] == last:
                    return received
    headers = {"accept": "text/event-stream", "last-event-id": after}
    with httpx.stream("GET", f"{service.url}/v1/feeds/{feed}/live", headers=headers, timeout=30) as answer:
        for chunk in answer.iter_raw():
            received += chunk
            if received.endswith(b"\n\n") and b"event: beat\nid: " + last.encode() in received:
                return received
            if time.monotonic() > deadline:
                break
    raise AssertionError(f"there was no beat at {last} in time: {received!r}")


def test_the_text_of_a_killed_dispatch_is_in_no_public_byte(service: Service) -> None:
    feed = service.open_feed()
    service.file(feed, "before")
    start = service.snapshot(feed)["position"]
    fields = {"byline": "UNSAID 2", "sections": ["UNSAID 3"], "places": ["UNSAID 4"], "link": "https://unsaid.example/"}
    id = service.file(feed, "UNSAID 0", source="UNSAID 1", story="unsaid", **fields)["id"]
    assert _correct(service, feed, id, text="UNSAID 5", note="UNSAID 6").status_code == 200
    after = service.file(feed, "after")["position"]
    public = [f"/v1/feeds/{feed}", f"/v1/feeds/{feed}/dispatches", _path(feed, id), f"/feeds/{feed}"]
    public += [f"/feeds/{feed}/{id}", f"/v1/feeds/{feed}/dispatches?section=UNSAID%203", "/v1/feeds", "/metrics"]
    ways = ("websocket", "sse")
    service.until(lambda: service.snapshot(feed)["position"] == after)
    assert all(b"unsaid" in service.http.get(path).content.lower() for path in public[:6])
    assert all(b"UNSAID 0" in bytes_of_live(service, feed, start, after, way) for way in ways)
    last = _kill(service, feed, id, "Withdrawn by the editor").json()["position"]
    service.until(lambda: service.snapshot(feed)["position"] == last)
    told = [httpx.get(service.url + path).content for path in public]
    told += [bytes_of_live(service, feed, position, last, way) for position in (start, after) for way in ways]
    told += [bytes_of_live(service, feed, "1-000000000000", last, way) for way in ways]
    assert not any(b"unsaid" in content.lower() for content in told)
    assert all(b"Withdrawn by the editor" in content for content in told[:5] + told[8:])


def _frames(service: Service, feed: str, way: str, act: Any) -> tuple[list[dict[str, Any]], Reader]:
    """Frames that a reader gets for what `act` does, beats left out."""
    with Reader(service, feed, way=way) as reader:
        reader.until(lambda page: page.frames)
        last = act()
        reader.until(lambda page: page.position == last)
    return [frame for frame in reader.page.frames[1:] if frame["type"] != "beat"], reader


@pytest.mark.parametrize("way", ["websocket", "sse"])
def test_each_change_is_one_frame_at_the_position_of_its_receipt(service: Service, way: str) -> None:
    feed = service.open_feed()
    receipts: list[dict[str, Any]] = []

    def act() -> str:
        receipts.append(service.file(feed, "one"))
        id = receipts[0]["id"]
        pin, air = f"/v1/feeds/{feed}/pin", f"/v1/feeds/{feed}/air"
        receipts.append(_correct(service, feed, id, text="two").json())
        receipts.append(service.http.put(pin, json={"id": id}).json())
        receipts.append(service.http.delete(pin).json())
        receipts.append(service.http.put(air, json={"on": False}).json())
        receipts.append(service.http.put(air, json={"on": True, "label": "TV", "url": "https://tv.example/"}).json())
        receipts.append(_kill(service, feed, id).json())
        return str(receipts[-1]["position"])

    frames, reader = _frames(service, feed, way, act)
    assert [frame["type"] for frame in frames] == ["dispatch", "dispatch", "pin", "pin", "air", "air", "kill"]
    assert [frame["position"] for frame in frames] == [receipt["position"] for receipt in receipts]
    filed, corrected, pinned, unpinned, off, on, killed = frames
    assert (filed["dispatch"]["text"], filed["dispatch"]["revision"]) == ("one", 1)
    assert (corrected["dispatch"]["text"], corrected["dispatch"]["revision"]) == ("two", 2)
    assert (pinned["id"], unpinned["id"]) == (receipts[0]["id"], None)
    assert off["air"] == {"on": False, "label": None, "url": None}
    assert on["air"] == {"on": True, "label": "TV", "url": "https://tv.example/"}
    assert (killed["id"], killed["reason"], killed["at"]) == (
        receipts[0]["id"],
        "It was wrong",
        receipts[-1]["updated"],
    )
    assert reader.page.newest == service.snapshot(feed)["dispatches"]


def test_the_snapshot_shows_what_is_pinned_and_whether_the_feed_is_on_air(service: Service) -> None:
    feed = service.open_feed()
    assert (service.snapshot(feed)["pinned"], service.snapshot(feed)["air"]["on"]) == (None, True)
    first, second = (service.file(feed, text)["id"] for text in ("one", "two"))
    for pinned in (first, second):
        assert service.http.put(f"/v1/feeds/{feed}/pin", json={"id": pinned}).status_code == 200
        service.until(lambda shown=pinned: service.snapshot(feed)["pinned"] == shown)
    assert service.http.delete(f"/v1/feeds/{feed}/pin").status_code == 200
    service.until(lambda: service.snapshot(feed)["pinned"] is None)
    assert service.http.put(f"/v1/feeds/{feed}/air", json={"on": False, "label": "Back at six"}).status_code == 200
    service.until(lambda: service.snapshot(feed)["air"] == {"on": False, "label": "Back at six", "url": None})


@pytest.mark.parametrize(
    ("switch", "field"),
    [
        ({}, "on"),
        ({"on": "yes"}, "on"),
        ({"on": True, "url": "javascript:x"}, "url"),
        ({"on": True, "live": 1}, "live"),
    ],
)
def test_the_switch_has_its_rules_too(service: Service, switch: dict[str, Any], field: str) -> None:
    answer = service.http.put("/v1/feeds/breaking/air", json=switch)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("match", ['"1"', "*"])
def test_a_correction_sent_again_gets_the_original_answer_whatever_happened_since(service: Service, match: str) -> None:
    feed = service.open_feed()
    id = service.file(feed, "one")["id"]
    again = {"if-match": match, "idempotency-key": "mine"}

    def correct() -> httpx.Response:
        return service.http.patch(_path(feed, id), json={"text": "two"}, headers=again)

    first = correct()
    assert first.status_code == 200
    assert (correct().status_code, correct().text) == (200, first.text)
    assert _correct(service, feed, id, '"2"', source="Civil Defence").status_code == 200
    assert (correct().status_code, correct().text) == (200, first.text)
    assert _kill(service, feed, id).status_code == 200
    assert (correct().status_code, correct().text) == (200, first.text)


@pytest.mark.parametrize("path", ["/dispatches/{id}/kill", "/pin", "/air"])
def test_every_write_sent_again_with_its_key_is_answered_as_before(service: Service, path: str) -> None:
    feed = service.open_feed()
    id = service.file(feed, "one")["id"]
    method, body = {"kill": ("POST", {"reason": "x"}), "pin": ("PUT", {"id": id}), "air": ("PUT", {"on": False})}[
        path.rsplit("/", 1)[1]
    ]
    address = f"/v1/feeds/{feed}{path.replace('{id}', id)}"
    answers = [service.http.request(method, address, json=body, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    assert ["idempotent-replayed" in answer.headers for answer in answers] == [False, True]


def test_a_pinned_dispatch_is_in_the_snapshot_however_old_it_is(own_service: Service) -> None:
    service, feed = own_service, "breaking"
    old, older = (service.file(feed, text)["id"] for text in ("pinned while new", "pinned when old"))
    pin = f"/v1/feeds/{feed}/pin"

    def shown() -> tuple[str | None, str | None]:
        snapshot = service.snapshot(feed)
        line = snapshot.get("pinned_dispatch") or {}
        return line.get("id"), line.get("text")

    def restart() -> None:
        service.stop()
        service.start()

    assert service.http.put(pin, json={"id": old}).status_code == 200
    assert "pinned_dispatch" not in service.snapshot(feed), "it is among the lines"
    for number in range(25):
        service.file(feed, str(number))
    service.until(lambda: shown() == (old, "pinned while new"))
    restart()
    assert shown() == (old, "pinned while new")
    assert service.http.put(pin, json={"id": older}).status_code == 200
    service.until(lambda: shown() == (older, "pinned when old"))
    restart()
    assert shown() == (older, "pinned when old")
    assert _kill(service, feed, older).status_code == 200
    service.until(lambda: shown() == (older, None))
    restart()
    assert shown() == (older, None)
